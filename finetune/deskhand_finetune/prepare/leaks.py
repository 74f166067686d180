"""The leak check: what crosses from one split to another, counted from the files that were written.

Shares nothing with the split and the folding but the cleaned conversations: it reads the records back, and finds near
duplicates exactly instead of by MinHash, by word triples' rarest first (prefix filtering, Chaudhuri et al. 2006 and
Xiao et al. 2008). What it counts must be nothing; anything else stops ``prepare``.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deskhand_finetune.disk import read_jsonl
from deskhand_finetune.prepare.conversation import Conversation
from deskhand_finetune.prepare.duplicates import ALIKE, Sets, are_alike, plain
from deskhand_finetune.prepare.spool import Chosen, Places, digest, digests, times
from deskhand_guardrails.errors import InputError

Triples = npt.NDArray[np.int64]
TRAIN, VALIDATION, TEST = 1, 2, 4
MARKS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
# Triples are counted in so many counters (64 MB), whatever their number.
COUNTERS = 2**24


class Pair(NamedTuple):
    """Places of two conversations, the smaller first."""

    one: int
    other: int


NAMES = {
    "tickets": "tickets on two sides",
    "customers": "customers on two sides",
    "organizations": "organisations on two sides",
    "near_duplicates": "pairs of near duplicates on two sides",
    "newer_training": "training tickets newer than the oldest of the test",
    "foreign_sources": "sources from outside training, or the record's own ticket",
}


def leaks(folder: Path, conversations: Sequence[Conversation], *, by_organization: bool) -> dict[str, int]:
    """Counts what crosses between the splits in ``folder``, by the keys of ``NAMES``.

    Args:
        folder: holds the three files.
        conversations: those of the written tickets, at least.
        by_organization: whether organisations were to be kept apart; what was not asked for is not counted.
    """
    names, sides = _written(folder)
    ids = digests(one.ticket_id for one in conversations)
    moments = times(one.created_at for one in conversations)
    # Of conversations with the same id the newest is meant.
    order = np.lexsort((moments, ids))
    newest = order[np.append(np.diff(ids[order]) != 0, [True])[: len(order)]]
    places = np.sort(newest[np.isin(ids[newest], names)])
    own = sides[np.searchsorted(names, ids[places])]
    read = Chosen(conversations, places)
    oldest = min(moments[places[own & TEST > 0]].tolist(), default=b"9999")
    return {
        "tickets": int((_count(sides) > 1).sum()),
        "customers": _crossing(digests(one.customer for one in read), own),
        "organizations": _crossing(digests(one.organization for one in read), own) if by_organization else 0,
        "near_duplicates": sum(1 for _ in crossing(read, own)),
        "newer_training": int((moments[places[own & TRAIN > 0]] > oldest).sum()),
        "foreign_sources": _foreign(folder, names[sides & TRAIN > 0]),
    }


def _written(folder: Path) -> tuple[Places, npt.NDArray[np.uint8]]:
    """The digests of the written tickets, sorted, and the sides of each as a sum of their marks."""
    found, marks = array("q"), array("B")
    for side, mark in MARKS.items():
        for record in read_jsonl(folder / f"{side}.jsonl"):
            found.append(digest(record["ticket_id"]))
            marks.append(mark)
    names, which = np.unique(np.frombuffer(found, np.int64), return_inverse=True)
    sides = np.zeros(len(names), np.uint8)
    np.bitwise_or.at(sides, which, np.frombuffer(marks, np.uint8))
    return names, sides


def _foreign(folder: Path, trained: Places) -> int:
    """How many sources are no training tickets, or their record's own."""
    sources, records = array("q"), array("q")
    for side in MARKS:
        for record in read_jsonl(folder / f"{side}.jsonl"):
            tickets = [one.removeprefix("ticket:") for one in record["source_ids"] if one.startswith("ticket:")]
            sources.extend(map(digest, tickets))
            records.extend([digest(record["ticket_id"])] * len(tickets))
    named = np.frombuffer(sources, np.int64)
    return int((~np.isin(named, trained) | (named == np.frombuffer(records, np.int64))).sum())


def refuse_leaks(found: Mapping[str, int], out: Path) -> None:
    """Raises ``InputError`` when anything crosses."""
    crossing = ", ".join(f"{NAMES[name]}: {count}" for name, count in found.items() if count)
    if crossing:
        raise InputError(
            f"{out}: not written, the splits leak ({crossing}); this is a fault of ours, please report it with the "
            f"counts, and the format of the export"
        )


