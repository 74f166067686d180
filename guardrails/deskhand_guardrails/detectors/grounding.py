"""Does an answer say what its sources say.

Figures (numbers, prices, dates, links, e-mail addresses) and names are checked exactly: one that stands in no source,
nor in the question or the conversation, is made up or remembered from somebody else's ticket. Every other sentence that
states something is measured against the sources (``support``), and two small heads say whether they lack it or say the
opposite. The heads are trained by ``scripts/grounding``; their card is in ``models/grounding``.

Not covered: an answer without any source (nothing to compare with); claims in other languages than English, of which
only the figures are read; a wrong claim in right words, such as two facts with their subjects exchanged.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deskhand_guardrails.detectors.claims import claims
from deskhand_guardrails.detectors.figures import Known, figures
from deskhand_guardrails.detectors.settings import OutputSettings
from deskhand_guardrails.detectors.support import FEATURES, Evidence, Reader, is_english
from deskhand_guardrails.encoder import Encoder
from deskhand_guardrails.errors import UnavailableError
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding

FOLDER = Path(__file__).parents[1] / "models" / "grounding"

THRESHOLD = 0.5
"""Where training put the score that 1 in 100 right answers of the sample reaches, for either head."""


@dataclass(frozen=True, slots=True)
class Head:
    """A logistic regression over ``FEATURES``: one weight each, those it does not use 0."""

    weights: tuple[float, ...]
    bias: float

    def score(self, features: Sequence[float]) -> float:
        """From 0 (carried by the sources) to 1."""
        logit = self.bias + sum(weight * value for weight, value in zip(self.weights, features, strict=True))
        return 1 / (1 + math.exp(-max(min(logit, 50.0), -50.0)))


class Grounding:
    """Finds figures and names that nothing supports, and claims that the sources do not make or contradict.

    Labels: ``unsupported_figure``, ``unsupported_name``, ``unsupported_claim``, ``contradicted_claim``.
    """

    name = "grounding"
    settings = OutputSettings

    def __init__(self, encoder: Encoder | None = None, threshold: float | None = None) -> None:
        """``threshold`` is for claims; figures and names count whatever it is.

        Raises:
            UnavailableError: the encoder or the heads are missing.
        """
        self._reader = Reader(encoder or Encoder.shipped())
        self._heads = heads()
        self.threshold = THRESHOLD if threshold is None else threshold

    @classmethod
    def build(cls, setup: Setup[OutputSettings]) -> Grounding:
        """The detector of a policy."""
        return cls(setup.encoder, setup.threshold)

    def detect(self, text: str, context: Context) -> list[Finding]:
        """Findings by place in the text; a claim's score is its head's."""
        found = self._exact(text, context)
        for start, end, label, score in self.judged(text, context):
            if score >= self.threshold:
                found.append(Finding(self.name, label, round(score, 4), start, end))
        return sorted(found, key=lambda one: (one.start, one.end))

    def score(self, text: str, context: Context) -> float:
        """The worst claim's score; 1 with a figure or name that nothing supports."""
        if self._exact(text, context):
            return 1.0
        return max((score for *_, score in self.judged(text, context)), default=0.0)

    def _exact(self, text: str, context: Context) -> list[Finding]:
        return [*self._figures(text, context), *self._names(text, context)]

    def _figures(self, text: str, context: Context) -> list[Finding]:
        stated = figures(text, strict=True)
        if not stated:
            return []
        known = Known([*_spoken(context), *_sources(context), *(source.reference for source in context.sources)])
        return [
            Finding(self.name, "unsupported_figure", 1.0, one.start, one.end)
            for one in stated
            if not known.supports(one)
        ]

    def _names(self, text: str, context: Context) -> list[Finding]:
        if not context.sources or not is_english(text):
            return []
        evidence = self._evidence(context)
        return [
            Finding(self.name, "unsupported_name", 1.0, start + first, start + last)
            for start, end in claims(text)
            for first, last in evidence.unknown_names(text[start:end])
        ]

    def judged(self, text: str, context: Context) -> list[tuple[int, int, str, float]]:
        """Every claim's place, with the label and score of the head that thinks worse of it."""
        if not context.sources or not is_english(text):
            return []
        evidence = self._evidence(context)
        judged = []
        for start, end in claims(text):
            features = evidence.features(text[start:end])
            score, label = max((head.score(features), label) for label, head in self._heads.items())
            judged.append((start, end, label, score))
        return judged

    def _evidence(self, context: Context) -> Evidence:
        return Evidence(_sources(context), _spoken(context), self._reader)


def _sources(context: Context) -> list[str]:
    return [part for source in context.sources for part in (source.title, source.text)]


def _spoken(context: Context) -> list[str]:
    return [context.question, *context.conversation, *context.names]


@functools.cache
def heads() -> Mapping[str, Head]:
    """The shipped heads by label.

    Raises:
        UnavailableError: the file is missing or was made for other features.
    """
    try:
        held = json.loads((FOLDER / "heads.json").read_text(encoding="utf-8"))
        if tuple(held["features"]) != FEATURES:
            raise ValueError("features")
        return {label: Head(tuple(one["weights"]), one["bias"]) for label, one in held["heads"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnavailableError(
            f"the grounding heads in {FOLDER} cannot be loaded ({type(error).__name__}): reinstall deskhand"
        ) from error
