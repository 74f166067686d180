"""Phrases from a word list as patterns, so that what a detector looks for reads as what people say.

``|`` or a line break stands between phrases, ``{name}`` for any phrase of that list, ``...`` for up to six words, and a
space for white space with up to two filler words ("we will *gladly* refund").
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from deskhand_guardrails.detectors.spans import any_of, phrases

_Heads = dict[str, "_Heads"]
"""Phrases by their first words: each word with what may follow it."""

_ANYTHING = "..."
_END = ""
_GAP = r"(?:[^\s;:!?]+\s+){0,6}?"


class Phrasebook:
    """Turns phrases into patterns for texts in lower case."""

    def __init__(self, lists: Mapping[str, str], fillers: str = "", compounds: str = "") -> None:
        """Takes what ``{name}`` may stand for.

        Args:
            lists: phrases by name.
            fillers: words that may stand between two words of a phrase.
            compounds: words that must not follow a phrase; after a list's name they make it something else.
        """
        self._lists = {name: any_of(text) for name, text in lists.items()}
        self._space = rf"\s+(?:{any_of(fillers)}\s+){{0,2}}" if fillers else r"\s+"
        self._end = rf"(?!\w)(?!\s+{any_of(compounds)}(?!\w))" if compounds else r"(?!\w)"

    def pattern(self, text: str) -> re.Pattern[str]:
        """Matches any of the phrases in ``text`` at word borders.

        Raises:
            KeyError: a phrase names a list that there is not.
        """
        heads: _Heads = {}
        for phrase in phrases(text):
            below = heads
            for part in phrase.split():
                below = below.setdefault(part, {})
            below[_END] = {}
        return re.compile(rf"(?<!\w){self._written(heads)}{self._end}")

    def _written(self, heads: _Heads, before: str = "") -> str:
        """The phrases from here on; what several begin with is written once, or a list is compiled fifty times."""
        ways = []
        for part, below in heads.items():
            if part == _END:
                ways.append("")
                continue
            space = self._space if before not in ("", _ANYTHING) and part != _ANYTHING else ""
            word = rf"\s+{_GAP}" if part == _ANYTHING else space + self._word(part)
            ways.append(word + self._written(below, part))
        return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"

    def _word(self, part: str) -> str:
        return self._lists[part[1:-1]] if part.startswith("{") else re.escape(part)


def beginnings(text: str) -> re.Pattern[str]:
    """Matches words that begin with one of the phrases in ``text``."""
    return re.compile(rf"(?<!\w){any_of(text)}")
