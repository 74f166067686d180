# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Attempts to talk the assistant out of its instructions: jailbreaks, and orders planted in documents.

The guard model's opinion of every window, and a short list of forms that no customer writes. The text is read as a
person would read it (alphabets folded, invisible characters removed), and what it hides in base64, ROT13 and the like is
decoded and read too. A customer's message is asked whether it attacks; a document, an e-mail or a tool's result, read in
windows of three sentences, whether it gives its reader orders that only an assistant could follow.

Not covered: pictures, several layers of encoding, an attack that is spread over several messages. Other languages than
English are covered for well-known forms only.
"""

from __future__ import annotations

import re

from deskhand_guardrails.decoding import decodings
from deskhand_guardrails.detectors.settings import Action, DetectorSettings
from deskhand_guardrails.growing import REACH
from deskhand_guardrails.guard import NARROW, WIDE, Guard
from deskhand_guardrails.normalise import folded
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding

# A chat template's own marks, and the two best-known attacks word for word: no customer writes them.
_FORMS = re.compile(
    r"""
    <\|?(?:im_start|im_end|system|endoftext|eot_id|start_header_id)\|?> | \[/?(?:INST|SYSTEM)\] | <</?SYS>>
    | \b(?:ignore|disregard|forget|override|bypass)\ (?:all\ |any\ )?(?:of\ )?(?:your|the|these)?\ ?(?:previous|prior|above|earlier|preceding|system)\ (?:instructions|prompts?|directives|programming)\b
    | \bdo\ anything\ now\b
    """,
    re.IGNORECASE | re.VERBOSE,
)

# "ann@example.com" alone answers a question; so little text says nothing about what somebody is up to.
FEWEST_WORDS = 3

# A form that nobody writes by accident; a policy may still set a threshold above the model's opinion of it.
_CERTAIN = 1.0


class InjectionSettings(DetectorSettings):
    """Attempts to override the instructions."""

    output: Action = "ignore"


class Injection:
    """Finds windows of a text that read as an attack, or as orders planted for an assistant."""

    name = "injection"
    settings = InjectionSettings
    reach = REACH

    def __init__(self, guard: Guard, *, retrieved: bool = False, threshold: float | None = None) -> None:
        """Reads customers' messages, or ``retrieved`` text in narrower windows.

        Args:
            guard: the guard model.
            retrieved: whether texts are documents and tools' results.
            threshold: the score that counts; None takes the one that training fixed at 1 % false alarms.
        """
        self._guard = guard
        self._question = "planted" if retrieved else "injection"
        self._window = NARROW if retrieved else WIDE
        self.threshold = guard.thresholds[self._question] if threshold is None else threshold

    @classmethod
    def build(cls, setup: Setup[InjectionSettings]) -> Injection:
        """The detector of a policy."""
        return cls(Guard.shipped(), retrieved=setup.direction == "retrieved", threshold=setup.threshold)

    def detect(self, text: str, context: Context) -> list[Finding]:  # noqa: ARG002 - the protocol's
        """Findings with label ``injection`` over the windows at or above the threshold; of a hidden one, over all."""
        return [
            Finding(self.name, "injection", round(score, 4), start, end)
            for start, end, score in self._scored(text)
            if score >= self.threshold
        ]

    def score(self, text: str, context: Context) -> float:  # noqa: ARG002 - the protocol's
        """The highest score of any window, 0 for an empty text."""
        return max((score for _, _, score in self._scored(text)), default=0.0)

    def _scored(self, text: str) -> list[tuple[int, int, float]]:
        plain = folded(text)
        scored = self._windows(plain)
        if plain != text:  # places in the folded text are no places in this one
            scored = [(0, len(text), score) for _, _, score in scored]
        hidden = [score for decoded in decodings(plain) for _, _, score in self._windows(decoded)]
        return scored + [(0, len(text), score) for score in hidden]

    def _windows(self, text: str) -> list[tuple[int, int, float]]:
        found = []
        for window in self._guard.windows(text, self._window):
            piece = text[window.start : window.end]
            learnt = window.scores[self._question] if len(piece.split()) >= FEWEST_WORDS else 0.0
            found.append((window.start, window.end, _CERTAIN if _FORMS.search(piece) else learnt))
        return found