def crossing(conversations: Iterable[Conversation], sides: Sequence[int] | npt.NDArray[np.uint8]) -> Iterator[Pair]:
    """The pairs of conversations on different sides with a Jaccard similarity of ``ALIKE`` or more, by their places.

    Args:
        conversations: in memory one at a time; their triples go to a temporary file.
        sides: the mark of each one's side, see ``MARKS``; those of ``TRAIN`` are only compared with the others.
    """
    counts = np.zeros(COUNTERS, np.uint32)
    with tempfile.TemporaryFile() as file:
        held = Sets(file, np.int64)
        for conversation in conversations:
            own = _triples(conversation)
            held.append(own)
            np.add.at(counts, own & (COUNTERS - 1), 1)
        index = _Index(held, counts, [place for place, side in enumerate(sides) if side != TRAIN])
        for place in range(len(held)):
            own = held[place]
            for other in index.meeting(own).tolist():
                is_asked = sides[place] != sides[other] and (sides[place] == TRAIN or other < place)
                if is_asked and held.may_be_alike(place, other) and are_alike(own, held[other]):
                    yield Pair(*sorted((place, other)))


class _Index:
    """Which of the held-out conversations hold a triple among their rarest.

    Of two sets that are alike the rarest fifth of the larger and the rarest ninth of the smaller share a triple (the
    indexing prefix of Xiao et al. 2008), and so what shares one beyond the ninth of both is passed over: ten thousand
    tickets of one form, alike in all but an eighth, would otherwise all meet.
    """

    def __init__(self, held: Sets, counts: npt.NDArray[np.uint32], places: Iterable[int]) -> None:
        self._counts = counts
        rarest, others = (array("q"), array("q")), (array("q"), array("q"))
        for place in places:
            for (triples, owners), found in zip((rarest, others), self._rarest(held[place]), strict=True):
                triples.frombytes(found.tobytes())
                owners.extend([place] * len(found))
        self._rarest_of, self._others_of = _sorted(*rarest), _sorted(*others)

    def _rarest(self, own: Triples) -> tuple[Triples, Triples]:
        """The rarest ninth of a set, and what else is among its rarest fifth; no triple that no other set holds.

        Rare is told by counters that triples share: any order does, if it is the same for all.
        """
        common = self._counts[own & (COUNTERS - 1)]
        prefix = np.lexsort((own, common))[: len(own) - ceil(ALIKE * len(own)) + 1]
        ninth = len(own) - ceil(2 * ALIKE / (1 + ALIKE) * len(own) - 1e-9) + 1
        one, other = (own[part[common[part] > 1]] for part in (prefix[:ninth], prefix[ninth:]))
        return one, other

    def meeting(self, own: Triples) -> Places:
        """The places of those that may be alike."""
        rarest, others = self._rarest(own)
        met = [
            *_owners(self._rarest_of, rarest),
            *_owners(self._rarest_of, others),
            *_owners(self._others_of, rarest),
        ]
        return np.unique(np.concatenate(met)) if met else np.zeros(0, np.int64)


def _sorted(triples: array[int], owners: array[int]) -> tuple[Triples, Places]:
    order = np.argsort(np.frombuffer(triples, np.int64), kind="stable")
    return np.frombuffer(triples, np.int64)[order], np.frombuffer(owners, np.int64)[order]


def _owners(index: tuple[Triples, Places], wanted: Triples) -> Iterator[Places]:
    """For each triple that is held the places of its owners."""
    triples, owners = index
    first, last = (np.searchsorted(triples, wanted, side).tolist() for side in ("left", "right"))
    return (owners[one:end] for one, end in zip(first, last, strict=True) if one < end)


def _triples(conversation: Conversation) -> Triples:
    """The distinct word triples by Python's 64-bit hash, too wide to meet by chance."""
    words = plain("\n".join(turn.text for turn in conversation.turns)).split()
    runs = (hash(" ".join(words[at : at + 3])) for at in range(max(1, len(words) - 2)))
    return np.unique(np.fromiter(runs, np.int64))


def _crossing(names: Places, sides: npt.NDArray[np.uint8]) -> int:
    """How many names, but for none, have tickets on more than one side."""
    found, which = np.unique(names, return_inverse=True)
    marks = np.zeros(len(found), np.uint8)
    np.bitwise_or.at(marks, which, sides)
    return int((_count(marks[found != 0]) > 1).sum())


def _count(marks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """How many sides each has."""
    return np.bitwise_count(marks)
