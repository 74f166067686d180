"""The starter is taught to quote the first source that says what the agent said."""

from __future__ import annotations

from typing import Any

import pytest

from deskhand_finetune.train.quoting import quoting
from deskhand_guardrails.prompt import HAND_OVER, Source, compose

SOURCES = [Source("Refund?", "Refunds take five days."), Source("Return?", "Returns are free [for 30 days].\nReally.")]


def record(answer: str, agreement: list[float]) -> dict[str, Any]:
    asked = compose([{"role": "user", "content": "Can I send it back?"}], SOURCES)
    return {"messages": [*asked, {"role": "assistant", "content": answer}], "source_agreement": agreement}


@pytest.mark.parametrize(
    ("agreement", "text"),
    [
        ([0.8, 0.3], "Refunds take five days."),
        ([0.3, 0.8], "Returns are free [for 30 days]. Really."),
        ([0.6, 0.9], "Refunds take five days."),
    ],
)
def test_the_answer_becomes_the_first_near_sources_text(agreement: list[float], text: str) -> None:
    given = record("Sure, for a month.", agreement)
    [quoted] = quoting([given])
    assert quoted["messages"][-1] == {"role": "assistant", "content": text}
    assert quoted["messages"][:-1] == given["messages"][:-1]
    assert given["messages"][-1]["content"] == "Sure, for a month."


def test_without_a_near_source_there_is_nothing_to_quote_and_hand_overs_stay() -> None:
    hand_over = record(HAND_OVER, [])
    far = record("Sure.", [0.2, 0.3])
    unknown = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello there."}]}
    assert list(quoting([far, hand_over, unknown])) == [hand_over]
