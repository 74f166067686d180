"""What the personal-data and secrets checks find of a file's spans, and their speed beside Presidio's own recognisers.

    python benchmarks/personal_data.py benchmarks/people_usual.txt      # what an ordinary inbox holds
    python benchmarks/personal_data.py benchmarks/people_unusual.txt    # names from everywhere, tables, transcripts
    python benchmarks/personal_data.py SPANS.jsonl [--misses LABEL] [--alarms LABEL] [--harmless TEXTS.jsonl.gz ...]

The two files beside this script were written for it by a language model that knew nothing of how the detectors work:
no real inbox. They train nothing, but both were looked at while limits and the share of a training pass were chosen.

Their lines are texts (``\\n`` for a line end) in which ``[[PERSON|Ada Obi]]`` marks a span. ``SPANS.jsonl`` holds a
text and its spans a line: ``{"text", "spans": [{"start", "end", "label"}]}``, or a list in the
form of presidio-research (``full_text``; ``entity_type``, ``start_position``, ``end_position``); a ``.conll`` file
holds words and their tags. For each label: recall
(a find of the same kind overlaps more than half of the span), hidden (every letter and digit of the span is covered,
whatever the find is called), precision (share of the finds that overlap a span of the same kind; in brackets: of any).
``--harmless`` counts finds in a thousand texts that should hold none, by label (``text``, or ``messages`` of users).

Speed is per text and on one core, in processor time: ours, Presidio's default recognisers with its ``no_op`` engine,
and the ratio, in the same run.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from stock import presidio_engine

from deskhand_guardrails import Context
from deskhand_guardrails.detectors.personal_data import PersonalData
from deskhand_guardrails.detectors.secrets import Secrets

# What other sets call things.
KINDS = {
    "NAME": "PERSON",
    "DOCTOR": "PERSON",
    "EMAIL": "EMAIL_ADDRESS",
    "PHONE": "PHONE_NUMBER",
    "ADDRESS": "STREET_ADDRESS",
    "ZIP_CODE": "STREET_ADDRESS",
    "DOMAIN_NAME": "URL",
    "IBAN": "IBAN_CODE",
    "US_DRIVER_LICENSE": "DRIVER_LICENSE",
    "ACCOUNT": "REFERENCE",
    "POLICY_NUMBER": "REFERENCE",
    "ORDER_NUMBER": "REFERENCE",
    "TRANSACTION_ID": "REFERENCE",
    "CASE_NUMBER": "REFERENCE",
    "CASE_ID": "REFERENCE",
    "CLAIM_ID": "REFERENCE",
    "PESEL": "NATIONAL_ID",
    "NIP": "TAX_ID",
    # One number is an order's to the shop and an account's to the bank: told apart only by the words around it.
    "ORDER_ID": "REFERENCE",
    "TICKET_ID": "REFERENCE",
    "TRACKING_NUMBER": "REFERENCE",
    "CUSTOMER_ID": "REFERENCE",
    "BANK_ACCOUNT": "REFERENCE",
}


class Found(NamedTuple):
    start: int
    end: int
    kind: str


def records(path: Path) -> Iterator[tuple[str, list[Found]]]:
    if path.suffix in (".conll", ".txt"):
        yield from conll(path) if path.suffix == ".conll" else marked(path)
        return
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    rows = json.loads(text) if text.lstrip().startswith("[") else map(json.loads, text.splitlines())
    for row in rows:
        yield (
            row.get("text") or row["full_text"],
            [
                Found(
                    span.get("start", span.get("start_position")),
                    span.get("end", span.get("end_position")),
                    kind(span.get("label") or span["entity_type"]),
                )
                for span in row["spans"]
            ],
        )


_MARKED = re.compile(r"\[\[(?P<label>[A-Z_]+)\|(?P<value>.+?)\]\]", re.DOTALL)


def marked(path: Path) -> Iterator[tuple[str, list[Found]]]:
    """Texts with their spans marked in them."""
    for line in path.read_text("utf-8").splitlines():
        written, text, at, spans = line.replace("\\n", "\n"), "", 0, list[Found]()
        for match in _MARKED.finditer(written):
            text += written[at : match.start()]
            spans.append(Found(len(text), len(text) + len(match["value"]), match["label"]))
            text += match["value"]
            at = match.end()
        yield text + written[at:], spans


_TAGS = {"person": "PERSON", "per": "PERSON", "location": "LOCATION", "loc": "LOCATION"}


def conll(path: Path) -> Iterator[tuple[str, list[Found]]]:
    """Sentences of words with tags, of which people and places are read."""
    words: list[tuple[str, str]] = []
    for line in [*path.read_text("utf-8").splitlines(), ""]:
        parts = line.split()
        if len(parts) >= 2:
            words.append((parts[0], parts[-1]))
        elif words:
            text, spans = "", list[Found]()
            for word, tag in words:
                text += " " if text else ""
                name = _TAGS.get(tag[2:].lower())
                if name and tag.startswith("I-") and spans and spans[-1].end == len(text) - 1:
                    spans[-1] = spans[-1]._replace(end=len(text) + len(word))
                elif name:
                    spans.append(Found(len(text), len(text) + len(word), name))
                text += word
            yield text, spans
            words = []


def texts(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if "text" in row:
                yield row["text"]
            for message in row.get("messages", ()):
                if message["role"] == "user":
                    yield message["content"]


def kind(label: str) -> str:
    return KINDS.get(label, label)


class Detectors:
    def __init__(self) -> None:
        self._detectors = (PersonalData(), Secrets())

    def __call__(self, text: str) -> list[Found]:
        return [
            Found(one.start, one.end, one.label)
            for detector in self._detectors
            for one in detector.detect(text, Context())
        ]


def overlap(one: Found, other: Found) -> int:
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def measure(path: Path, find: Callable[[str], list[Found]], misses: str, alarms: str) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for text, gold in records(path):
        found = [one._replace(kind=kind(one.kind)) for one in find(text)]
        for span in gold:
            count = counts[span.kind]
            is_seen = any(one.kind == span.kind and 2 * overlap(one, span) > span.end - span.start for one in found)
            covered = {at for one in found for at in range(one.start, one.end)}
            is_hidden = all(at in covered for at in range(span.start, span.end) if text[at].isalnum())
            count.update(gold=1, seen=is_seen, hidden=is_hidden)
            if misses == span.kind and not is_seen:
                print(f"missed  {around(text, span)}")
        for one in found:
            is_right = any(one.kind == span.kind and overlap(one, span) for span in gold)
            counts[one.kind].update(found=1, right=is_right, true=any(overlap(one, span) for span in gold))
            if alarms == one.kind and not is_right:
                print(f"alarm   {around(text, one)}")
    print(f"{'label':<20}{'spans':>7}{'recall':>8}{'hidden':>8}{'finds':>8}{'precision':>11}")
    for label, count in sorted(counts.items(), key=lambda item: -item[1]["gold"]):
        recall, hidden = share(count["seen"], count["gold"]), share(count["hidden"], count["gold"])
        right, true = share(count["right"], count["found"]), share(count["true"], count["found"])
        print(f"{label:<20}{count['gold']:>7}{recall:>8}{hidden:>8}{count['found']:>8}{right:>11} ({true})")


def share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def around(text: str, span: Found) -> str:
    line = (
        f"{text[max(0, span.start - 40) : span.start]}⟦{text[span.start : span.end]}⟧{text[span.end : span.end + 25]}"
    )
    return " ".join(line.split())


def harmless(path: Path, find: Callable[[str], list[Found]], alarms: str) -> None:
    found: Counter[str] = Counter()
    read = 0
    for text in texts(path):
        read += 1
        for one in find(text):
            found[one.kind] += 1
            if alarms == one.kind:
                print(f"alarm   {around(text, one)}")
    rates = ", ".join(f"{label} {1000 * count / read:.2f}" for label, count in found.most_common())
    print(f"{path.name}: {read} texts; finds in a thousand: {rates or 'none'}")


_SHORT = "Hello, where is my order FH-20931? It should be here by now."
_LONG = (
    "Hi there, I ordered two lamps last week and only one of them has arrived. My order number is 83921 and the "
    "confirmation went to anna.smith@mail.example. I called your hotline twice from +44 20 7946 0958 and nobody could "
    "tell me where the second parcel is. The tracking page says delivered on 3 May 2024 but I was at home all day at "
    "12 Baker Street, London. Could you please check with the carrier and either send another one or refund the 49.90 "
    "to my card? I would like to have it before Friday. Thanks, Anna"
)


def stock() -> Callable[[str], object]:
    engine = presidio_engine()
    return lambda text: engine.analyze(text=text, language="en")


def milliseconds(call: Callable[[str], object], text: str) -> float:
    for _ in range(20):
        call(text)
    taken = []
    for _ in range(200):
        started = time.process_time()
        call(text)
        taken.append((time.process_time() - started) * 1000)
    return statistics.median(taken)


def speed(find: Callable[[str], object]) -> None:
    base = stock()
    for text in (_SHORT, _LONG):
        ours, theirs = milliseconds(find, text), milliseconds(base, text)
        print(f"{len(text):>4} characters: {ours:.2f} ms, stock Presidio {theirs:.2f} ms, ratio {ours / theirs:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("spans", type=Path, nargs="?", help="a text and its spans a line")
    parser.add_argument("--misses", default="", metavar="LABEL", help="print the spans of this kind that were missed")
    parser.add_argument("--alarms", default="", metavar="LABEL", help="print the finds of this kind that are none")
    parser.add_argument("--harmless", type=Path, nargs="*", default=[], help="files of texts without personal data")
    chosen = parser.parse_args()
    find = Detectors()
    if chosen.spans:
        measure(chosen.spans, find, chosen.misses, chosen.alarms)
    for path in chosen.harmless:
        harmless(path, find, chosen.alarms)
    speed(find)


if __name__ == "__main__":
    main()
