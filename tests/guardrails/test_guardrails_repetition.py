"""The rule against going round in circles."""

from __future__ import annotations

import pytest

from deskhand_guardrails.repetition import repeating


@pytest.mark.parametrize(
    ("answer", "banned"),
    [
        ([], set()),
        ([7, 7], set()),
        ([7, 7, 7], {7}),
        ([1, 2, 3, 9, 1, 2], {3}),
        ([1, 2, 3, 1, 2, 4, 1, 2], {3, 4}),
        ([1, 2, 3, 4, 5], set()),
    ],
)
def test_a_run_of_three_is_not_written_twice(answer: list[int], banned: set[int]) -> None:
    assert repeating(answer, tokens=3) == banned


def test_a_loop_ends_within_two_rounds() -> None:
    answer = [1, 2, 3]
    for wanted in [1, 2, 3] * 5:
        if wanted in repeating(answer):
            break
        answer.append(wanted)
    assert len(answer) < 12
