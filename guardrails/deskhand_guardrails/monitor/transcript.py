"""Recorded turns as the conversation that customer and model saw."""

from __future__ import annotations

from collections.abc import Iterable

from deskhand_guardrails.monitor.turn import Turn
from deskhand_guardrails.prompt import HAND_OVER


def transcript(turns: Iterable[Turn]) -> list[dict[str, str]]:
    """``{"role", "content"}`` messages of ``turns`` (oldest first), fit to be the history of the next question.

    A draft that was held back never reaches a model again: a hand-over stands in its place. A refused turn is left
    out as a whole, so that an attack on the model gets one try only.
    """
    messages: list[dict[str, str]] = []
    for turn in turns:
        if turn.decision == "block":
            continue
        shown = HAND_OVER if turn.decision == "review" else turn.answer
        messages.append({"role": "user", "content": turn.question})
        messages.append({"role": "assistant", "content": shown})
    return messages
