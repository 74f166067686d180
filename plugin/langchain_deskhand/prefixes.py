"""What has been read before is not read again: a conversation's next turn begins as the last one did.

Only the same tokens match, so nothing of one conversation can show in another: what is reused are the numbers that
reading these tokens again would give.
"""

# ruff: noqa: ANN401 - tensors

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

LEAST = 16
"""Tokens that are worth the copying."""


class Prefixes:
    """The entries of conversations that were read lately, up to ``most`` bytes; the longest unused go first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self._bytes = 0

    def longest(self, prompt: Sequence[int]) -> tuple[Any, int] | None:
        """Entries that begin as ``prompt`` does and how many tokens of it they hold, never the last one."""
        best, length = None, LEAST - 1
        for tokens in self._kept:
            alike = common(tokens, prompt)
            if alike > length:
                best, length = tokens, alike
        if best is None:
            return None
        self._kept.move_to_end(best)
        return self._kept[best], min(length, len(prompt) - 1)

    def add(self, tokens: Sequence[int], entries: Any) -> None:
        """Keeps the ``entries`` of ``tokens``, in place of those that they continue."""
        key = tuple(tokens)
        for other in [other for other in self._kept if key[: len(other)] == other]:
            self._drop(other)
        self._kept[key] = entries
        self._bytes += entries.nbytes
        while self._bytes > self.most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[int, ...]) -> None:
        self._bytes -= self._kept.pop(key).nbytes


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two texts begin with alike."""
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))
