"""Rows from public data sets (their licences stand in the model card)."""

from __future__ import annotations

import difflib
import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rows import SAFE, Mark, Row

SUPPORT = ("banking77", "bitext-llm-8k", "clinc150")
"""Harmless requests: half of them train, the other half sets the thresholds."""

LONGEST = 1000
"""Characters of a window, as the detectors cut a text."""

_HOSTILE = {"abuse": 1, "hate": 1, "offensive": 1, "toxic": 1, "clean": 0, "safe": 0}
# Bad medical advice and agreement with a hostile turn: nothing that the text alone would show.
_SKIPPED = {("diasafety", "unsafe"), ("toxic-spans-cc0", "unclear"), ("context-toxicity", "toxic")}


def jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a compressed JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as held:
        yield from map(json.loads, held)


def injections(data: Path, draw: random.Random) -> Iterator[Row]:
    """Jailbreaks with all their windows, orders for planting, harmless requests and role prompts."""
    for held in jsonl(data / "guardrails" / "injection_train.jsonl.gz"):
        text, source = held["text"], held["source"]
        if source == "bipia":
            yield Row(text[:LONGEST], source, {"planted": 1})
        elif held["label"] == "injection":
            for start in range(0, min(len(text), 3 * LONGEST), LONGEST):
                if len(text) - start > 100 or not start:
                    yield Row(text[start : start + LONGEST], source, {"injection": 1, "planted": 1})
            if len(text) > 400:
                yield Row(text[: draw.randrange(80, 300)], source, {"injection": 1, "planted": 1})
        elif source == "awesome-chatgpt-prompts":
            # A role prompt is harmless from a customer; in a document nobody asked for it.
            start = draw.choice((0, 0, max(len(text) - 400, 0)))
            yield Row(
                text[start : start + draw.choice((150, 300, 500, LONGEST))],
                source,
                {"injection": 0, "harm": 0, "hostile": 0},
            )
        elif source != "bipia-context":
            yield Row(text, source, dict(SAFE))


def documents(data: Path, draw: random.Random, orders: list[tuple[str, str]]) -> Iterator[Row]:
    """Pieces of e-mails, tables and articles as they are, and the same with an order planted in them."""
    texts = [
        (held["text"], "bipia-context")
        for held in jsonl(data / "guardrails" / "injection_train.jsonl.gz")
        if held["source"] == "bipia-context"
    ]
    texts += [(text, "articles") for text in articles(data)]
    for text, source in texts:
        for _ in range(3):
            size = draw.choice((150, 300, 300, 600, 900))
            start = draw.randrange(max(len(text) - size, 1))
            piece = text[start : start + size].strip()
            if len(piece) < 60:
                continue
            if draw.random() < 0.5:
                yield Row(piece, source, dict(SAFE))
                continue
            order, origin = draw.choice(orders)
            breaks = [match.end() for match in re.finditer(r"[.!?\n]\s", piece)]
            at = draw.choice([0, len(piece), *breaks])
            before, after = draw.choice((" ", "\n", ". ")), draw.choice((" ", "\n"))
            planted = f"{piece[:at].rstrip()}{before}{order}{after}{piece[at:].lstrip()}"
            answers = {"planted": 1, "injection": 1} if len(planted) < LONGEST else {"planted": 1}
            yield Row(planted[: LONGEST + 200], f"planted:{origin}", answers)


def articles(data: Path) -> list[str]:
    """Help articles and company policies."""
    return [path.read_text("utf-8", "replace") for path in sorted((data / "knowledge").rglob("*.md"))]


def harmful(data: Path) -> Iterator[Row]:
    """Requests for help with harm. Whether they are jailbreaks or hostile, nobody has said."""
    for held in jsonl(data / "guardrails" / "harmful_request_train.jsonl.gz"):
        yield Row(held["text"][:LONGEST], held["source"], {"harm": 1})


def tones(data: Path, draw: random.Random, most: dict[str, int]) -> Iterator[Row]:
    """Hostile and clean messages; where a conversation decides, the text alone is given."""
    kept: dict[tuple[str, str], list[Row]] = {}
    for held in jsonl(data / "guardrails" / "toxicity_train.jsonl.gz"):
        key = (held["source"], held["label"])
        if key not in _SKIPPED:
            text = re.sub(r"(RT )?@user:? ?|&#\d+;|&amp;", "", held["text"]).strip()[:LONGEST]
            answers = {"hostile": _HOSTILE[held["label"]], "injection": 0}
            kept.setdefault(key, []).append(
                Row(text, held["source"], answers | ({"harm": 0} if not answers["hostile"] else {}))
            )
    for (source, _), rows in sorted(kept.items()):
        yield from draw.sample(rows, min(len(rows), most.get(source, len(rows))))


