"""Personal data on its way into a dataset: replaced over whole conversations, substituted, looked at again, gated."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deskhand_finetune.prepare import PrepareReport, prepare
from deskhand_finetune.prepare.clean import Rules, clean_ticket, known_names
from deskhand_finetune.prepare.conversation import Conversation
from deskhand_finetune.prepare.page import page
from deskhand_finetune.prepare.records import NOTES
from deskhand_finetune.prepare.residual import compared, estimate
from deskhand_finetune.prepare.second_look import ignored, look
from deskhand_finetune.prepare.substitutes import CARDS, draw, put
from deskhand_finetune.tickets.ticket import Message, Ticket
from deskhand_guardrails import Policy
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.verdicts import Finding

Lines = Callable[[Path], list[dict[str, Any]]]
Make = Callable[..., dict[str, Any]]
Write = Callable[[Path, list[Any]], Path]
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def _ticket(*said: tuple[str, str]) -> Ticket:
    """A solved ticket of (who, text); ``note`` is an agent's internal note."""
    messages = tuple(
        Message(
            role="customer" if who == "customer" else "agent",
            text=text,
            at=START + timedelta(minutes=place),
            author="Maren Holt" if who == "customer" else "Olu Adeyemi",
            public=who != "note",
        )
        for place, (who, text) in enumerate(said)
    )
    return Ticket("1", "deskhand", messages, START, subject="Lamp", status="solved")


def _conversation(*said: tuple[str, str], rules: Rules | None = None) -> Conversation:
    conversation, _ = clean_ticket(_ticket(*said), rules or Rules())
    assert conversation is not None
    return conversation


def test_a_value_is_replaced_before_and_after_the_message_that_gives_it_away() -> None:
    made = _conversation(
        ("customer", "The code QX-7741-B is on my invoice, and Wilkesworth will pick the lamp up at noon."),
        ("agent", "Please hold the button for five seconds and plug it in again."),
        ("customer", "My neighbour is called Tamsin Wilkesworth and my order number is QX-7741-B."),
        ("agent", "Thanks, Tamsin can pick it up with the slip that we sent to you today."),
    )
    text = "\n".join(turn.text for turn in made.turns)
    assert "Wilkesworth" not in text
    assert "Tamsin" not in text
    assert "7741" not in text
    (number,) = set(re.findall(r"<ORDER_ID_\d+>", text))
    assert text.count(number) == 2


def test_those_who_take_part_are_known_by_name_or_address() -> None:
    ticket = _ticket(("customer", "x"), ("note", "y"))
    assert known_names(ticket) == ["Maren Holt", "Olu Adeyemi"]
    (message, _) = ticket.messages
    by_address = replace(ticket, messages=(replace(message, author="tamsin.wilkesworth@web.example"),))
    assert known_names(by_address) == ["tamsin wilkesworth", "tamsin.wilkesworth@web.example"]
    assert known_names(replace(ticket, messages=(replace(message, author="info@web.example"),))) == ["info@web.example"]


def _policy(folder: Path, extra: str) -> Policy:
    folder.mkdir(exist_ok=True)
    (folder / "config.yml").write_text(
        f'colang_version: "1.0"\nmodels: []\nrails:\n  config:\n    deskhand:\n      version: 1\n{extra}'
    )
    return Policy.load(folder)


def test_the_companys_own_contact_data_stays_and_is_no_leak(tmp_path: Path) -> None:
    policy = _policy(tmp_path / "policy", "      allow:\n        domains: [lampworks.example]\n")
    said = (
        ("customer", "Who can help? I wrote to maren@web.example before."),
        ("agent", "Write to care@lampworks.example and send the photo of the lamp along, please."),
    )
    made = _conversation(*said, rules=Rules(policy.folder))
    assert "care@lampworks.example" in made.turns[-1].text
    assert "maren@web" not in made.turns[0].text
    assert made.suspects == ()
    assert "care@lampworks.example" not in _conversation(*said).turns[-1].text


def test_notes_enter_only_when_asked_and_then_as_notes() -> None:
    said = (
        ("customer", "The lamp is dark."),
        ("note", "Maren called twice, phone +44 20 7946 0018."),
        ("agent", "Please hold the button for five seconds and plug it in again."),
    )
    assert _conversation(*said).notes == ()
    made = _conversation(*said, rules=Rules(notes=True))
    (note,) = made.notes
    assert note.text == "<PERSON_1> called twice, phone <PHONE_NUMBER_1>."
    assert [turn.role for turn in made.turns] == ["user", "assistant"]
    assert made == Conversation.from_json(json.loads(json.dumps(made.to_json())))


