"""An answer that has broken down: a small model that has lost its thread writes the same words over and over.

Decoding forbids runs of six tokens twice (``repetition``), which a loop of shorter ones slips through, and other models
than ours have no such rule. Not covered: nonsense that does not repeat itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.settings import OutputSettings
from deskhand_guardrails.growing import REACH
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding

LONGEST = 6
"""Words that go round together."""
ROUNDS = {1: 4}
"""How often in a row is too often, by the words that go round: "very very very" is only emphasis."""
OTHER_ROUNDS = 3

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_BETWEEN = re.compile(r"[ \t,.;!…]*")
"""What may stand between; a table's cells and a list's lines may say the same."""

# "5 working days to 5 working days": four words or more, figures included, said again at once.
_TWICE = re.compile(r"\b(?P<said>\w+(?:[ \t]+\w+){3,7})[ \t]+(?P=said)\b", re.IGNORECASE)
# An ellipsis has three dots, four with the sentence's own.
_MARKS = re.compile(r"([.,;:])(?:[ \t]*\1){4,}")


class Breakdown:
    """Finds loops of words and of marks; the label is ``loop``."""

    name = "breakdown"
    settings = OutputSettings
    reach = REACH

    @classmethod
    def build(cls, setup: Setup[OutputSettings]) -> Breakdown:  # noqa: ARG003 - the registry's signature
        """The detector of a policy."""
        return cls()

    def detect(self, text: str, context: Context) -> list[Finding]:  # noqa: ARG002 - the protocol's
        """One finding for the first loop of each run of words, and for what is said or set again at once."""
        found = [loop for run in _runs(text) if (loop := _loop(run))]
        found += [match.span() for match in _TWICE.finditer(text) if any(map(str.isalpha, match["said"]))]
        found += [match.span() for match in _MARKS.finditer(text)]
        return [Finding(self.name, "loop", 1.0, start, end) for start, end in found]


def _runs(text: str) -> Iterator[list[re.Match[str]]]:
    """Words with nothing but spaces and commas between them."""
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        if run and not _BETWEEN.fullmatch(text, run[-1].end(), word.start()):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _loop(run: list[re.Match[str]]) -> tuple[int, int] | None:
    said = [word.group().lower() for word in run]
    for period in range(1, LONGEST + 1):
        needed, same = period * (ROUNDS.get(period, OTHER_ROUNDS) - 1), 0
        for at in range(period, len(said)):
            same = same + 1 if said[at] == said[at - period] else 0
            if same == needed:
                return run[at - needed - period + 1].start(), run[at].end()
    return None