def conversations(data: Path, draw: random.Random, each: int) -> Iterator[Row]:
    """What customers and agents say in service dialogues, and what people say in small talk: harmless."""
    for name in ("sgd", "star", "taskmaster-3-part", "taskmaster-4"):
        said = [
            message["content"]
            for held in jsonl(data / "support" / f"{name}.jsonl.gz")
            for message in held["messages"]
            if message["role"] == "user" and len(message["content"]) > 12
        ]
        for text in draw.sample(said, min(each, len(said))):
            yield Row(text[:LONGEST], name, dict(SAFE))
    for name, most in (("sgd", each // 2), ("star", each // 2), ("bitext-8k", 2 * each)):
        answered = [
            message["content"]
            for held in jsonl(data / "support" / f"{name}.jsonl.gz")
            for message in held["messages"]
            if message["role"] == "assistant" and len(message["content"]) > 40
        ]
        for text in draw.sample(answered, min(most, len(answered))):
            yield Row(text[: draw.choice((300, LONGEST))], f"{name}-agents", dict(SAFE))
    for name in ("topical-chat", "synthetic-persona-chat"):
        said = [line.partition(": ")[2] for line in lines(data, name) if len(line) > 30]
        for text in draw.sample(said, min(each, len(said))):
            yield Row(text[:LONGEST], name, {"injection": 0, "harm": 0})


TRIGGERS = re.compile(
    r"\b(?:ignor|disregard|forget|overrid|bypass|instruct|prompt|system|pretend|act as|rules?|secret|reveal|hidden|"
    r"admin|kill|attack|poison|shoot|steal|murder|bomb|explo|hack|destroy|weapon|drug|execut|abort|terminat|inject|password)",
    re.IGNORECASE,
)


def prose(data: Path, draw: random.Random, each: int) -> Iterator[Row]:
    """Sentences of manuals and novels that hold an attack's or a crime's words: harmless, and no request at all."""
    for name in ("officedocs-support", "handbook-18f", "policies-github", "standard-ebooks", "docs-chatwoot"):
        held = [
            sentence.strip()
            for line in lines(data, name)
            for sentence in re.split(r"(?<=[.!?])\s+", line)
            if 30 < len(sentence) < 400 and TRIGGERS.search(sentence)
        ]
        answers = {"injection": 0, "harm": 0} if name == "standard-ebooks" else {**SAFE}
        for text in draw.sample(held, min(each, len(held))):
            yield Row(text, name, dict(answers))


def lines(data: Path, name: str) -> Iterator[str]:
    """The lines of a text that starter models are trained on."""
    with gzip.open(data / "pretraining" / f"{name}.txt.gz", "rt", encoding="utf-8") as held:
        yield from held


_PERSON, _PLACE = ("person", "per"), ("location", "loc", "geo-loc")


def named(data: Path) -> Iterator[Row]:
    """Sentences in which people and places are marked, from CoNLL files."""
    ner = data / "pii" / "ner-btc-wikigold"
    files = [(path, f"btc-{path.stem}") for path in sorted((ner / "BTC").rglob("*.conll"))]
    files += [(path, "wikigold") for path in sorted((ner / "wikigold").rglob("*.txt")) if "data" in path.parts]
    files += [(data / "pii" / "ner-wnut17" / "wnut17train.conll", "wnut17")]
    for path, source in files:
        words: list[tuple[str, str]] = []
        for line in [*path.read_text("utf-8", "replace").splitlines(), ""]:
            parts = line.split()
            if len(parts) >= 2 and not line.startswith("-DOCSTART-"):
                words.append((parts[0], parts[-1]))
            elif words:
                yield _sentence(words, source)
                words = []


def _sentence(words: list[tuple[str, str]], source: str) -> Row:
    text, marks, before = "", [], ""
    for word, tag in words:
        text += "" if not text or re.fullmatch(r"[.,!?;:)'’]+", word) else " "
        kind = tag.partition("-")[2].lower()
        label = "PERSON" if kind in _PERSON else "LOCATION" if kind in _PLACE else ""
        if word[0] in "@#":  # one of the sets marks every mention as a person, another none
            label = ""
        if label and label == before and not (tag.startswith("B-") and source != "wikigold"):
            marks[-1] = Mark(marks[-1].start, len(text) + len(word), label)
        elif label:
            marks.append(Mark(len(text), len(text) + len(word), label))
        before = label
        text += word
    return Row(text, source, {"injection": 0}, tuple(marks))


_HOLE = re.compile(r"\[([A-Z_]+?)(?:_?\d+)?\]")
_LABELS = {"NAME": "PERSON", "ADDRESS": "STREET_ADDRESS"}


def anonymised(data: Path) -> Iterator[Row]:
    """Chats, mails and forms with an anonymised twin: a hole's place in the text is found by what is around it."""
    path = data / "pii" / "pii-contextual-anonymizer" / "data" / "synthetic_data.json"
    for held in json.loads(path.read_text("utf-8"))["data"]:
        text, twin = held["context"], held["anonymized_context"]
        marks = _holes(text, twin)
        if marks is not None and len(text) <= LONGEST:
            yield Row(text, "contextual-anonymizer", {"injection": 0}, tuple(marks))


def _holes(text: str, twin: str) -> list[Mark] | None:
    pattern, labels, at = "", [], 0
    for match in _HOLE.finditer(twin):
        pattern += re.escape(twin[at : match.start()]) + "(.{1,120}?)"
        labels.append(match[1])
        at = match.end()
    if not labels or difflib.SequenceMatcher(None, text, twin, autojunk=False).quick_ratio() < 0.3:
        return None
    found = re.fullmatch(pattern + re.escape(twin[at:]), text, re.DOTALL)
    if not found:
        return None
    return [
        Mark(found.start(number), found.end(number), _LABELS[label])
        for number, label in enumerate(labels, start=1)
        if label in _LABELS
    ]
