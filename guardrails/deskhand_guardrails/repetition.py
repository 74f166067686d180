"""What keeps a small model from going round in circles: it may not write the same six tokens twice in one answer.

The usual ``no_repeat_ngram_size`` counts the prompt too and would forbid quoting a source, which is what a grounded
model is for; here only the answer counts. Serving and evaluation decode under the same rule.
"""

from __future__ import annotations

from collections.abc import Sequence

TOKENS = 6
"""Long enough for a repeated product name or address, short enough that a loop ends within two rounds."""


def repeating(answer: Sequence[int], *, tokens: int = TOKENS) -> set[int]:
    """The tokens that would end ``answer`` (token numbers so far) with a run of ``tokens`` that it holds already."""
    if len(answer) < tokens:
        return set()
    last = tuple(answer[-(tokens - 1) :])
    starts = range(len(answer) - tokens + 1)
    return {answer[at + tokens - 1] for at in starts if tuple(answer[at : at + tokens - 1]) == last}
