"""Fits a conversation into a model's context, and says what had to be left out.

The rule: the answer keeps ``max_tokens`` of the context, but never more than half of it. If the conversation does not
fit into the rest, whole turns (a customer's message and what followed it) are left out, the oldest first. System
messages (instructions and sources) and the newest customer message always stay; if they alone are too long, that is an
error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from deskhand_guardrails.errors import InputError

Turns = Sequence[dict[str, Any]]


def room_for_prompt(context: int, max_tokens: int) -> int:
    """Tokens of a ``context`` that a prompt may fill when the answer may have ``max_tokens``."""
    return context - min(max_tokens, context // 2)


def fit(conversation: Turns, room: int, encode: Callable[[Turns], list[int]]) -> tuple[list[int], int]:
    """The prompt's token numbers, at most ``room`` of them, and how many messages were left out for it.

    Args:
        conversation: messages in the form that chat templates take, oldest first.
        room: tokens that the prompt may have.
        encode: lays out messages as token numbers.

    Raises:
        InputError: the system messages and the newest customer message alone do not fit.
    """
    kept = list(conversation)
    while True:
        tokens = encode(kept)
        if len(tokens) <= room:
            return tokens, len(conversation) - len(kept)
        starts = [at for at, message in enumerate(kept) if message["role"] == "user"]
        if len(starts) < 2:
            raise InputError(
                f"the newest message and the instructions take {len(tokens)} tokens and the model has room for {room}: "
                "shorten the message, use fewer sources or tools, or a model with a longer context"
            )
        # What precedes the first customer message (a greeting of the assistant, say) goes with it.
        kept = [message for at, message in enumerate(kept) if at >= starts[1] or message["role"] == "system"]
