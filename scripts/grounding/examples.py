"""What the grounding head learns from: claims with what they were written from, and whether it carries them."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deskhand_guardrails.detectors.claims import claims
from deskhand_guardrails.detectors.polarity import opposites, stem

BITEXT_ANSWERS = 400
"""Answers that are taken as right, and as many wrong ones of each kind. More change no figure by 0.005."""
SUMMARIES = 500
FEWEST_KNOWN = 0.5
"""Two answers to one intent need not say the same: a claim that shares less than this with three others is left out."""


@dataclass(frozen=True, slots=True)
class Example:
    """An answer and its sources. In a wrong answer at least one of ``claims`` is not carried by ``sources``."""

    source: str
    group: str
    """What must not be on both sides of a split: examples about one document."""
    kind: str
    sources: tuple[str, ...]
    claims: tuple[str, ...]
    wrong: bool


def dialogues(data: Path) -> Iterator[Example]:
    """BEGIN: a turn of a conversation and the sentence that it was to be built on."""
    for row in _rows(data / "guardrails" / "grounding_train.jsonl.gz"):
        if row["source"] == "begin":
            wrong = row["label"] != "Fully attributable"
            yield Example("begin", row["context"][:80], "dialogue", (row["context"],), _claims(row["text"]), wrong)


def summaries(data: Path, draw: random.Random) -> Iterator[Example]:
    """SummEdits: summaries of sales e-mails and meetings, some with a small change that makes them wrong."""
    rows = [row for row in _rows(data / "guardrails" / "grounding_train.jsonl.gz") if row["source"] == "summedits"]
    for row in draw.sample(rows, min(SUMMARIES, len(rows))):
        kind = "e-mail" if row["context"].startswith("Subject") else "meeting"
        wrong = row["label"] != "consistent"
        yield Example(f"summedits-{kind}", row["context"][:80], kind, (row["context"],), _claims(row["text"]), wrong)


def answers(data: Path, draw: random.Random) -> Iterator[Example]:
    """Bitext: an agent's answer beside three others to the same intent, as retrieval brings similar tickets.

    Wrong ones are made: a claim negated or with one word as its opposite, or a claim from another intent.
    """
    by_intent: dict[str, list[str]] = defaultdict(list)
    for row in _rows(data / "support" / "bitext-8k.jsonl.gz"):
        by_intent[row["intent"]].append(re.sub(r"\{\{(.*?)\}\}", r"\1", row["messages"][-1]["content"]))
    intents = sorted(by_intent)
    for _ in range(BITEXT_ANSWERS):
        intent = draw.choice(intents)
        answer, *others = draw.sample(by_intent[intent], 4)
        known = {stem(word) for other in others for word in re.findall(r"\w+", other.lower())}
        held = [claim for claim in _claims(answer) if _share(claim, known) >= FEWEST_KNOWN][:4]
        if not held:
            continue
        sources = tuple(others)
        yield Example("bitext", intent, "right", sources, (draw.choice(held),), wrong=False)
        for kind, changed in (("negated", _negated(draw.choice(held))), ("opposite", _turned(draw.choice(held)))):
            if changed:
                yield Example("bitext", intent, kind, sources, (changed,), wrong=True)
        foreign = _claims(draw.choice(by_intent[draw.choice([one for one in intents if one != intent])]))
        if foreign:
            yield Example("bitext", intent, "swapped", sources, (draw.choice(foreign),), wrong=True)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _claims(text: str) -> tuple[str, ...]:
    return tuple(text[start:end] for start, end in claims(text))


def _share(claim: str, known: set[str]) -> float:
    words = [stem(word) for word in re.findall(r"\w+", claim.lower())]
    return sum(word in known for word in words) / max(len(words), 1)


_NOT = re.compile(r"\b(not|never)\s+|n['’]t\b", re.IGNORECASE)
_CAN = re.compile(r"\b(can|will|is|are|may|should|must|has|have|does|do)\b", re.IGNORECASE)


def _negated(claim: str) -> str | None:
    """The claim without its negation, or with one after its first auxiliary; None when it has neither."""
    if _NOT.search(claim):
        return _NOT.sub("", claim, count=1)
    changed, count = _CAN.subn(r"\1 not", claim, count=1)
    return changed if count else None


def _turned(claim: str) -> str | None:
    """The claim with the first word that has an opposite exchanged for it (a stem reads like the word here)."""
    for match in re.finditer(r"\w+", claim):
        found = sorted(opposites().get(stem(match.group().lower()), ()))
        if found:
            return claim[: match.start()] + found[0] + claim[match.end() :]
    return None
