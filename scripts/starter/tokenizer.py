"""Trains the starter model's tokenizer: byte-level BPE, 12,288 tokens, digits split, with the chat template inside.

Placeholders such as ``<PERSON_1>`` are single tokens: the model handles pseudonymised text all day, and one token is
both cheaper and safer to copy than six.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

VOCABULARY = 12_288
CONTEXT = 1024
PAD, BEGIN, END = "<|pad|>", "<|begin|>", "<|end|>"
ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
ENTITIES = (
    "PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "ORDER_ID", "TRACKING_NUMBER", "TICKET_ID", "STREET_ADDRESS", "LOCATION",
    "DATE_TIME", "DATE_OF_BIRTH", "URL", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS", "US_SSN", "PASSWORD", "API_KEY",
)  # fmt: skip
PLACEHOLDERS = tuple(f"<{entity}_{number}>" for entity in ENTITIES for number in (1, 2, 3))

# The generation marks tell a trainer which tokens are the assistant's, so that the loss is taken on answers alone.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}"
    "<|assistant|>{% generation %}{{ message['content'] | trim }}<|end|>{% endgeneration %}"
    "{% else %}"
    "{{ '<|' + message['role'] + '|>' + (message['content'] | trim) + '<|end|>' }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def train_tokenizer(texts: Iterable[str], folder: Path) -> PreTrainedTokenizerFast:
    """Trains on ``texts`` and saves a Hugging Face tokenizer into ``folder``."""
    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.NFC()
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY - len(PLACEHOLDERS),
            special_tokens=[PAD, BEGIN, END, *ROLES],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    bpe.add_tokens([AddedToken(text, special=False, normalized=False) for text in PLACEHOLDERS])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token=PAD,
        bos_token=BEGIN,
        eos_token=END,
        extra_special_tokens=list(ROLES),
        chat_template=CHAT_TEMPLATE,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.save_pretrained(folder)
    return tokenizer