VALUES = {
    "<PERSON_1>": "Stavros Papadakis",
    "<PERSON_2>": "Stavros",
    "<EMAIL_ADDRESS_1>": "stavros.papadakis@mail.example",
    "<PHONE_NUMBER_1>": "+49 151 23456789",
    "<CREDIT_CARD_1>": "4556-7375-8689-9855",
    "<ORDER_ID_1>": "FH-20931",
    "<IP_ADDRESS_1>": "84.12.9.1",
    "<STREET_ADDRESS_1>": "12 High Street",
    "<DATE_OF_BIRTH_1>": "1970-03-04",
    "<PASSWORD_1>": "hunter2",
}


def test_substitutes_are_consistent_and_nobodys() -> None:
    drawn = draw(VALUES, language="de", seed="0:1")
    assert drawn == draw(dict(reversed(VALUES.items())), language="de", seed="0:1")
    assert drawn != draw(VALUES, language="de", seed="1:1")
    assert drawn["<PERSON_1>"].split()[0] == drawn["<PERSON_2>"]
    assert drawn["<EMAIL_ADDRESS_1>"].endswith("@example.com")
    assert re.fullmatch(r"\+49 (?:30 23125|89 99998|221 4710) \d{3}", drawn["<PHONE_NUMBER_1>"])
    assert drawn["<CREDIT_CARD_1>"].replace("-", " ") in CARDS
    assert re.fullmatch(r"FH-0\d{4}", drawn["<ORDER_ID_1>"])
    assert drawn["<IP_ADDRESS_1>"].startswith(("192.0.2.", "198.51.100.", "203.0.113."))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", drawn["<DATE_OF_BIRTH_1>"])
    assert "<PASSWORD_1>" not in drawn
    assert put("Hi <PERSON_2>, <PASSWORD_1>", drawn) == f"Hi {drawn['<PERSON_2>']}, <PASSWORD_1>"


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "it", "nl", "pt", "pl", "ja", "", "xx"])
def test_no_substitute_repeats_a_real_value(language: str) -> None:
    real = {word.casefold() for value in VALUES.values() for word in re.findall(r"[^\W\d_]{2,}", value)} - {
        "fh",
        "street",
    }
    for seed in range(40):
        drawn = draw(VALUES, language=language, seed=str(seed))
        assert set(drawn) == set(VALUES) - {"<PASSWORD_1>"}
        for placeholder, value in drawn.items():
            assert value != VALUES[placeholder]
            words = {word.casefold() for word in re.findall(r"[^\W\d_]{2,}", value)}
            assert not words & real - {"mail", "example", "high"}


SEEN: list[tuple[str, list[str]]] = [
    ("My husband Tobias Kranz paid.", ["Tobias Kranz"]),
    ("Danke, Herr Bernd, bis morgen.", ["Bernd"]),
    ("Ask HOLT about it.", ["HOLT"]),
    ("write to a.b@mail.example", ["a.b@mail.example"]),
    ("It says 85731890 on the box.", ["85731890"]),
    ("ring 0151 / 234 56 78", ["0151 / 234 56 78"]),
    ("from 84.12.9.1 again", ["84.12.9.1"]),
    ("in 50667 Köln", ["50667 Köln"]),
    ("the key aB3xK9mQ2zL7vR5tW1 works", ["aB3xK9mQ2zL7vR5tW1"]),
    ("a restaurant in San Jose", []),
    ("the Ashley Hotel", []),
    ("Turn right on Allison and wait.", []),
    ("on 2026-01-05 for 1,234,567.00", []),
    ("Hi <PERSON_1>, order <ORDER_ID_1>", []),
    ("OAuth2AccessTokenRequest failed", []),
    ("my trip to Paris", []),
    ("mark it as paid", []),
]


@pytest.mark.parametrize(("text", "found"), SEEN, ids=[row[0] for row in SEEN])
def test_the_second_look(text: str, found: list[str]) -> None:
    assert [text[seen.start : seen.end] for seen in look(text, ["Maren Hölt"])] == found


def test_what_the_owner_says_is_harmless_is_passed_over() -> None:
    text = "Ask for Nora Light, +44 20 7946 0018, care@shop.example or 85731890."
    ignore = ignored(["Nora", "+44 (20) 7946-0018", "@shop.example", "85731890"])
    assert len(look(text)) == 4
    assert look(text, (), ignore) == []


def test_suspects_are_what_stays_readable() -> None:
    text = "Hi Tobias Kranz, ring 85731890."
    found = [Finding("x", "PERSON", 1.0, 3, 9)]
    (one, other) = compared(text, "Hi <PERSON_1> Kranz, ring 85731890.", found, look(text), message=2, at="now")
    assert (one.kind, one.excerpt) == ("name", "Hi <PERSON_1> »Kranz«, ring 85731890.")
    assert (other.message, other.kind, other.start, other.end) == (2, "number", 26, 34)


