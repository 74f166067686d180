"""Answers that go round in circles."""

from __future__ import annotations

import pytest

from deskhand_guardrails import Context, Rails
from deskhand_guardrails.detectors.breakdown import Breakdown

LOOPS = [
    ("keep the window window window window open", "window window window window"),
    ("No, no, NO, no!", "No, no, NO, no"),
    ("Yours for order to order to order to order.", "order to order to order to"),
    ("Banks take up to 5 working days to 5 working days.", "to 5 working days to 5 working days"),
    ("Please wait for it......", "......"),
    ("We will look . . . . . into it", ". . . . ."),
    ("Click the link in the mail click the link in the mail click the link in the mail.", None),
]
SENSE = [
    "That is very, very, very kind of you.",
    "Press 5 5 5 5 and then 0 0 0 0.",
    "Type 1 1 1 1 1 1 1 1 and wait.... Then it is what it is what it is.",
    "Send it to us, not send it to them; send it to us.",
    "| yes | yes | yes | yes | yes |",
    "- Tent\n- Tent\n- Tent\n- Tent",
    "We send it to you, and you send it to us, and you get your money.",
    "",
]


@pytest.mark.parametrize(("text", "loop"), LOOPS)
def test_loops_are_found_where_they_are(text: str, loop: str | None) -> None:
    found = [text[one.start : one.end] for one in Breakdown().detect(text, Context())]
    assert found
    assert loop is None or loop in found


@pytest.mark.parametrize("text", SENSE)
def test_what_makes_sense_passes(text: str) -> None:
    assert Breakdown().detect(text, Context()) == []


def test_a_person_takes_over(rails: Rails) -> None:
    verdict = rails.check_output("Please confirm it in its app and keep the order order order order order.", Context())
    assert (verdict.decision, verdict.text) == ("review", rails.policy.messages.hand_over)
