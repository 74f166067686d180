"""A text that is checked while it is written, without reading all of it again at every step.

What was found in the part that has left stays found. A detector that names its ``reach`` (how many characters before a
place what is found there may depend on) reads the new part and that much before it, from a sentence's start; one that
does not reads everything. So the cost of an answer grows with its length and not with its square.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import replace

from deskhand_guardrails.verdicts import Context, Detector, Finding

REACH = 250
"""Enough for our own detectors: about three sentences. A phrase names what follows within 64 characters."""


class Growing:
    """What is known of one text. A new one knows nothing, and everything is read."""

    def __init__(self, starts: Sequence[int] = (0,)) -> None:
        """Starts with nothing settled; ``starts`` says where sentences begin, and may grow with the text."""
        self.settled = 0
        """Up to here the text has left: what was found there stays, and nothing new is looked for."""
        self._starts = starts
        self.is_doubtful = False
        """Whether something was seen in the settled part that was not found before: all of it must be read again."""
        self.is_partial = False
        """Whether a detector has read less than all of the text."""
        self._found: dict[str, list[Finding]] = {}

    def copy(self) -> Growing:
        """As much as this one knows, for a check that may turn out to be in vain."""
        other = Growing(self._starts)
        other.settled, other.is_doubtful, other._found = self.settled, self.is_doubtful, dict(self._found)
        return other

    def find(self, detector: Detector, text: str, context: Context) -> list[Finding]:
        """What ``detector`` finds in ``text``, of which the settled part is as it was. Raises what it raises."""
        reach: int | None = getattr(detector, "reach", None)
        start = 0 if reach is None else self._start(self.settled - reach)
        found = list(detector.detect(text[start:], context))
        if start:
            self.is_partial = True
            found = self._joined(self._found.get(detector.name, []), [_shifted(one, start) for one in found])
        self._found[detector.name] = found
        return found

    def _start(self, at: int) -> int:
        """The start of the sentence that ``at`` lies in."""
        return self._starts[bisect.bisect_right(self._starts, at) - 1] if at > 0 else 0

    def _joined(self, before: Sequence[Finding], seen: Sequence[Finding]) -> list[Finding]:
        kept = [one for one in before if one.end <= self.settled]
        new = [one for one in seen if one.end > self.settled or one.end <= one.start]
        self.is_doubtful |= any(
            one not in new and not any(old.start < one.end and one.start < old.end for old in kept) for one in seen
        )
        return kept + new


def _shifted(one: Finding, by: int) -> Finding:
    return replace(one, start=one.start + by, end=one.end + by) if one.end > one.start else one
