"""The leak check: what crosses from one split to another, counted from the files that were written.

Shares nothing with the split and the folding but the cleaned conversations: it reads the records back, and finds near
duplicates exactly instead of by MinHash, by word triples' rarest first (prefix filtering, Chaudhuri et al. 2006). What
it counts must be nothing; anything else stops ``prepare``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from deskhand_finetune.disk import read_jsonl
from deskhand_finetune.prepare.conversation import Conversation
from deskhand_finetune.prepare.duplicates import ALIKE, plain
from deskhand_guardrails.errors import InputError

Triples = npt.NDArray[np.int64]

NAMES = {
    "tickets": "tickets on two sides",
    "customers": "customers on two sides",
    "organizations": "organisations on two sides",
    "near_duplicates": "pairs of near duplicates on two sides",
    "newer_training": "training tickets newer than the oldest of the test",
    "foreign_sources": "sources from outside training, or the record's own ticket",
}


def leaks(folder: Path, conversations: Iterable[Conversation], *, by_organization: bool) -> dict[str, int]:
    """Counts what crosses between the splits in ``folder``, by the keys of ``NAMES``.

    Args:
        folder: holds the three files.
        conversations: those of the written tickets, at least.
        by_organization: whether organisations were to be kept apart; what was not asked for is not counted.
    """
    sides: dict[str, set[str]] = defaultdict(set)
    sources: list[tuple[str, str]] = []
    for side in ("train", "validation", "test"):
        for record in read_jsonl(folder / f"{side}.jsonl"):
            sides[record["ticket_id"]].add(side)
            sources.extend((record["ticket_id"], source) for source in record["source_ids"])
    by_time = sorted(conversations, key=lambda one: one.created_at)
    held = {one.ticket_id: one for one in by_time if one.ticket_id in sides}
    by_customer: dict[str, set[str]] = defaultdict(set)
    by_company: dict[str, set[str]] = defaultdict(set)
    times: dict[str, list[str]] = defaultdict(list)
    for ticket, own in sides.items():
        for side in own:
            times[side].append(held[ticket].created_at)
        by_customer[held[ticket].customer] |= own
        by_company[held[ticket].organization] |= own
    oldest = min(times["test"], default="9999")
    trained = {ticket for ticket, own in sides.items() if "train" in own}
    tickets = ((ticket, source.removeprefix("ticket:")) for ticket, source in sources if source.startswith("ticket:"))
    return {
        "tickets": sum(len(own) > 1 for own in sides.values()),
        "customers": _crossing(by_customer),
        "organizations": _crossing(by_company) if by_organization else 0,
        "near_duplicates": near_duplicates(
            [_triples(held[ticket]) for ticket in sorted(sides)], [min(sides[ticket]) for ticket in sorted(sides)]
        ),
        "newer_training": sum(time > oldest for time in times["train"]),
        "foreign_sources": sum(source not in trained or source == ticket for ticket, source in tickets),
    }


def refuse_leaks(found: Mapping[str, int], out: Path) -> None:
    """Raises ``InputError`` when anything crosses."""
    crossing = ", ".join(f"{NAMES[name]}: {count}" for name, count in found.items() if count)
    if crossing:
        raise InputError(
            f"{out}: not written, the splits leak ({crossing}); this is a fault of ours, please report it with the "
            f"counts, and the format of the export"
        )


def near_duplicates(texts: Sequence[Triples], sides: Sequence[str]) -> int:
    """How many pairs on different sides have a Jaccard similarity of ``ALIKE`` or more."""
    if not texts:
        return 0
    every, counts = np.unique(np.concatenate(texts), return_counts=True)
    by_rare: dict[int, list[int]] = defaultdict(list)
    pairs = 0
    for place, own in enumerate(texts):
        common = counts[np.searchsorted(every, own)]
        # Two sets that alike share one of these: the rest is too small to make up for them.
        prefix = np.lexsort((own, common))[: len(own) - ceil(ALIKE * len(own)) + 1]
        shared = own[prefix[common[prefix] > 1]].tolist()
        met = {other for triple in shared for other in by_rare[triple] if sides[other] != sides[place]}
        both = ((other, len(np.intersect1d(own, texts[other], assume_unique=True))) for other in met)
        pairs += sum(count >= ALIKE * (len(own) + len(texts[other]) - count) for other, count in both)
        for triple in shared:
            by_rare[triple].append(place)
    return pairs


def _triples(conversation: Conversation) -> Triples:
    """The distinct word triples by Python's 64-bit hash, too wide to meet by chance: 1.5 kB a ticket instead of 8."""
    words = plain("\n".join(turn.text for turn in conversation.turns)).split()
    runs = (hash(" ".join(words[at : at + 3])) for at in range(max(1, len(words) - 2)))
    return np.unique(np.fromiter(runs, np.int64))


def _crossing(sides: Mapping[str, set[str]]) -> int:
    return sum(len(own) > 1 for name, own in sides.items() if name)
