"""What is left of a message: one row, one habit of mail clients, help desks or people."""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from deskhand_finetune.prepare.answers import why_no_answer
from deskhand_finetune.prepare.clean import clean_text
from deskhand_finetune.prepare.language import language_of
from deskhand_finetune.prepare.notices import notice
from deskhand_guardrails.courtesy import strip_courtesies

CASES: list[dict[str, str]] = tomllib.loads(Path(__file__).with_name("cleaning.toml").read_text(encoding="utf-8"))[
    "case"
]
GROUPS = {
    "html": 39, "html_quotes": 21, "quotes": 103, "signature": 80, "disclaimer": 21, "characters": 28, "notice": 84,
    "language": 38,
}  # fmt: skip


def _rows() -> Iterator[ParameterSet]:
    for case in CASES:
        known = case.get("known_failure")
        marks = [pytest.mark.xfail(strict=True, reason=known)] if known else []
        yield pytest.param(case, marks=marks, id=f"{case['group']}: {case['name']}".encode("ascii", "replace").decode())


@pytest.mark.parametrize("case", list(_rows()))
def test_the_cleaning_table(case: dict[str, str]) -> None:
    if "kind" in case:
        assert notice(case["text"]) == case["kind"]
    elif "language" in case:
        assert language_of(case["text"]) == case["language"]
    else:
        assert clean_text(case["text"], "Maren Holt") == case["left"]


def test_the_table_is_whole() -> None:
    assert Counter(case["group"] for case in CASES) == GROUPS
    assert len({(case["group"], case["name"]) for case in CASES}) == len(CASES)
    assert sum("known_failure" in case for case in CASES) == 4


ANSWER = "Hold the button for five seconds, then plug it in again."

COURTESIES: list[str] = [
    f"Hi Maren,\n\n{ANSWER}",
    f"Dear Ms Holt,\n\n{ANSWER}",
    f"Hello!\n{ANSWER}",
    f"Good morning Maren, {ANSWER}",
    f"Hallo Maren,\n\n{ANSWER}",
    f"Sehr geehrte Frau Holt,\n{ANSWER}",
    f"Hola Maren:\n{ANSWER}",
    f"Hi Maren,\n\nThank you for contacting Lampworks. {ANSWER}",
    f"Thanks for reaching out to us! {ANSWER}",
    f"Vielen Dank für Ihre Nachricht. {ANSWER}",
    f"Hi,\nI am sorry for the trouble. {ANSWER}",
    f"{ANSWER} Let me know if you have any other questions.",
    f"{ANSWER}\n\nPlease don't hesitate to contact us.",
    f"{ANSWER}\n\nIs there anything else I can help you with?",
    f"{ANSWER} Have a great day!",
    f"{ANSWER}\n\nI hope this helps. Have a nice weekend!",
    f"{ANSWER}\n\nBei weiteren Fragen melden Sie sich gern.",
    f"{ANSWER} Si tienes más dudas, escríbenos.",
    f"{ANSWER}\n\nBest regards, Olu",
    ANSWER,
]


@pytest.mark.parametrize("text", COURTESIES)
def test_courtesies_go_and_the_answer_stays(text: str) -> None:
    assert strip_courtesies(text) == ANSWER


@pytest.mark.parametrize("text", ["Hi Maren,\n\nHave a great day!", "Thank you for your patience.", "Hello there!"])
def test_pure_courtesy_leaves_nothing(text: str) -> None:
    assert strip_courtesies(text) == ""


def test_thanks_that_say_something_stay() -> None:
    text = "Thank you for returning the form, so the refund of 20 euros is on its way."
    assert strip_courtesies(text) == text


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Automatic reply: Lamp", "auto_reply"),
        ("Réponse automatique : Lampe", "auto_reply"),
        ("Abwesenheitsnotiz: Lampe", "auto_reply"),
        ("Undelivered Mail Returned to Sender", "delivery_failure"),
        ("Unzustellbar: Lampe", "delivery_failure"),
        ("Is the automatic reply right?", ""),
    ],
)
def test_a_first_message_is_known_by_its_subject(subject: str, kind: str) -> None:
    assert notice("See below.", subject) == kind


ANSWERS = [
    (ANSWER, ""),
    ("Yes, please sign in first; guests can use the link in their mail.", ""),
    (
        "Please send us two photos within 14 days of delivery; after that we replace it or give the money back to you.",
        "",
    ),
    (
        "No worries, sending it back is easy: sign in, click Returns Centre, select the item, give a reason, print it.",
        "",
    ),
    ("Could you tell me the order number, please?", "asks_back"),
    ("Could you tell me the order number, please? It starts with FH- and is in your mail.", "asks_back"),
    ("Which email address is the account registered with?", "asks_back"),
    ("Bitte schicken Sie uns die Bestellnummer.", "asks_back"),
    ("I will look into this and get back to you shortly.", "promises"),
    ("I have forwarded your request to our warehouse team.", "promises"),
    ("Glad to hear that it works again now.", "only_courtesy"),
    ("You're very welcome, all the best for the trip.", "only_courtesy"),
    ("It is fixed.", "too_short"),
]


@pytest.mark.parametrize(("text", "reason"), ANSWERS)
def test_which_messages_answer(text: str, reason: str) -> None:
    assert why_no_answer(text) == reason


@pytest.mark.parametrize(
    "text",
    [
        "On " + "word " * 4000,
        "<div>" * 4000 + "deep",
        "From: " * 4000,
        "-" * 20_000,
        "thanks " * 3000,
        "Hi " * 6000 + ",",
        "> " * 10_000,
        "please let us know " * 1000,
        "Ã¼" * 10_000,
        "=C3=BC" * 3000,
        "On 5 Jan 2026, <o@x.example>\n" * 600,
        "<ol><li>" * 2000,
        "de de de " * 2000 + "2026",
    ],
    ids=[
        "introduction",
        "nesting",
        "headers",
        "rule",
        "thanks",
        "greeting",
        "quotes",
        "closing",
        "mojibake",
        "printable",
        "introductions",
        "lists",
        "when",
    ],
)
def test_hostile_texts_take_no_time(text: str) -> None:
    started = time.process_time()
    cleaned = clean_text(text)
    strip_courtesies(cleaned)
    notice(cleaned)
    why_no_answer(cleaned)
    assert time.process_time() - started < 1.0
