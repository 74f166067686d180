"""Reads the public data sets into plain pools: question-answer pairs, dialogues, running text, questions by intent.

``data`` is the folder that holds ``support/`` (dialogues as JSONL), ``pretraining/`` (text) and ``guardrails/`` (of
which the questions by intent are read); see the model card for each set's licence.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

HELD_OUT = "multiwoz-valtest"
"""Left out of training as a whole: the loss on it is the one the model card states."""

_BRACES = re.compile(r"\{\{([^{}]+)\}\}")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
ANSWER_WORDS = 60

# Bitext's blanks become our placeholders where one fits; the others keep their words ("{{Live Chat}}" -> "Live Chat").
_BLANKS = {
    "order number": "<ORDER_ID_1>", "order number anonymized": "<ORDER_ID_1>", "purchase id anonymized": "<ORDER_ID_1>",
    "customer support phone number": "<PHONE_NUMBER_1>", "support phone number": "<PHONE_NUMBER_1>",
    "customer support email": "<EMAIL_ADDRESS_1>", "customer support email address": "<EMAIL_ADDRESS_1>",
    "website url": "<URL_1>", "person name": "<PERSON_1>", "client name": "<PERSON_1>",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and the answer it got; pairs of one ``group`` answer the same kind of question."""

    question: str
    answer: str
    group: str


@dataclass(slots=True)
class Corpus:
    """What the starter is trained on."""

    pairs: list[Pair] = field(default_factory=list)
    dialogues: list[list[dict[str, str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    intents: dict[str, list[str]] = field(default_factory=dict)
    """Questions by ``set:intent``."""
    held_out: list[list[dict[str, str]]] = field(default_factory=list)


def read_corpus(data: Path) -> Corpus:
    """Reads everything under ``data``.

    Raises:
        FileNotFoundError: when a folder is missing.
    """
    corpus = Corpus()
    for path in sorted((data / "support").glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        for record in _jsonl(path):
            messages = [{"role": m["role"], "content": clean(m["content"])} for m in record["messages"]]
            if name == HELD_OUT:
                corpus.held_out.append(messages)
                continue
            corpus.dialogues.append(messages)
            corpus.pairs.extend(_pairs_of(messages, group=f"{name}:{record.get('intent', '')}"))
    for path in sorted((data / "pretraining").glob("*.txt.gz")):
        name = path.name.removesuffix(".txt.gz")
        if HELD_OUT.split("-")[0] in name:
            continue
        text = gzip.decompress(path.read_bytes()).decode("utf-8")
        if "dstc-faq" in name:
            corpus.pairs.extend(_faq_pairs(text, group=name))
        elif name.startswith(("officedocs", "docs-", "handbook", "policies")):
            corpus.pairs.extend(_section_pairs(text, group=name))
            corpus.texts.extend(_chunks(text))
        elif name.startswith(("standard-ebooks", "topical", "synthetic", "open-assistant", "intent")):
            corpus.texts.extend(_chunks(text))
    for record in _jsonl(data / "guardrails" / "topic_train.jsonl.gz"):
        if record["label"] != "out_of_scope":
            corpus.intents.setdefault(f"{record['source']}:{record['label']}", []).append(clean(record["text"]))
    return corpus


def clean(text: str) -> str:
    """One line; detokenised punctuation; blanks as placeholders."""
    text = _BRACES.sub(lambda match: _BLANKS.get(match[1].strip().lower(), match[1].strip()), text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([.,!?;:'])", r"\1", text)
    return text.strip()


def shorten(text: str, words: int = ANSWER_WORDS) -> str:
    """The first sentences of ``text`` that fit into ``words`` (at least one sentence)."""
    kept: list[str] = []
    count = 0
    for sentence in _SENTENCE_END.split(text):
        count += len(sentence.split())
        if kept and count > words:
            break
        kept.append(sentence)
    return " ".join(" ".join(kept).split()[: words + 20])


def _jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _pairs_of(messages: list[dict[str, str]], group: str) -> Iterator[Pair]:
    for asked, answered in pairwise(messages):
        if (asked["role"], answered["role"]) != ("user", "assistant"):
            continue
        if len(asked["content"].split()) >= 5 and len(answered["content"].split()) >= 7:
            yield Pair(asked["content"], shorten(answered["content"]), group)


def _faq_pairs(text: str, group: str) -> Iterator[Pair]:
    for block in text.split("\n\n"):
        match = re.match(r"Customer: (.*)\nAgent: (.*)", block)
        if match and len(match[2].split()) >= 5:
            yield Pair(clean(match[1]), shorten(clean(match[2])), group)


def _section_pairs(text: str, group: str) -> Iterator[Pair]:
    parts = _HEADING.split(text)
    for heading, body in zip(parts[1::2], parts[2::2], strict=False):
        paragraph = next((p for p in body.split("\n\n") if len(p.split()) >= 12 and not p.lstrip().startswith("|")), "")
        if paragraph and len(heading.split()) >= 3:
            yield Pair(clean(heading), shorten(clean(paragraph)), group)


def _chunks(text: str, words: int = 150) -> Iterator[str]:
    kept: list[str] = []
    count = 0
    for paragraph in re.split(r"\n\s*\n", text):
        kept.append(re.sub(r"[ \t]+", " ", paragraph.strip()))
        count += len(paragraph.split())
        if count >= words:
            yield "\n".join(kept)
            kept, count = [], 0
