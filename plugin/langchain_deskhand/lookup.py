"""Guesses the next tokens from what stands in the prompt already: an answer that quotes its source repeats it.

Prompt lookup decoding (Saxena 2023, https://github.com/apoorvumang/prompt-lookup-decoding): where the last tokens
occurred before, what followed them then is the draft. The model reads a whole draft in one step, and what it would not
have chosen itself is taken back, so the answer is the same as without.
"""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 3
_SHORTEST = 2
_MOST = 15
"""Draft tokens: a step of 16 tokens takes about twice as long as one of a single token (``llama``)."""


class Drafts:
    """Where each run of two or three tokens occurred last. Drafts grow while they are right and shrink while not."""

    def __init__(self, prompt: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        self._reach = 7
        for token in prompt:
            self.add(token)

    def add(self, token: int) -> None:
        """One more token of the text. Runs are entered when their next token comes, so that no run finds itself."""
        end = len(self._tokens)
        for size in range(_SHORTEST, _LONGEST + 1):
            if end >= size:
                self._after[tuple(self._tokens[-size:])] = end
        self._tokens.append(token)

    def draft(self, most: int) -> list[int]:
        """At most ``most`` tokens that may come next; none where nothing like the end of the text occurred before."""
        most = min(most, self._reach)
        for size in range(_LONGEST, _SHORTEST - 1, -1):
            at = self._after.get(tuple(self._tokens[-size:]))
            if at is not None and most > 0:
                return self._tokens[at : at + most]
        return []

    def judge(self, drafted: int, right: int) -> None:
        """Learns how far to guess from how many of the ``drafted`` tokens were ``right``."""
        if drafted and right == drafted:
            self._reach = min(_MOST, 2 * self._reach)
        elif drafted:
            self._reach = max(3, self._reach // 2, right + 1)
