"""Personal data in a draft: the model may write some that nobody gave it, and the record must not hold it.

To find it takes as long as the check of the whole answer, so of a streamed answer both are done at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Future

from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.redaction import find
from deskhand_guardrails.verdicts import Finding
from deskhand_guardrails.workers import Workers

_PLACEHOLDER = re.compile(r"(<[A-Z][A-Z_]*_\d{1,4}>)")

_workers = Workers(4)  # more texts at once make each of them slower

_Found = list[tuple[str, Sequence[Finding] | None]]
"""The text between placeholders with what was found in it, and placeholders with None."""


class Search:
    """Looks through one text, in a thread of ours if it is told to before the result is needed."""

    def __init__(self, names: Sequence[str]) -> None:
        """``names``: people who are known to take part."""
        self._names = tuple(names)
        self._begun: tuple[str, Future[_Found]] | None = None

    def begin(self, text: str) -> None:
        """Looks through ``text`` in the background."""
        self._begun = text, _workers.submit(lambda: self._find(text))

    def hidden(self, text: str, pseudonyms: Pseudonyms) -> str:
        """``text`` without personal data; waits for the search.

        The conversation's placeholders are left alone: as a part of the text they would be taken for something a user
        typed.
        """
        begun = self._begun
        found = begun[1].result() if begun is not None and begun[0] == text else self._find(text)
        return "".join(part if inside is None else pseudonyms.hide(part, inside) for part, inside in found)

    def _find(self, text: str) -> _Found:
        parts = enumerate(_PLACEHOLDER.split(text))
        return [(part, None if number % 2 else find(part, self._names)) for number, part in parts]
