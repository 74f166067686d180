"""A small Zendesk account, its dataset, and a model that trains in seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deskhand_finetune.prepare import prepare

AGENT, CUSTOMER = 9001, 100

# peft 0.21 reads a property that transformers 5.23 renamed; ours to drop when peft follows.
RENAMED = "ignore:.*is_gradient_checkpointing. is deprecated:FutureWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.filterwarnings(RENAMED))


QUESTIONS = {
    "return": (
        "How do I send back the {thing}? It does not fit.",
        "Open the Returns Centre in your account, pick the {thing} and print the label. You have 30 days for it.",
    ),
    "parcel": (
        "Where is my {thing}? The tracking has not moved since Monday.",
        "Parcels with a {thing} take 5 working days. Please follow the link in the shipping email to see where it is.",
    ),
    "password": (
        "I cannot sign in to rate the {thing}, and the {thing} is great; the password is refused.",
        "Use the link Forgot password on the sign-in page, then rate the {thing}. The mail is valid for 1 hour.",
    ),
    "invoice": (
        "I need an invoice for the {thing} for my tax office.",
        "The invoice of the {thing} is under My orders, as a PDF. It is written on the day of dispatch.",
    ),
}
THINGS = ("tent", "lamp", "stove", "jacket", "rucksack", "kettle", "blanket", "sleeping bag", "axe", "torch",
          "hammock", "cool box", "headlamp", "bench", "pan", "mug", "knife", "parka", "pillow", "chair")  # fmt: skip


def comment(author: int, text: str, at: str, **more: Any) -> dict[str, Any]:
    """A comment as Zendesk writes it."""
    html = "".join(f"<p>{line}</p>" for line in text.split("\n\n"))
    body = {"html_body": f'<div class="zd-comment" dir="auto">{html}</div>', "plain_body": text}
    return {"author_id": author, "public": True, "created_at": at, "via": {"channel": "email"}, **body, **more}


def zendesk_ticket(number: int, **more: Any) -> dict[str, Any]:
    """A solved ticket: greeting, personal data, signature, an internal note, an answer with courtesies, thanks."""
    kind = list(QUESTIONS)[number % len(QUESTIONS)]
    asks, says = (text.format(thing=THINGS[number // 4 % len(THINGS)]) for text in QUESTIONS[kind])
    start = datetime(2025, 1, 1, 8, tzinfo=UTC) + timedelta(hours=7 * number)
    times = [(start + timedelta(minutes=20 * step)).strftime("%Y-%m-%dT%H:%M:%SZ") for step in range(5)]
    who = CUSTOMER + number
    question = (
        f"Hello,\n\n{asks} My order is number {number}.\n\nBest regards,\nMaren Holt\nmaren.holt{number}@mail.example"
    )
    return {
        "id": number,
        "subject": f"Question about {kind}",
        "description": question,
        "status": "solved",
        "requester_id": who,
        "created_at": times[0],
        "updated_at": times[4],
        "tags": [kind],
        "via": {"channel": "email"},
        "satisfaction_rating": {"score": "good"},
        "comments": [
            comment(who, question, times[0]),
            comment(-1, "Your request has been received.", times[0], via={"channel": "rule"}),
            comment(AGENT, "Customer is a VIP, phone +49 151 23456789.", times[1], public=False),
            comment(AGENT, f"Hi Maren,\n\n{says}\n\nKind regards,\nOlu Adeyemi", times[2]),
            comment(who, "Thanks a lot!", times[3]),
            comment(AGENT, "You're welcome!", times[4]),
        ],
        **more,
    }


def zendesk_users(numbers: range) -> list[dict[str, Any]]:
    customers = [{"id": CUSTOMER + number, "name": "Maren Holt", "role": "end-user"} for number in numbers]
    return [{"id": AGENT, "name": "Olu Adeyemi", "role": "agent"}, *customers]


def write_lines(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Forty tickets and their users in a folder."""
    folder = tmp_path / "export"
    folder.mkdir()
    write_lines(folder / "users.json", zendesk_users(range(1, 41)))
    return write_lines(folder / "tickets.json", [zendesk_ticket(number) for number in range(1, 41)])


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of eighty tickets, made once."""
    folder = tmp_path_factory.mktemp("made")
    write_lines(folder / "users.json", zendesk_users(range(1, 81)))
    write_lines(folder / "tickets.json", [zendesk_ticket(number) for number in range(1, 81)])
    prepare([folder / "tickets.json"], folder / "dataset", workers=1)
    return folder / "dataset"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, dataset: Path) -> Path:
    """A Llama of 0.2 million parameters with a tokenizer of its own: enough to learn forty answers by heart."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("model") / "tiny"
    texts = [json.loads(line)["messages"] for line in (dataset / "train.jsonl").read_text().splitlines()]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator((message["content"] for messages in texts for message in messages), trainer)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call] # transformers' constructor has no types
        tokenizer_object=bpe,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        model_max_length=512,
        chat_template=(
            "{% for message in messages %}{{ '<|' + message['role'] + '|>' }}{% generation %}"
            "{{ message['content'] }}</s>{% endgeneration %}{% endfor %}"
            "{% if add_generation_prompt %}<|assistant|>{% endif %}"
        ),
    )
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            num_hidden_layers=2,
            intermediate_size=128,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def lines_of() -> Callable[[Path], list[dict[str, Any]]]:
    """Reads a JSONL file."""
    return lambda path: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def ticket_of() -> Callable[..., dict[str, Any]]:
    """Makes a Zendesk ticket by number."""
    return zendesk_ticket


@pytest.fixture
def write() -> Callable[[Path, list[Any]], Path]:
    """Writes one JSON value per line."""
    return write_lines
