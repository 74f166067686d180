"""Everything that the guard model is trained and measured on, put together from public and written rows."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import public
import written
from rows import Row

from deskhand_guardrails.normalise import folded

SEED = 7

# Rows of a source in one pass over the data; sources that are not named here are used whole. An epoch is 2.3 million
# tokens: ten minutes on one core with AVX-512, half an hour without.
MOST = {
    "banking77": 3000,
    "clinc150": 5000,
    "bitext-llm-8k": 2500,
    "toxic-spans-cc0": 4000,
    "davidson-hate": 2000,
    "context-toxicity": 2000,
    "diasafety": 2500,
    "contextual-anonymizer": 2500,
    "aart": 2500,
    "written-look-alike-requests": 2500,
    "written-look-alike-system": 1300,
    "written-look-alike-words": 1300,
    "written-look-alike-override": 1300,
    "written-look-alike-roles": 1000,
    "written-look-alike-tasks": 1000,
}


def is_held_out(text: str) -> bool:
    """Whether a support request sets thresholds instead of training: by text, so that doubles stay together."""
    return hashlib.sha256(text.lower().encode()).digest()[0] % 2 == 0


class Corpus:
    """All rows. ``training`` leaves sources out; ``held_out`` are the support requests that never train."""

    def __init__(self, data: Path) -> None:
        draw = random.Random(SEED)
        orders = [(row.text, row.source) for row in written.attacks(draw, 60) if len(row.text) < 400] + [
            (row.text, row.source) for row in public.injections(data, draw) if row.source == "bipia"
        ] * 3
        rows: list[Row] = [
            *public.injections(data, draw),
            *public.documents(data, draw, orders),
            *public.harmful(data),
            *public.tones(data, draw, MOST),
            *public.conversations(data, draw, 800),
            *public.prose(data, draw, 800),
            *public.named(data),
            *public.anonymised(data),
            *_distinct(written.attacks(draw, 500)),
            *_distinct(written.look_alikes(draw, 4000)),
            *written.harm(draw, 160),
            *written.lines(draw, 4),
            *_distinct(written.tone(draw, 5000)),
            *written.people(draw, 12000),
            *_distinct(written.agents(draw, 3000)),
            *written.desk(draw, 2500),
        ]
        rows += written.mails(draw, [row for row in rows if _is_mailed(row)][::2])
        self.rows = [as_read(row) for row in rows if row.text.strip()]
        self.held_out = [row for row in self.rows if row.source in public.SUPPORT and is_held_out(row.text)]

    def training(self, leave_out: Callable[[str], bool], *, seed: int, share: float = 1.0) -> list[Row]:
        """The rows of one pass in random order, without those whose source ``leave_out`` names."""
        draw = random.Random(seed)
        by_source: dict[str, list[Row]] = defaultdict(list)
        for row in self.known(leave_out):
            by_source[row.source].append(row)
        drawn = [
            row
            for source, held in sorted(by_source.items())
            for row in draw.sample(held, round(share * min(len(held), MOST.get(source, len(held)))))
        ]
        draw.shuffle(drawn)
        return drawn

    def known(self, leave_out: Callable[[str], bool]) -> list[Row]:
        """All rows that may train, without those whose source ``leave_out`` names."""
        return [
            row
            for row in self.rows
            if not leave_out(row.source) and not (row.source in public.SUPPORT and is_held_out(row.text))
        ]

    def of(self, chosen: Callable[[str], bool]) -> list[Row]:
        """The rows whose source is chosen."""
        return [row for row in self.rows if chosen(row.source)]


MAILED = ("harmless", "alike", "attacks", "harmful", "heated", "hostile")
"""Those of the whole texts that come as mails too, beside support requests."""


def _is_mailed(row: Row) -> bool:
    if row.source in public.SUPPORT:
        return not is_held_out(row.text) and hashlib.sha256(row.text.encode()).digest()[1] % 8 == 0
    return row.source.startswith(("written-lines", "written-foreign")) and row.source.endswith(MAILED)


def as_read(row: Row) -> Row:
    """The row as the detectors give it to the model; names are looked for in the text as it stands."""
    return row if row.marks is not None else dataclasses.replace(row, text=folded(row.text))


def _distinct(rows: Iterable[Row]) -> list[Row]:
    return list({folded(row.text): row for row in rows}.values())
