"""A detector that asks the guard model one question about every window of a text."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Self, TypeVar

from deskhand_guardrails.detectors.settings import DetectorSettings
from deskhand_guardrails.growing import REACH
from deskhand_guardrails.guard import Guard, Question
from deskhand_guardrails.normalise import folded
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding

S = TypeVar("S", bound=DetectorSettings)


class Opinion(Generic[S]):
    """Findings where the model's score reaches the threshold. Subclasses say which question, and under which label."""

    name: str
    settings: type[S]
    question: ClassVar[Question]
    label: ClassVar[str]
    reach: ClassVar[int] = REACH

    def __init__(self, guard: Guard, threshold: float | None = None) -> None:
        """``threshold`` None takes the one that training fixed at 1 % false alarms on harmless support requests."""
        self._guard = guard
        self.threshold = guard.thresholds[self.question] if threshold is None else threshold

    @classmethod
    def build(cls, setup: Setup[Any]) -> Self:
        """The detector of a policy."""
        return cls(Guard.shipped(), setup.threshold)

    def detect(self, text: str, context: Context) -> list[Finding]:  # noqa: ARG002 - the protocol's
        """One finding for each window at or above the threshold."""
        return [
            Finding(self.name, self.label, round(score, 4), start, end)
            for start, end, score in self._scored(text)
            if score >= self.threshold
        ]

    def score(self, text: str, context: Context) -> float:  # noqa: ARG002 - the protocol's
        """The highest score of any window, 0 for an empty text."""
        return max((score for _, _, score in self._scored(text)), default=0.0)

    def _scored(self, text: str) -> list[tuple[int, int, float]]:
        plain = folded(text)
        found = [(one.start, one.end, one.scores[self.question]) for one in self._guard.windows(plain)]
        return found if plain == text else [(0, len(text), score) for _, _, score in found]