def _looked(messages: int, found: int, suspects: int) -> Conversation:
    left = tuple({"kind": "name", "message": number} for number in range(suspects))
    return Conversation("1", "", "", "", (), "", (), messages=messages, looked={"name": found}, suspects=left)


def test_the_estimate_and_its_interval() -> None:
    even = estimate([_looked(10, 10, 1) for _ in range(100)], 0.05)
    assert (even.messages.part, even.messages.whole, even.messages.share) == (100, 1000, 0.1)
    assert even.messages.low < 0.1 < even.messages.high
    assert even.is_over
    assert even.kinds == {"name": {"found": 1000, "left": 100}}
    clustered = estimate([*(_looked(10, 10, 10) for _ in range(10)), *(_looked(10, 10, 0) for _ in range(90))], 0.2)
    assert clustered.messages.share == 0.1
    assert clustered.messages.high - clustered.messages.low > 2 * (even.messages.high - even.messages.low)
    assert not clustered.is_over
    none = estimate([], 0.0)
    assert (none.messages.share, none.messages.high, none.is_over) == (0.0, 1.0, False)


def _leaky(number: int, ticket_of: Make) -> dict[str, Any]:
    """A ticket whose customer names a number that no detector of the first look takes for anything."""
    made = ticket_of(number)
    told = f"The box says 8573189{number % 10}. My order is"
    made["comments"][0]["html_body"] = made["comments"][0]["html_body"].replace("My order is", told)
    return made


def test_the_gate_refuses_names_the_suspects_and_can_be_overridden(
    tmp_path: Path, ticket_of: Make, write: Write, lines_of: Lines
) -> None:
    path = write(tmp_path / "tickets.json", [_leaky(number, ticket_of) for number in range(1, 21)])
    out, suspects = tmp_path / "out", tmp_path / "out.suspects.jsonl"
    with pytest.raises(InputError, match=r"not written.*--despite-leaks") as refused:
        prepare([path], out, workers=1)
    assert "\n" not in str(refused.value)
    assert "8573" not in str(refused.value)
    assert not out.exists()
    assert stat.S_IMODE(suspects.stat().st_mode) == 0o600
    rows = lines_of(suspects)
    assert len(rows) == 20
    assert rows[0]["kind"] == "number"
    assert "»8573189" in rows[0]["excerpt"]
    report = prepare([path], out, workers=1, despite_leaks=True)
    assert report.residual["messages"]["part"] == 20
    assert "8573" not in (out / "report.json").read_text()
    assert "messages in which a second look still sees something: 20 of" in (out / "README.md").read_text()
    harmless = ", ".join(f'"8573189{digit}"' for digit in range(10))
    policy = _policy(tmp_path / "policy", f"      training_data:\n        ignore: [{harmless}]\n")
    assert prepare([path], out, workers=1, policy=policy).residual["messages"]["part"] == 0
    assert not suspects.exists()


def test_substitutes_and_notes_reach_the_records(tmp_path: Path, export: Path, lines_of: Lines) -> None:
    out = tmp_path / "out"
    report = prepare([export], out, workers=1, substitutes=True, notes=True)
    assert report.settings["substitutes"]
    records = [record for name in ("train", "test") for record in lines_of(out / f"{name}.jsonl")]
    text = json.dumps(records)
    assert not re.search(r"<[A-Z_]+_\d+>", text)
    assert "Maren" not in text
    assert "Olu" not in text
    assert "15123456789" not in re.sub(r"\D", "", text)
    noted = [record for record in records if NOTES in record["messages"][0]["content"]]
    assert len(noted) == len(records)
    assert "VIP" in noted[0]["messages"][0]["content"]
    assert "realistic values" in (out / "README.md").read_text()


def test_the_page_shows_counts_and_redacted_records(dataset: Path) -> None:
    held = (dataset / "report.html").read_text(encoding="utf-8")
    assert "second look" in held
    assert not any(word in held for word in ("Maren", "Holt", "<script", "http"))
    report = PrepareReport.from_json(json.loads((dataset / "report.json").read_text()), "x")
    said = [{"role": "system", "content": "S"}, {"role": "user", "content": "Is <b> or <ORDER_ID_1> in it?"}]
    shown = page(replace(report, replaced={"ORDER_ID": 7}), [{"messages": said, "ticket_id": "t1"}])
    assert "<td>ORDER_ID</td><td>7</td>" in shown
    assert "Is &lt;b&gt; or <mark>&lt;ORDER_ID_1&gt;</mark> in it?" in shown
