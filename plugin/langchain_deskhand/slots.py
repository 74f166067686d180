"""Keys and values of the answers that are being written, side by side in one tensor.

Each answer has a slot. Its entries lie at the positions of its tokens, so that answers of different lengths share a
step without padding on the left, and taking tokens back (a rejected draft) is a smaller ``length`` and nothing else.
"""

# ruff: noqa: ANN401 - tensors; torch is imported late

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BLOCK = 64
"""Positions by which the tensor grows: attention reads all of it, so it is kept near the longest answer's length."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One token's entry: ``layers`` times two (key and value) times ``heads`` times ``width`` numbers."""

    layers: int
    heads: int
    width: int
    dtype: Any
    device: Any


class Slots:
    """``entries`` has the shape (layers, 2, slots, heads, positions, width); ``lengths`` says how much of it counts."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._open: set[int] = set()
        self.lengths: list[int] = []
        self.entries = self._empty(0, BLOCK)

    @property
    def positions(self) -> int:
        """How many positions each slot has room for."""
        return int(self.entries.shape[4])

    def take(self) -> int:
        """Opens the first free slot."""
        if not self._open:  # a long conversation must not slow down all that come after it
            self.entries, self.lengths = self._empty(0, BLOCK), []
        slot = next(number for number in range(len(self._open) + 1) if number not in self._open)
        if slot >= len(self.lengths):
            self._grow(max(1, 2 * len(self.lengths)), self.positions)
        self._open.add(slot)
        self.lengths[slot] = 0
        return slot

    def free(self, slot: int) -> None:
        """Closes a slot."""
        self._open.remove(slot)
        self.lengths[slot] = 0

    def reserve(self, positions: int) -> None:
        """Makes room for ``positions`` in each slot."""
        if positions > self.positions:
            self._grow(len(self.lengths), -(-positions // BLOCK) * BLOCK)

    def span(self, slots: Sequence[int]) -> range:
        """The run of neighbours that holds ``slots``; others between them are computed in vain."""
        return range(min(slots), max(slots) + 1)

    def copy(self, slot: int, length: int | None = None) -> Any:
        """A slot's entries (the first ``length`` of them), shape (layers, 2, heads, length, width)."""
        return self.entries[:, :, slot, :, : self.lengths[slot] if length is None else length].clone()

    def put(self, slot: int, entries: Any) -> None:
        """Starts a slot with entries that ``copy`` gave, or the first of them."""
        length = entries.shape[3]
        self.reserve(length)
        self.entries[:, :, slot, :, :length] = entries
        self.lengths[slot] = length

    def _grow(self, slots: int, positions: int) -> None:
        before = self.entries
        self.entries = self._empty(slots, positions)
        self.entries[:, :, : before.shape[2], :, : before.shape[4]] = before
        self.lengths += [0] * (slots - len(self.lengths))

    def _empty(self, slots: int, positions: int) -> Any:
        import torch

        shape = self._shape
        size = (shape.layers, 2, slots, shape.heads, positions, shape.width)
        return torch.zeros(size, dtype=shape.dtype, device=shape.device)
