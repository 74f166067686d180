"""Does an answer say what its sources say.

Figures (numbers, prices, dates, links, e-mail addresses) and names are checked exactly: one that stands in no source,
nor in the question, the conversation or the caller's instructions, is made up or remembered from somebody else's
ticket. Every other sentence that states something is measured against the sources (``support``): one that denies theirs
in the same words is wrong, and of the rest two small heads say whether the sources lack it or say the opposite. The
heads are trained by ``scripts/grounding``; their card is in ``models/grounding``.

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

from pydantic import Field

from deskhand_guardrails.detectors.claims import claims
from deskhand_guardrails.detectors.figures import Known, figures
from deskhand_guardrails.detectors.settings import OutputSettings, Text
from deskhand_guardrails.detectors.support import FEATURES, Evidence, Reader, is_english, names
from deskhand_guardrails.encoder import Encoder
from deskhand_guardrails.errors import UnavailableError
from deskhand_guardrails.growing import REACH
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


class GroundingSettings(OutputSettings):
    """Answers that do not say what their sources say."""

    names: list[Text] = Field(default_factory=list)
    """Names of the desk's own that an answer may use though no source holds them: the shop, its carriers, its app."""


class Grounding:
    """Finds figures and names that nothing supports, and claims that the sources do not make or contradict.

    Labels: ``unsupported_figure``, ``unsupported_name``, ``unsupported_claim``, ``contradicted_claim``.
    """

    name = "grounding"
    settings = GroundingSettings
    reach = REACH

    def __init__(
        self, encoder: Encoder | None = None, threshold: float | None = None, own_names: Sequence[str] = ()
    ) -> None:
        """``threshold`` is for claims; figures and names count whatever it is. ``own_names`` need no source.

        Raises:
            UnavailableError: the encoder or the heads are missing.
        """
        self._reader = Reader(encoder or Encoder.shipped())
        self._heads = heads()
        self._own = tuple(own_names)
        self.threshold = THRESHOLD if threshold is None else threshold

    @classmethod
    def build(cls, setup: Setup[GroundingSettings]) -> Grounding:
        """The detector of a policy."""
        return cls(setup.encoder, setup.threshold, setup.settings.names)

    def detect(self, text: str, context: Context) -> list[Finding]:
        """Findings by place in the text; a claim's score is its head's."""
        found = [*self._figures(text, context), *self._names(text, context)]
        for start, end, label, score in self.judged(text, context, least=self.threshold):
            if score >= self.threshold:
                found.append(Finding(self.name, label, round(score, 4), start, end))
        return sorted(found, key=lambda one: (one.start, one.end))

    def score(self, text: str, context: Context) -> float:
        """The worst claim's score; 1 with a figure or name that nothing supports."""
        if self._figures(text, context) or self._names(text, context):
            return 1.0
        return max((score for *_, score in self.judged(text, context)), default=0.0)

    def judged(self, text: str, context: Context, *, least: float = 0.0) -> list[tuple[int, int, str, float]]:
        """Every claim's place, with the label and score of the head that thinks worse of it.

        A claim that would stay below ``least`` even if all its own words were far from the sources' is not read by the
        encoder; its score is that bound. Most right claims are such.
        """
        places = _english_claims(text) if context.sources else []
        if not places:
            return []
        evidence = self._evidence(context)
        judged = []
        for start, end in places:
            if evidence.denies(text[start:end]):
                judged.append((start, end, "contradicted_claim", 1.0))
                continue
            score, label = self._worst(evidence.features(text[start:end], read=False))
            if score >= least:
                score, label = self._worst(evidence.features(text[start:end]))
            judged.append((start, end, label, score))
        return judged

    def _figures(self, text: str, context: Context) -> list[Finding]:
        stated = figures(text, strict=True)
        if not stated:
            return []
        known = Known([*self._spoken(context), *_sources(context), *(source.reference for source in context.sources)])
        return [
            Finding(self.name, "unsupported_figure", 1.0, one.start, one.end)
            for one in stated
            if not known.supports(one)
        ]

    def _names(self, text: str, context: Context) -> list[Finding]:
        places = _english_claims(text) if context.sources else []
        named = [(start + first, start + last) for start, end in places for first, last in names(text[start:end])]
        if not named:
            return []
        evidence = self._evidence(context)
        return [
            Finding(self.name, "unsupported_name", 1.0, start, end)
            for start, end in named
            if not evidence.knows(text[start:end])
        ]

    def _worst(self, features: Sequence[float]) -> tuple[float, str]:
        return max((head.score(features), label) for label, head in self._heads.items())

    def _evidence(self, context: Context) -> Evidence:
        return Evidence(_sources(context), self._spoken(context), self._reader)

    def _spoken(self, context: Context) -> list[str]:
        return [context.question, *context.conversation, *context.names, context.instructions, *self._own]


def _english_claims(text: str) -> list[tuple[int, int]]:
    """Each by itself, so that a sentence means the same however much of its answer is read with it."""
    return [(start, end) for start, end in claims(text) if is_english(text[start:end])]


def _sources(context: Context) -> list[str]:
    return [part for source in context.sources for part in (source.title, source.text)]


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
