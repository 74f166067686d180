"""Splits by time and by customer: the test is on later tickets, from companies that training has never met.

Tickets in order of creation: the oldest 85 % are for training, the next 5 % for validation, the newest 10 % for the
test. Customers who share a company are one group. A group with tickets on several sides stays on one; its others are
left out, for moving them would break the order of time. Which side: the newest, for those groups that cost the fewest
older tickets, until ``MOST_GIVEN_UP`` of all tickets are spent; a large account therefore stays in training.

Where companies cannot be kept apart, because one or a few hold most of the tickets (an internal desk, where everybody
writes from the same domain), the split is by customer alone, and the report says so.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from deskhand_finetune.prepare.answers import Example
from deskhand_finetune.prepare.spool import Places, digest, digests, time_bytes

Side = Literal["train", "validation", "test"]
SPLITS: tuple[Side, ...] = ("train", "validation", "test")
By = Literal["organization", "customer"]
TEST_SHARE, VALIDATION_SHARE = 0.10, 0.05
# Training is large and a test is dear: so many older tickets are given up for the newest ones of their customers.
MOST_GIVEN_UP = 0.25
# A split by company must keep so much of each side that a split by customer would give.
ENOUGH = 0.5


class Split(NamedTuple):
    """The side of each example; None when its customer stays on another."""

    sides: list[Side | None]
    by: By


def split(examples: Iterable[Example]) -> Split:
    """The sides of ``examples``, by company where that leaves enough on every side."""
    held = _read(examples)
    one, other = _sides(held, held.links), _sides(held, held.links[:1])
    is_enough = all((one == side).sum() >= ENOUGH * (other == side).sum() for side in range(len(SPLITS)))
    chosen = one if is_enough else other
    return Split(
        [None if side < 0 else SPLITS[side] for side in chosen.tolist()], "organization" if is_enough else "customer"
    )


class _Tickets(NamedTuple):
    """What the split looks at: some fifty bytes a ticket beside its id."""

    ids: list[str]
    created: npt.NDArray[np.bytes_]
    """Of each ticket: two desks may use the same ids, what shares one goes to one side, by the newest of it."""
    of: Places
    """Of each example the number of its ticket."""
    links: tuple[Places, Places]
    """Of each example hashes of its customer and its company."""


def _read(examples: Iterable[Example]) -> _Tickets:
    names, created, customers, companies = array("q"), bytearray(), array("q"), array("q")
    ids: list[str] = []
    for example in examples:
        if not ids or ids[-1] != example.ticket_id:
            ids.append(example.ticket_id)
        names.append(len(ids) - 1)
        created += time_bytes(example.created_at)
        customers.append(digest(example.customer))
        companies.append(digest(example.organization))
    # What follows itself was counted once; an id that comes again later still has several numbers.
    _, first, which = np.unique(digests(ids), return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first, kind="stable"), kind="stable")
    of = rank[which][np.frombuffer(names, np.int64)] if ids else np.zeros(0, np.int64)
    moments = np.frombuffer(created, "S20")
    newest = np.lexsort((moments, of))
    latest = newest[np.append(np.diff(of[newest]) != 0, [True])[: len(of)]]
    links = np.frombuffer(customers, np.int64), np.frombuffer(companies, np.int64)
    return _Tickets([ids[place] for place in np.sort(first).tolist()], moments[latest], of, links)


def _sides(held: _Tickets, links: Sequence[Places]) -> npt.NDArray[np.int8]:
    """Of each example the place of its side in ``SPLITS``, -1 for none."""
    count = len(held.ids)
    order = sorted(range(count), key=lambda ticket: (held.created[ticket], held.ids[ticket]))
    test_from = count - round(count * TEST_SHARE)
    validation_from = test_from - round(count * VALIDATION_SHARE)
    sides = np.zeros(count, np.int8)
    sides[order[validation_from:test_from]] = 1
    sides[order[test_from:]] = 2
    group = _groups(held.of, links, count)
    counts = np.bincount(group * len(SPLITS) + sides, minlength=count * len(SPLITS)).reshape(count, len(SPLITS))
    home = _homes(counts, held.ids, round(MOST_GIVEN_UP * count))
    return np.where(home[group] == sides, sides, np.int8(-1))[held.of]


def _groups(of: Places, links: Sequence[Places], count: int) -> Places:
    """For each ticket the last ticket of its group: what customers and companies tie together (union-find)."""
    above = array("q", range(count))

    def top(ticket: int) -> int:
        while above[ticket] != ticket:
            above[ticket] = above[above[ticket]]
            ticket = above[ticket]
        return ticket

    for names in links:
        order = np.lexsort((of, names))
        same = np.flatnonzero((np.diff(names[order]) == 0) & (names[order][1:] != 0))
        for one, other in zip(of[order[same]].tolist(), of[order[same + 1]].tolist(), strict=True):
            low, high = sorted((top(one), top(other)))
            above[low] = high
    return np.fromiter((top(ticket) for ticket in range(count)), np.int64, count)


def _homes(counts: npt.NDArray[np.int64], ids: Sequence[str], budget: int) -> npt.NDArray[np.int8]:
    """For each group its side, in the row of its ticket; the test chooses first.

    Args:
        counts: of each group its tickets on each side.
        ids: the name of each group.
        budget: how many tickets may be given up.
    """
    home: npt.NDArray[np.int8] = counts.argmax(axis=1).astype(np.int8)
    chosen: set[int] = set()
    for newest in (2, 1):
        costs = counts[:, :newest].sum(axis=1)
        asking = np.flatnonzero(counts[:, newest]).tolist()
        cheapest = sorted(
            (costs[one] / counts[one, newest], f"ticket {ids[one]}", one) for one in asking if one not in chosen
        )
        for _, _, one in cheapest:
            if costs[one] <= budget:
                budget -= int(costs[one])
                home[one] = newest
                chosen.add(one)
    return home
