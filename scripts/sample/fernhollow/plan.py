"""Who writes when about what, for two years, before a single sentence is written.

Kinds are dealt in decks that hold every kind at least once, so that any stretch of about sixty
tickets knows all of them and a split by time never meets a kind it has not seen.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal

from fernhollow import people
from fernhollow.people import Firm, Person
from fernhollow.wording import Kind, Words

Outcome = Literal["answered", "open", "spam", "empty", "deleted", "merged"]

OPENED = datetime(2024, 9, 2, 8, 0, tzinfo=UTC)
FIRST_DAY = datetime(2024, 10, 7, tzinfo=UTC)
LAST_DAY = datetime(2026, 10, 18, tzinfo=UTC)
FIRST_TICKET_ID = 20_014

_OFTEN = {
    "delivery_where": 3, "refund_after_return": 2, "item_damaged": 2, "return_start": 2, "warranty": 2,
    "delivery_marked_delivered": 2, "password_reset": 2, "voucher_not_accepted": 2,
}  # fmt: skip
_OUTCOMES: tuple[tuple[Outcome, float], ...] = (("spam", 0.02), ("empty", 0.004), ("deleted", 0.006), ("open", 0.05))
_MERGED_SHARE = 0.02
_FOREIGN_SHARE = 0.145  # of the tickets of a kind that has German or Spanish wording: about 4 % of all
_FIRM_SHARE = 0.02
_CUSTOMERS_PER_TICKET = 0.56
_RETURNING = 0.4
_HOURS = (6, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 20, 21, 22, 23)


@dataclass
class Entry:
    """One ticket to be written. Equal `case_seed`s mean the same order of the same customer."""

    at: datetime
    kind: Kind | None
    language: str
    pool: str
    outcome: Outcome
    case_seed: str
    voice_seed: str
    id: int = 0
    customer: Person | None = None
    twin: "Entry | None" = None  # merged: the ticket it went into; answered: the one merged into it

    @property
    def requester(self) -> Person:
        """The customer; every entry of a finished plan has one."""
        if self.customer is None:
            raise ValueError(f"ticket {self.id} has no customer yet")
        return self.customer


@dataclass(frozen=True)
class Plan:
    """All tickets in order of time and everybody who takes part."""

    entries: list[Entry]
    customers: list[Person]
    agents: list[Person]
    automated: Person
    firms: list[Firm]


def make(seed: int, count: int, words: Words) -> Plan:
    """Plan `count` tickets."""
    rng = Random(f"{seed}:plan")
    merged = round(count * _MERGED_SHARE)
    times = _times(rng, count - merged)
    kinds = _deal(rng, words, len(times))
    entries = [
        _entry(rng, f"{seed}:{number}", at, kind) for number, (at, kind) in enumerate(zip(times, kinds, strict=True))
    ]
    firms = people.firms()
    customers = _cast(rng, entries, firms)
    entries += _duplicates(rng, entries, merged)
    entries.sort(key=lambda entry: entry.at)
    next_id = FIRST_TICKET_ID
    for entry in entries:
        entry.id = next_id
        next_id += rng.choice((1, 1, 1, 2, 3))
    return Plan(entries, customers, people.agents(OPENED), people.automated(OPENED), firms)


def _times(rng: Random, count: int) -> list[datetime]:
    days = (LAST_DAY - FIRST_DAY).days
    moments = [timedelta(rng.randrange(days), rng.randrange(3600), hours=rng.choice(_HOURS)) for _ in range(count)]
    return sorted(FIRST_DAY + moment for moment in moments)


def _deal(rng: Random, words: Words, count: int) -> list[Kind]:
    dealt: list[Kind] = []
    while len(dealt) < count:
        deck = [kind for kind in words.kinds.values() for _ in range(_OFTEN.get(kind.name, 1))]
        rng.shuffle(deck)
        dealt += deck
    return dealt[:count]


def _entry(rng: Random, seed: str, at: datetime, kind: Kind) -> Entry:
    outcome, chance = _outcome(rng), rng.random()
    language = "en"
    for foreign in ("de", "es"):
        if foreign in kind.parts and outcome in ("answered", "open"):
            if chance < _FOREIGN_SHARE:
                language = foreign
            chance -= _FOREIGN_SHARE
            if chance < 0:
                break
    pool = language
    if outcome == "spam":
        pool = "spam"
    elif kind.business or (language == "en" and rng.random() < (0.4 if kind.name == "invoice" else _FIRM_SHARE)):
        pool = "firm"
    about = None if outcome == "spam" else kind
    return Entry(at, about, language, pool, outcome, case_seed=f"{seed}:case", voice_seed=f"{seed}:voice")


def _outcome(rng: Random) -> Outcome:
    chance = rng.random()
    for outcome, share in _OUTCOMES:
        if chance < share:
            return outcome
        chance -= share
    return "answered"


def _cast(rng: Random, entries: list[Entry], firms: list[Firm]) -> list[Person]:
    """Give every entry a customer; about a third of the customers come back."""
    by_pool: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_pool[entry.pool].append(entry)
    customers: list[Person] = []
    for pool in sorted(by_pool):
        waiting = by_pool[pool]
        size = len(waiting) if pool == "spam" else max(1, round(len(waiting) * _CUSTOMERS_PER_TICKET))
        regulars = range(max(1, round(size * _RETURNING)))
        visits = [*range(size), *(rng.choice(regulars) for _ in range(len(waiting) - size))]
        rng.shuffle(visits)
        known: dict[int, Person] = {}
        for entry, visitor in zip(waiting, visits, strict=True):
            if visitor not in known:
                firm = rng.choice(firms) if pool == "firm" else None
                number = len(customers) + len(known)
                known[visitor] = people.customer(
                    rng, number=number, language=entry.language, created=entry.at, firm=firm
                )
            entry.customer = known[visitor]
        customers += known.values()
    return customers


def _duplicates(rng: Random, entries: list[Entry], count: int) -> list[Entry]:
    """Second requests about the same thing, which an agent merges into the first."""
    candidates = [entry for entry in entries if entry.outcome == "answered" and entry.language == "en"]
    made: list[Entry] = []
    for first in rng.sample(candidates, min(count, len(candidates))):
        at = first.at + timedelta(minutes=rng.randint(20, 55))
        twin = replace(first, at=at, outcome="merged", voice_seed=f"{first.voice_seed}:again", twin=first)
        first.twin = twin
        made.append(twin)
    return made
