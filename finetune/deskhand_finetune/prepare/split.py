"""Splits by time and by customer: the test is on later tickets, from companies that training has never met.

Tickets in order of creation: the oldest 85 % are for training, the next 5 % for validation, the newest 10 % for the
test. Customers who share a company are one group. A group with tickets on several sides stays on one; its others are
left out, for moving them would break the order of time. Which side: the newest, for those groups that cost the fewest
older tickets, until ``MOST_GIVEN_UP`` of all tickets are spent; a large account therefore stays in training.

Where companies cannot be kept apart, because one or a few hold most of the tickets (an internal desk, where everybody
writes from the same domain), the split is by customer alone, and the report says so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from deskhand_finetune.prepare.answers import Example

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


def split(examples: Sequence[Example]) -> Split:
    """The sides of ``examples``, by company where that leaves enough on every side."""
    one, other = _sides(examples, "organization"), _sides(examples, "customer")
    kept, whole = Counter(one), Counter(other)
    is_enough = all(kept[side] >= ENOUGH * whole[side] for side in SPLITS)
    return Split(one, "organization") if is_enough else Split(other, "customer")


def _sides(examples: Sequence[Example], by: By) -> list[Side | None]:
    # Two desks may use the same ids: what shares one goes to one side, by the newest of it.
    newest: dict[str, str] = {}
    for example in examples:
        newest[example.ticket_id] = max(example.created_at, newest.get(example.ticket_id, ""))
    order = sorted((created, ticket) for ticket, created in newest.items())
    test_from = len(order) - round(len(order) * TEST_SHARE)
    validation_from = test_from - round(len(order) * VALIDATION_SHARE)
    sides: dict[str, Side] = {
        ticket: "train" if place < validation_from else "validation" if place < test_from else "test"
        for place, (_, ticket) in enumerate(order)
    }
    group = _groups(examples, by)
    counts: dict[str, Counter[Side]] = defaultdict(Counter)
    for ticket, name in {example.ticket_id: group[example.ticket_id] for example in examples}.items():
        counts[name][sides[ticket]] += 1
    home = _homes(counts, round(MOST_GIVEN_UP * len(order)))
    return [
        sides[example.ticket_id] if home[group[example.ticket_id]] == sides[example.ticket_id] else None
        for example in examples
    ]


def _groups(examples: Iterable[Example], by: By) -> dict[str, str]:
    """For each ticket the name of its group: what customers, and companies if ``by`` says so, tie together."""
    above: dict[str, str] = {}

    def top(name: str) -> str:
        above.setdefault(name, name)
        while above[name] != name:
            above[name] = above[above[name]]
            name = above[name]
        return name

    tickets: dict[str, str] = {}
    for example in examples:
        own = tickets[example.ticket_id] = f"ticket {example.ticket_id}"
        company = example.organization if by == "organization" else ""
        for name in (f"customer {example.customer}" * bool(example.customer), f"company {company}" * bool(company)):
            if name:
                above[top(name)] = top(own)
    return {ticket: top(own) for ticket, own in tickets.items()}


def _homes(counts: dict[str, Counter[Side]], budget: int) -> dict[str, Side]:
    """For each group its side; the test chooses first."""
    home: dict[str, Side] = {name: max(SPLITS, key=held.__getitem__) for name, held in counts.items()}
    sides: tuple[tuple[Side, tuple[Side, ...]], ...] = (("test", ("train", "validation")), ("validation", ("train",)))
    chosen: set[str] = set()
    for newest, older in sides:
        costs = {name: sum(held[side] for side in older) for name, held in counts.items() if held[newest]}
        cheapest = sorted((cost / counts[name][newest], name) for name, cost in costs.items() if name not in chosen)
        for _, name in cheapest:
            if costs[name] <= budget:
                budget -= costs[name]
                home[name] = newest
                chosen.add(name)
    return home
