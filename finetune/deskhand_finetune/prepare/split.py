"""Splits by time and by customer: the test is on later tickets, from customers that training has never met.

Tickets in order of creation: the oldest 85 % are for training, the next 5 % for validation, the newest 10 % for the
test. A customer with tickets on several sides stays with the newest and the older ones are left out, for moving them
would break the order of time. Only a customer with many older tickets (a company's account) stays with those.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Literal

from deskhand_finetune.prepare.answers import Example

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
TEST_SHARE, VALIDATION_SHARE = 0.10, 0.05
# Training is large and a test is dear: so many older tickets are given up for a customer's newest one.
MOST_GIVEN_UP = 10


def split(examples: Sequence[Example]) -> list[Split | None]:
    """For each example its side; None when its customer stays on another."""
    tickets = sorted({(example.created_at, example.ticket_id, example.customer) for example in examples})
    test_from = len(tickets) - round(len(tickets) * TEST_SHARE)
    validation_from = test_from - round(len(tickets) * VALIDATION_SHARE)
    sides: dict[str, Split] = {}
    of_customer: dict[str, Counter[Split]] = defaultdict(Counter)
    for place, (_, ticket, customer) in enumerate(tickets):
        side: Split = "train" if place < validation_from else "validation" if place < test_from else "test"
        sides[ticket] = side
        of_customer[customer][side] += 1
    home = {customer: _home(counts) for customer, counts in of_customer.items() if customer}
    return [
        sides[example.ticket_id]
        if home.get(example.customer, sides[example.ticket_id]) == sides[example.ticket_id]
        else None
        for example in examples
    ]


def _home(counts: Counter[Split]) -> Split:
    order: tuple[tuple[Split, tuple[Split, ...]], ...] = (("test", ("train", "validation")), ("validation", ("train",)))
    for newest, older in order:
        if counts[newest] and sum(counts[side] for side in older) <= MOST_GIVEN_UP * counts[newest]:
            return newest
    return max(SPLITS, key=lambda side: counts[side])


def leaks(examples: Sequence[Example], sides: Sequence[Split | None]) -> dict[str, int]:
    """What must be nothing: customers or tickets on two sides, and training tickets newer than the test's oldest."""
    customers, tickets = defaultdict(set), defaultdict(set)
    times: dict[str, list[str]] = defaultdict(list)
    for example, side in zip(examples, sides, strict=True):
        if side is not None:
            if example.customer:
                customers[example.customer].add(side)
            tickets[example.ticket_id].add(side)
            times[side].append(example.created_at)
    oldest = min(times["test"], default="9999")
    return {
        "customers_on_two_sides": sum(len(held) > 1 for held in customers.values()),
        "tickets_on_two_sides": sum(len(held) > 1 for held in tickets.values()),
        "training_newer_than_test": sum(time > oldest for time in times["train"]),
    }
