"""Records to token ids and labels: only the last answer is learnt, and what does not fit loses sources first.

The answer's tokens are those by which the conversation with the answer differs from the conversation that asks for it,
so this works for every chat template, with generation marks or without. Earlier answers of a conversation are records
of their own, with the sources that belonged to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deskhand_finetune.models import Tokenizer
from deskhand_guardrails.prompt import NO_SOURCES

IGNORED = -100
LAST_SOURCE = re.compile(r"\n\[(\d+)\] [^\n]*\n[^\n]*\Z")


@dataclass(slots=True)
class Tokenised:
    """Rows for the trainer, and what it took to make them fit."""

    rows: list[dict[str, list[int]]] = field(default_factory=list)
    shortened: int = 0
    """Records that lost sources or early turns."""
    left_out: int = 0
    """Records whose question and answer alone are too long."""
    quotes: bool = False
    """Whether the answers are the nearest source's words instead of the agents'."""

    @property
    def tokens(self) -> int:
        return sum(len(row["input_ids"]) for row in self.rows)


def tokenise(records: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, longest: int) -> Tokenised:
    """Token ids and labels of every record, none longer than ``longest``."""
    made = Tokenised()
    for record in records:
        messages: Sequence[Mapping[str, str]] | None = record["messages"]
        row = _row(record["messages"], tokenizer)
        was_cut = False
        while len(row["input_ids"]) > longest:
            messages = shorter(messages or ())
            if messages is None:
                break
            was_cut = True
            row = _row(messages, tokenizer)
        if messages is None:
            made.left_out += 1
        else:
            made.shortened += was_cut
            made.rows.append(row)
    return made


def prompt_ids(messages: Sequence[Mapping[str, str]], tokenizer: Tokenizer, longest: int) -> list[int]:
    """The prompt for an answer, cut like a training record when it is longer than ``longest``."""
    kept: Sequence[Mapping[str, str]] = messages
    while True:
        ids = _ids(kept, tokenizer, asks=True)
        if len(ids) <= longest:
            return ids
        cut = shorter(kept)
        if cut is None:
            return ids[-longest:]
        kept = cut


def shorter(messages: Sequence[Mapping[str, str]]) -> list[dict[str, str]] | None:
    """The messages without the last source, or, when none is left, without the oldest exchange; None at the end."""
    held = [dict(message) for message in messages]
    if held and held[0]["role"] == "system":
        match = LAST_SOURCE.search(held[0]["content"])
        if match:
            rest = held[0]["content"][: match.start()]
            held[0]["content"] = f"{rest}\n{NO_SOURCES}" if match[1] == "1" else rest
            return held
    first = 1 if held and held[0]["role"] == "system" else 0
    return held[:first] + held[first + 2 :] if len(held) - first > 2 else None


def _row(messages: Sequence[Mapping[str, str]], tokenizer: Tokenizer) -> dict[str, list[int]]:
    asked = _ids(messages[:-1], tokenizer, asks=True)
    whole = _ids(messages, tokenizer, asks=False)
    shared = next(
        (i for i, (a, b) in enumerate(zip(asked, whole, strict=False)) if a != b), min(len(asked), len(whole))
    )
    return {"input_ids": whole, "labels": [IGNORED] * shared + whole[shared:]}


def _ids(messages: Sequence[Mapping[str, str]], tokenizer: Tokenizer, *, asks: bool) -> list[int]:
    text = tokenizer.apply_chat_template([dict(m) for m in messages], tokenize=False, add_generation_prompt=asks)
    return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
