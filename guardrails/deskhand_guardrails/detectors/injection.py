# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Attempts to talk the assistant out of its instructions: jailbreaks, and orders planted in retrieved text.

Two opinions, the higher one counts. A learnt one: the shipped encoder's vector and the words of the text, each with a
logistic head, their logits averaged; it was trained by ``scripts/injection/build.py``, whose card and figures by
left-out source are in ``models/injection``. And a short list of phrases that no customer needs. The text is folded
first (alphabets, invisible characters) and read in overlapping windows, so that a tail cannot hide behind a long start.

Not covered: attacks in other languages than English, encodings (base64, ciphers), pictures.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from deskhand_guardrails.detectors.settings import Action, DetectorSettings
from deskhand_guardrails.encoder import Encoder, Vectors
from deskhand_guardrails.errors import UnavailableError
from deskhand_guardrails.normalise import folded
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding

# Words and pairs of words are hashed into this many places: no vocabulary to ship, 0.3 MB of weights.
PLACES = 1 << 16

# About 250 word pieces: what the encoder reads in one go.
INPUT_WINDOW = 1000

# Planted orders are a sentence or two in the middle of an honest text; a vector of the whole text drowns them.
RETRIEVED_WINDOW = 300

# A text beyond sixteen windows keeps its first and last eight, so that one message cannot take seconds.
MOST_WINDOWS = 16

# "ann@example.com" alone, an answer to "what is your address?", scored 0.21: too little text for the head to judge.
FEWEST_WORDS = 3

_WORD = re.compile(r"[a-z0-9']+")

# Precise on purpose: each names the assistant's instructions, or a well-known attack, outright.
_PHRASES = re.compile(
    r"""
    \b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,30}\b(?:previous|prior|above|earlier|preceding|all\ (?:of\ )?(?:your|the)|your|system)\b[^.\n]{0,20}\b(?:instructions?|prompts?|rules|guidelines|directives|programming|restrictions)\b
    | \b(?:reveal|print|repeat|show|output|display|leak|tell\ me)\b[^.\n]{0,30}\b(?:system|hidden|initial|original|secret)\ (?:prompt|instructions?|message)\b
    | \byou\ are\ (?:now|no\ longer)\ (?:dan\b|in\ developer\ mode|an?\ (?:unrestricted|unfiltered|uncensored|jailbroken)|bound\ by|restricted)
    | \bdo\ anything\ now\b
    | \b(?:enable|enter|activate|switch\ to)\ (?:developer|dan|jailbreak|god|debug|admin)\ mode\b
    | \b(?:new|updated)\ system\ (?:prompt|instructions?)\b
    | <\|?(?:im_start|im_end|system|endoftext)\|?> | \[/?(?:INST|SYSTEM)\] | <</?SYS>>
    """,
    re.IGNORECASE | re.VERBOSE,
)


class Head:
    """The learnt opinion: probability-like scores from vectors and words, without scikit-learn."""

    def __init__(self, folder: Path) -> None:
        """Loads ``head.npz`` and ``head.json`` as ``scripts/injection/build.py`` wrote them."""
        try:
            with np.load(folder / "head.npz") as arrays:
                self._vector: npt.NDArray[np.float32] = arrays["vector"]
                self._words: npt.NDArray[np.float32] = arrays["words"].astype(np.float32)
                self._idf: npt.NDArray[np.float32] = arrays["idf"].astype(np.float32)
            settings = json.loads((folder / "head.json").read_text(encoding="utf-8"))
            self._bias = float(settings["bias"])
            self.threshold = float(settings["threshold"])
            self.retrieved_threshold = float(settings["retrieved_threshold"])
        except (OSError, KeyError, ValueError) as error:
            raise UnavailableError(
                f"the injection head in {folder} cannot be loaded ({type(error).__name__}): reinstall deskhand"
            ) from error

    def scores(self, texts: Sequence[str], vectors: Vectors) -> npt.NDArray[np.float32]:
        """A score from 0 to 1 for each text."""
        logits = vectors @ self._vector + self._bias
        for row, text in enumerate(texts):
            places, counts = word_counts(text)
            if len(places):
                weights = tfidf(counts, self._idf[places])
                logits[row] += weights @ self._words[places]
        scores: npt.NDArray[np.float32] = (1.0 / (1.0 + np.exp(-logits))).astype(np.float32)
        return scores


