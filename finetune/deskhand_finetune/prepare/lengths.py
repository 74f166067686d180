"""Lengths of records in tokens against context windows: what fits, what is windowed, what does not fit.

Every answer of a ticket is a record with the conversation before it, so a long ticket is many windows that each end at
an answer. Where a record is longer than the model's context, the trainer drops its last sources and then its oldest
exchanges (``train.tokens.shorter``, which this asks too); where the last question and the answer alone are too long,
it leaves the record out and counts it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from deskhand_finetune.runs import starter_folder
from deskhand_finetune.train.tokens import shorter
from deskhand_guardrails.onnx import tokenizer

WINDOWS = (1024, 2048, 4096, 8192, 32768)
# What a chat template puts around a message: its role and its end.
AROUND = 2
STEP = 128
MOST_STEPS = 32


class Lengths:
    """Counts records as they are written. Tokens are the starter's; other models' differ by about a third."""

    def __init__(self) -> None:
        loaded = tokenizer(starter_folder() / "tokenizer.json")
        self._count: Callable[[str], int] = lambda text: len(loaded.encode(text, add_special_tokens=False).ids)
        self._steps = Counter[int]()
        self._fits: dict[int, Counter[str]] = {window: Counter() for window in WINDOWS}
        self._longest = 0

    def add(self, record: Mapping[str, Any]) -> None:
        """Counts one record of the dataset."""
        whole = self._tokens(record["messages"])
        self._longest = max(self._longest, whole)
        self._steps[min(whole // STEP, MOST_STEPS)] += 1
        least = whole if whole <= WINDOWS[0] else self._tokens(_least(record["messages"]))
        for window, counts in self._fits.items():
            counts["whole" if whole <= window else "windowed" if least <= window else "too_long"] += 1

    def to_json(self) -> dict[str, Any]:
        """``{"longest", "steps", "windows"}``: records by tokens up to so many, and what each window makes of them."""
        return {
            "longest": self._longest,
            "steps": {str((step + 1) * STEP): count for step, count in sorted(self._steps.items())},
            "windows": {
                str(window): {name: counts[name] for name in ("whole", "windowed", "too_long")}
                for window, counts in self._fits.items()
            },
        }

    def _tokens(self, messages: Iterable[Mapping[str, str]]) -> int:
        return 1 + sum(AROUND + self._count(message["content"]) for message in messages)


def _least(messages: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    while (cut := shorter(messages)) is not None:
        messages = cut
    return messages
