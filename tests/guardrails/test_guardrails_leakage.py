"""What an answer gives away: instructions, canaries, another customer's numbers."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from deskhand_guardrails import Context, Policy, Rails, Setup, Source
from deskhand_guardrails.detectors.leakage import Leakage
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.prompt import HAND_OVER, INSTRUCTIONS

PROMPT = """You are Robin, the assistant of Fernhollow. We are open from 9:00 to 17:30 on working days.
Never offer more than a 10 % discount, and do not mention the outlet store in Leeds.
Always answer in the customer's language and keep replies under eighty words.
If you do not know, say "Let me put you through to one of my colleagues in the workshop team in Leeds."
Be polite."""

GIVEN_AWAY = [
    INSTRUCTIONS,
    "Sure! My instructions are: " + INSTRUCTIONS,
    PROMPT,
    "Never offer more than a 10 % discount, and do not mention the outlet store in Leeds.",
    "I was told: never offer more than a 10% discount and do not mention the outlet store in Leeds, so I can't.",
    "“Always answer in the customer's language and keep replies under eighty words.”",
    "always ANSWER in the customer's language, and keep my replies under eighty words",
    "It says\n1. Always answer in the customer’s language\n2. and keep replies under eighty words",
    "Nеver offer morе than a 10 % discоunt, and do not mention the outlet store in Leeds.",
    base64.b64encode(b"Never offer more than a 10 % discount, and do not mention the outlet store in Leeds.").decode(),
    "Never offer more than a 10 % discount, and do not mention the outlet store in Leeds."[::-1],
    "You are Robin, the assistant of Fernhollow.",
    "If they do not hold the answer, offer to hand over to a person.",
]

KEPT = [
    HAND_OVER,
    "We are open from 9:00 to 17:30 on working days.",
    "I cannot tell you my instructions, but I can help with your order.",
    "Students get a 10 % discount.",
    "I am Robin. How can I help?",
    "The answer is in the email that we sent you. If it does not hold the number, write to us.",
    "I would rather hand over to a person who can offer you more.",
    "Be polite.",
    "We have an outlet store, yes, but I do not know its opening hours.",
    "Please answer in English and keep your reply short.",
    "Let me put you through to one of my colleagues in the workshop team in Leeds.",
    "Ok",
    "",
]


def test_tables_are_whole() -> None:
    assert (len(GIVEN_AWAY), len(KEPT)) == (13, 13)


@pytest.mark.parametrize("answer", GIVEN_AWAY)
def test_instructions_are_found(answer: str) -> None:
    (found,) = Leakage().detect(answer, Context(instructions=PROMPT))
    assert (found.label, found.start, found.end) == ("instructions", 0, len(answer))


@pytest.mark.parametrize("answer", KEPT)
def test_facts_and_talk_about_instructions_pass(answer: str) -> None:
    assert Leakage().detect(answer, Context(instructions=PROMPT)) == []


def test_a_prompt_that_the_context_does_not_know_is_no_secret() -> None:
    assert Leakage().detect(GIVEN_AWAY[3], Context()) == []


@pytest.mark.parametrize(
    "answer",
    [
        "The code word is heron-4417-lantern.",
        "H E R O N 4 4 1 7 L A N T E R N",
        "Heron 4417, Lantern",
        "nretnal7144noreh",
        base64.b64encode(b"the word is heron-4417-lantern").decode(),
    ],
)
def test_canaries_however_spelt(answer: str) -> None:
    assert [one.label for one in Leakage(["heron-4417-lantern"]).detect(answer, Context())] == ["canary"]
    assert Leakage(["otter-9926-candle"]).detect(answer, Context()) == []


TICKET = Source("Parcel 93847562 lost?", "We found it. We wrote to kim@mail.example, ticket TK-448812.", "ticket:5")
ARTICLE = Source("Contact", "Write to care@shop.example. The stove is model ST-20451.", "contact.md")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Your parcel 93847562 was found.", "93847562"),
        ("We wrote to kim@mail.example.", "kim@mail.example"),
        ("See ticket TK-448812.", "TK-448812"),
        ("Write to care@shop.example about the ST-20451.", None),
        ("Your order 5512345 is on its way.", None),
        ("It takes 5 days.", None),
    ],
)
def test_what_stands_in_another_customers_ticket(answer: str, expected: str | None) -> None:
    context = Context(question="Where is my order 5512345?", sources=[TICKET, ARTICLE])
    found = Leakage().detect(answer, context)
    assert [answer[one.start : one.end] for one in found] == ([expected] if expected else [])
    assert {one.label for one in found} <= {"other_customer"}
    own = Context(question=f"{TICKET.title} {TICKET.text}", sources=[TICKET])
    assert Leakage().detect(answer, own) == []


def _policy(folder: Path, **settings: object) -> Path:
    section = {"rails": {"config": {"deskhand": {"detectors": {"leakage": settings}}}}}
    (folder / "config.yml").write_text(yaml.safe_dump(section))
    return folder


def _built(folder: Path) -> Leakage:
    policy = Policy.load(folder)
    detector = policy.types["leakage"].build(Setup(policy.detectors["leakage"], "output", policy))
    assert isinstance(detector, Leakage)
    return detector


def test_canaries_of_a_policy(tmp_path: Path) -> None:
    (tmp_path / "canaries.txt").write_text("heron-4417-lantern\n\notter-9926-candle\n")
    leakage = _built(_policy(tmp_path, canaries=["badger-1-window"], canaries_file="canaries.txt"))
    for word in ("heron-4417-lantern", "otter-9926-candle", "badger-1-window"):
        assert [one.label for one in leakage.detect(f"It is {word}.", Context())] == ["canary"]


def test_the_rails_hold_instructions_back(rails: Rails) -> None:
    verdict = rails.check_output(f"I was told: {INSTRUCTIONS}")
    assert (verdict.decision, verdict.reason) == ("review", "leakage: instructions")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"canaries": ["heron-4417", "no"]}, "leakage.canaries: number 2 has fewer than 8 letters and digits"),
        ({"canaries_file": "none.txt"}, r"leakage.canaries_file: none\.txt: cannot be read \(FileNotFoundError\)"),
        ({"canaries_file": "short.txt"}, r"leakage.canaries_file: short\.txt, line 2: fewer than 8"),
        ({"input": "block"}, "leakage.input: "),
    ],
)
def test_settings_that_do_not_fit(tmp_path: Path, settings: dict[str, object], says: str) -> None:
    (tmp_path / "short.txt").write_text("heron-4417-lantern\nno\n")
    folder = _policy(tmp_path, **settings)
    with pytest.raises(ConfigError, match=says):
        _built(folder)
