"""The starter is taught to quote the nearest source."""

from __future__ import annotations

from typing import Any

import pytest

from deskhand_finetune.train.quoting import quoting
from deskhand_guardrails.prompt import HAND_OVER, Source, compose

SOURCES = [Source("Refund?", "Refunds take five days."), Source("Return?", "Returns are free [for 30 days].\nReally.")]


def record(answer: str, nearest: dict[str, float] | None) -> dict[str, Any]:
    asked = compose([{"role": "user", "content": "Can I send it back?"}], SOURCES)
    return {"messages": [*asked, {"role": "assistant", "content": answer}], "nearest_source": nearest}


@pytest.mark.parametrize(
    ("number", "text"), [(1, "Refunds take five days."), (2, "Returns are free [for 30 days]. Really.")]
)
def test_the_answer_becomes_the_nearest_sources_text(number: int, text: str) -> None:
    given = record("Sure, for a month.", {"number": number, "similarity": 0.8})
    [quoted] = quoting([given])
    assert quoted["messages"][-1] == {"role": "assistant", "content": text}
    assert quoted["messages"][:-1] == given["messages"][:-1]
    assert given["messages"][-1]["content"] == "Sure, for a month."


def test_without_a_near_source_there_is_nothing_to_quote_and_hand_overs_stay() -> None:
    hand_over = record(HAND_OVER, None)
    far = record("Sure.", {"number": 2, "similarity": 0.3})
    unknown = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello there."}]}
    assert list(quoting([far, hand_over, unknown])) == [hand_over]