class InjectionSettings(DetectorSettings):
    """Attempts to override the instructions."""

    output: Action = "ignore"


class Injection:
    """Finds windows of a text that score as an attack; one finding for each run of such windows."""

    name = "injection"
    settings = InjectionSettings

    def __init__(self, encoder: Encoder, *, retrieved: bool = False, threshold: float | None = None) -> None:
        """Reads customers' messages, or ``retrieved`` passages in narrower windows with a threshold of their own.

        ``threshold`` None takes the one that training fixed at 1 % false alarms on harmless texts of that kind.
        """
        self._encoder = encoder
        self._head = Head(Path(__file__).parents[1] / "models" / "injection")
        self._window = RETRIEVED_WINDOW if retrieved else INPUT_WINDOW
        fixed = self._head.retrieved_threshold if retrieved else self._head.threshold
        self.threshold = fixed if threshold is None else threshold

    @classmethod
    def build(cls, setup: Setup[InjectionSettings]) -> Injection:
        """The detector of a policy."""
        return cls(setup.encoder, retrieved=setup.direction == "retrieved", threshold=setup.threshold)

    def detect(self, text: str, context: Context) -> list[Finding]:  # noqa: ARG002 - the protocol's
        """Findings with label ``injection`` over the windows at or above the threshold."""
        return [
            Finding(self.name, "injection", round(score, 4), start, end)
            for start, end, score in self._scored(text)
            if score >= self.threshold
        ]

    def score(self, text: str, context: Context) -> float:  # noqa: ARG002 - the protocol's
        """The highest score of any window, 0 for an empty text."""
        return max((score for _, _, score in self._scored(text)), default=0.0)

    def _scored(self, text: str) -> list[tuple[int, int, float]]:
        spans = windows(text, self._window)
        pieces = [folded(text[start:end]) for start, end in spans]
        if not pieces:
            return []
        scores = self._head.scores(pieces, self._encoder.encode(pieces))
        return [
            (start, end, _opinion(piece, float(score)))
            for (start, end), piece, score in zip(spans, pieces, scores, strict=True)
        ]


def _opinion(piece: str, learnt: float) -> float:
    if _PHRASES.search(piece):
        return 1.0
    return learnt if len(piece.split()) >= FEWEST_WORDS else 0.0


def windows(text: str, size: int) -> list[tuple[int, int]]:
    """Spans of at most ``size`` characters that overlap by a fifth and cover ``text`` (its two ends when it is huge)."""
    if not text.strip():
        return []
    step = size - size // 5
    starts = list(range(0, max(len(text) - size // 5, 1), step))
    if len(starts) > MOST_WINDOWS:
        starts = starts[: MOST_WINDOWS // 2] + starts[-MOST_WINDOWS // 2 :]
    return [(start, min(start + size, len(text))) for start in starts]


def word_counts(text: str) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Places and counts of the words and pairs of words in ``text``; training and answering both count here."""
    words = _WORD.findall(text.lower())
    counted = Counter(_place(feature) for feature in (*words, *map(" ".join, itertools.pairwise(words))))
    places = np.fromiter(counted.keys(), dtype=np.intp, count=len(counted))
    return places, np.fromiter(counted.values(), dtype=np.float32, count=len(counted))


def tfidf(counts: npt.NDArray[np.float32], idf: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Damped counts times rarity, made a unit vector: a long text weighs no more than a short one."""
    weights = (1.0 + np.log(counts)) * idf
    unit: npt.NDArray[np.float32] = (weights / max(float(np.linalg.norm(weights)), 1e-12)).astype(np.float32)
    return unit


@functools.lru_cache(maxsize=1 << 16)
def _place(feature: str) -> int:
    return zlib.crc32(feature.encode()) % PLACES
