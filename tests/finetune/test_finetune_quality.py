"""Which answers are learnt, what is folded, and that nothing crosses between the splits."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest

from deskhand_finetune.prepare import prepare
from deskhand_finetune.prepare.answers import Example
from deskhand_finetune.prepare.clean import company
from deskhand_finetune.prepare.conversation import Conversation, Turn
from deskhand_finetune.prepare.duplicates import are_alike, groups, shingles
from deskhand_finetune.prepare.fold import near_duplicates, surplus
from deskhand_finetune.prepare.identity import distinct
from deskhand_finetune.prepare.leaks import TEST, TRAIN, VALIDATION, crossing, leaks, refuse_leaks
from deskhand_finetune.prepare.quality import why_poor_answer
from deskhand_finetune.prepare.split import SPLITS, split
from deskhand_finetune.tickets import Message, Ticket
from deskhand_guardrails.errors import InputError

Lines = Callable[[Path], list[dict[str, Any]]]
Make = Callable[..., dict[str, Any]]
Write = Callable[[Path, list[Any]], Path]
ENGLISH = "Please open the Returns Centre in your account, choose the order, print the label and drop it at any shop."
GERMAN = "Bitte öffnen Sie das Rücksendezentrum in Ihrem Konto, wählen Sie die Bestellung und drucken Sie das Etikett."


@pytest.mark.parametrize(
    ("answer", "asked", "reply", "reason"),
    [
        (ENGLISH, ENGLISH, "", ""),
        (ENGLISH, ENGLISH, "Thanks a lot, that helped!", ""),
        (ENGLISH, ENGLISH, "Thank you. And can I do the same for my other order?", ""),
        (ENGLISH, ENGLISH, "I tried, but that didn't help.", "did_not_help"),
        (ENGLISH, ENGLISH, "It still doesn’t work.", "did_not_help"),
        (GERMAN, GERMAN, "Das hat leider nicht funktioniert.", "did_not_help"),
        (GERMAN, GERMAN, "Der Link funktioniert immer noch nicht.", "did_not_help"),
        (GERMAN, GERMAN, "Sigue sin funcionar.", "did_not_help"),
        (GERMAN, GERMAN, "Prima, hat geklappt.", ""),
        (ENGLISH, GERMAN, "", "other_language"),
        ("Please reset it.", GERMAN, "", ""),
        ("word " * 401, "Why?", "", "too_long"),
    ],
)
def test_why_an_answer_is_poor(answer: str, asked: str, reply: str, reason: str) -> None:
    assert why_poor_answer(answer, asked, reply) == reason


def test_what_the_help_desk_and_the_guard_say(tmp_path: Path, ticket_of: Make, write: Write, lines_of: Lines) -> None:
    made = [ticket_of(number) for number in range(1, 21)]
    made[0] |= {"metric_set": {"reopens": 3}, "satisfaction_rating": None}
    made[1] |= {"metric_set": {"reopens": 3}}
    made[2] |= {"metric_set": {"reopens": 2}, "satisfaction_rating": None}
    made[3]["comments"][3]["html_body"] = "<p>You are a stupid idiot and I hope that you rot. Get lost, you scum.</p>"
    made[4]["comments"][4]["html_body"] = "<p>That did not help, the page is empty.</p>"
    again = made[10] | {"id": 400, "created_at": made[9]["created_at"]}
    report = prepare([write(tmp_path / "tickets.json", [*made, again])], tmp_path / "out", workers=1)
    found = {line["reason"]: line["ticket_id"] for line in lines_of(tmp_path / "out" / "quarantine.jsonl")}
    assert (found["reopened"], found["hostile"], found["did_not_help"]) == ("1", "4", "5")
    assert found["near_duplicate"] == "400", "the older of the two"
    assert report.kept == 17, report.left_out
    assert report.canned["near_duplicates"] == 1


def _conversation(number: int, *said: str) -> Conversation:
    turns = tuple(Turn(("user", "assistant")[place % 2], text, "") for place, text in enumerate(said))
    return Conversation(str(number), str(number), f"2026-01-{number + 1:02}", "", (), "en", turns)


def test_near_duplicates_are_conversations_that_say_the_same() -> None:
    asked = "Where is my parcel <ORDER_ID_1>? It was sent on Monday and the tracking has not moved since then at all."
    held = [
        _conversation(0, asked, ENGLISH),
        _conversation(1, asked.replace("_1", "_2").replace("Monday", "Tuesday"), ENGLISH),
        _conversation(2, asked, GERMAN),
        _conversation(3, "Another question altogether, about the colour of the tent that I bought.", ENGLISH),
    ]
    assert near_duplicates(held) == {0}


def test_of_a_template_the_rated_and_the_newest_copies_stay() -> None:
    held = [replace(_example(number), rating="good" if number == 2 else "") for number in range(6)]
    assert surplus(held, [0] * 6, 3) == {0, 1, 3}
    assert surplus(held, [0, 0, 0, 3, 3, 3], 3) == set()


def _example(number: int, customer: str = "", organization: str = "") -> Example:
    return Example(
        ticket_id=str(number),
        customer=customer or str(number),
        created_at=f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        answered_at=f"2026-01-02T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        tags=(),
        language="en",
        conversation=(("user", f"Question {number}"),),
        answer=f"Answer {number}",
        organization=organization,
    )


def _apart(examples: list[Example], names: Callable[[Example], str]) -> bool:
    sides: dict[str, set[str]] = {}
    for example, side in zip(examples, split(examples).sides, strict=True):
        if side and names(example):
            sides.setdefault(names(example), set()).add(side)
    return all(len(own) == 1 for own in sides.values())


def test_split_keeps_time_customers_and_companies_apart() -> None:
    examples = [
        _example(number, str(number % 150), f"company {number % 7}" if number % 5 == 0 else "") for number in range(400)
    ]
    sides, by = split(examples)
    counts = Counter(sides)
    assert by == "organization"
    assert _apart(examples, lambda example: example.customer)
    assert _apart(examples, lambda example: example.organization)
    assert counts["train"] > 200
    assert min(counts["test"], counts["validation"], counts[None]) > 0
    place = {side: [number for number, own in enumerate(sides) if own == side] for side in counts}
    assert max(place["train"]) < min(place["validation"]) <= max(place["validation"]) < min(place["test"])


def test_without_customers_the_shares_are_exact() -> None:
    sides, _ = split([replace(_example(number), customer="") for number in range(200)])
    assert Counter(sides) == {"train": 170, "validation": 10, "test": 20}


def test_regular_customers_do_not_eat_up_the_training() -> None:
    """Each of a hundred writes all year: to hold all of them for the test would leave nothing to learn from."""
    counts = Counter(split([_example(number, str(number % 100)) for number in range(2000)]).sides)
    assert counts["train"] > 1000
    assert counts["test"] > 20


def test_an_internal_desk_is_split_by_customer() -> None:
    examples = [_example(number, str(number % 150), "firm.example") for number in range(400)]
    sides, by = split(examples)
    assert by == "customer"
    assert Counter(sides)["test"] > 20
    assert _apart(examples, lambda example: example.customer)


@pytest.mark.parametrize(
    ("address", "domain"),
    [("ada@Firm.example", "firm.example"), ("ada@gmail.com", ""), ("4711", ""), ("", "")],
)
def test_a_company_is_told_by_its_mail_domain(address: str, domain: str) -> None:
    assert company(address) == domain


@pytest.mark.parametrize(
    "what", ["", "tickets", "customers", "organizations", "near_duplicates", "newer_training", "foreign_sources"]
)
def test_the_leak_check_sees_each_kind_of_leak(tmp_path: Path, what: str) -> None:
    one = replace(_conversation(1, ENGLISH, ENGLISH), organization="a")
    two = replace(_conversation(2, GERMAN, GERMAN), organization="b")
    held = {"train": ["1"], "validation": [], "test": ["2"]}
    source = "ticket:1"
    if what == "tickets":
        held["train"].append("2")
    elif what == "customers":
        two = replace(two, customer="1")
    elif what == "organizations":
        two = replace(two, organization="a")
    elif what == "near_duplicates":
        two = replace(two, turns=one.turns)
    elif what == "newer_training":
        one = replace(one, created_at="2027")
    elif what == "foreign_sources":
        source = "ticket:2"
    for side, tickets in held.items():
        lines = [
            json.dumps({"ticket_id": ticket, "source_ids": [] if ticket == "1" else [source]}) for ticket in tickets
        ]
        (tmp_path / f"{side}.jsonl").write_text("".join(line + "\n" for line in lines))
    found = leaks(tmp_path, [one, two], by_organization=True)
    crossing = {name for name, count in found.items() if count}
    # A ticket on two sides takes its customer and its company with it, and the training holds a test ticket.
    along = {"customers", "organizations", "newer_training", "foreign_sources"} if what == "tickets" else set[str]()
    assert crossing - along == {what} - {""}
    if what:
        with pytest.raises(InputError, match="the splits leak"):
            refuse_leaks(found, tmp_path)
    else:
        refuse_leaks(found, tmp_path)


def test_tickets_of_two_desks_with_the_same_ids(tmp_path: Path) -> None:
    """They go to one side together, by the newer of the two, whichever export comes first."""
    one = [_example(number) for number in range(40)]
    other = [replace(_example(79 - number), ticket_id=str(number)) for number in range(40)]
    for examples in ([*one, *other], [*other, *one]):
        sides, _ = split([replace(example, customer="") for example in examples])
        assert Counter(sides) == {"train": 68, "validation": 4, "test": 8}
        by_ticket = {example.ticket_id: side for example, side in zip(examples, sides, strict=True)}
        assert {ticket for ticket, side in by_ticket.items() if side == "test"} == {"0", "1", "2", "3"}
        for side in ("train", "validation", "test"):
            tickets = [ticket for ticket, own in by_ticket.items() if own == side]
            lines = "".join(json.dumps({"ticket_id": ticket, "source_ids": []}) + "\n" for ticket in tickets)
            (tmp_path / f"{side}.jsonl").write_text(lines)
        conversations = [
            replace(_conversation(0, ""), ticket_id=example.ticket_id, customer="", created_at=example.created_at)
            for example in examples
        ]
        assert leaks(tmp_path, conversations, by_organization=True)["newer_training"] == 0


def test_near_duplicates_that_minhash_misses_do_not_cross(
    tmp_path: Path, ticket_of: Make, write: Write, lines_of: Lines
) -> None:
    """Eight of ten word triples are shared, yet no band: found by trying 192,000 pairs. The older of the two goes."""
    made = [ticket_of(number) for number in range(1, 41)]
    for ticket, end in ((made[0], "weekly"), (made[39], "now")):
        ticket["subject"] = "Is haze scarf sand?"
        ticket["comments"] = [ticket["comments"][0], ticket["comments"][3]]
        for comment, text in zip(
            ticket["comments"], (ticket["subject"], f"Yes, both gold and sand, rack {end}."), strict=True
        ):
            comment["html_body"] = f"<p>{text}</p>"
    report = prepare([write(tmp_path / "tickets.json", made)], tmp_path / "out", workers=1)
    found = [line for line in lines_of(tmp_path / "out" / "quarantine.jsonl") if "duplicate" in line["reason"]]
    assert [(line["ticket_id"], line["reason"]) for line in found] == [("1", "duplicate_on_other_side")]
    assert report.kept == 39
    assert "near duplicates on two sides, the older left out: 1" in report.lines()
    assert {"40"} <= {line["ticket_id"] for line in lines_of(tmp_path / "out" / "test.jsonl")}


def _ticket(name: str, source: str, text: str, day: int = 1) -> Ticket:
    at = datetime(2026, 1, day, tzinfo=UTC)
    return Ticket(name, source, (Message("customer", text, at),), at)


def test_tickets_of_two_desks_get_ids_of_their_own() -> None:
    tickets = [
        _ticket("1", "zendesk", "Hello"),
        _ticket("2", "zendesk", "Hello"),
        _ticket("1", "freshdesk", "Hello"),
        _ticket("1", "zendesk", "Hello"),
        _ticket("1", "zendesk", "Of another account"),
        _ticket("1", "zendesk", "Hello", day=2),
        _ticket("1", "freshdesk", "Hello"),
    ]
    names = ["1", "2", "freshdesk:1", "1", "zendesk:1", "zendesk:1:2", "freshdesk:1"]
    assert [ticket.id for ticket in distinct(tickets)] == names


def test_two_exports_with_the_same_numbers(tmp_path: Path, ticket_of: Make, write: Write, lines_of: Lines) -> None:
    """Nothing of either is lost, and what is known by its number alone is not mixed up."""
    ours = [ticket_of(number) for number in range(1, 21)]
    theirs = [ticket_of(number) | {"id": number - 20} for number in range(21, 41)]
    exports = [write(tmp_path / f"{name}.json", made) for name, made in (("ours", ours), ("theirs", theirs))]
    report = prepare(exports, tmp_path / "out", workers=1)
    assert report.tickets == report.kept == 40
    written = [line["ticket_id"] for side in SPLITS for line in lines_of(tmp_path / "out" / f"{side}.jsonl")]
    assert sorted(written) == sorted(f"{desk}{number}" for desk in ("", "zendesk:") for number in range(1, 21))


def _texts(draw: random.Random, count: int, form: str) -> list[str]:
    words = ["".join(parts) for parts in product("bdfgk", "aeiou", "lmnrst", "aeio")]
    return [f"{form} {' '.join(draw.choices(words, k=14))}" for _ in range(count)]


def test_near_duplicates_are_found_among_many_tickets_of_one_form() -> None:
    """More than a bucket takes, each sharing two thirds of its words with every other."""
    draw = random.Random(0)
    (form,) = _texts(draw, 1, "Topic of the request and product and where it was bought and what we may do for you:")
    texts = _texts(draw, 400, form)
    again = [text.rsplit(" ", 1)[0] for text in texts[::20]]
    found = groups([*texts, *again])
    assert found.tolist() == [*range(400), *range(0, 400, 20)]


def test_pairs_that_cross_are_those_that_comparing_all_finds() -> None:
    draw = random.Random(0)
    starts = [text.split() for text in _texts(draw, 8, "in short")]
    made = []
    for number in range(240):
        words = [*draw.choice(starts)]
        for _ in range(draw.randrange(4)):
            words[draw.randrange(len(words))] = draw.choice(starts[0])
        made.append(_conversation(number, " ".join(words[draw.randrange(4) :])))
    sides = draw.choices([TRAIN, VALIDATION, TEST], k=len(made))
    sets = [shingles(one.turns[0].text) for one in made]
    expected = {
        (one, other)
        for one, other in combinations(range(len(made)), 2)
        if sides[one] != sides[other] and are_alike(sets[one], sets[other])
    }
    assert len(expected) > 100
    assert set(crossing(made, sides)) == expected
