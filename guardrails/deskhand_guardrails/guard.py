"""The guard model: one pass over a text gives the scores and the names that several detectors ask for.

A small network (MiniLM's shape, 8-bit, ONNX Runtime), trained by ``scripts/guard``; its card with figures by left-out
source is in ``models/guard``. A text is read in windows that overlap; a score is the highest of any window's, so that a
planted sentence cannot drown in a long text.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from deskhand_guardrails.detectors.spans import Span
from deskhand_guardrails.errors import UnavailableError
from deskhand_guardrails.kept import Kept
from deskhand_guardrails.onnx import session, tokenizer

Question = Literal["injection", "planted", "harm", "hostile"]

FOLDER = Path(__file__).parent / "models" / "guard"

WIDE, NARROW = 254, 80
"""Word pieces in a window: what the model was trained on at most, and about three sentences of a document."""

MOST_WINDOWS = 32
"""A text beyond so many windows keeps its first and last half of them: one message must not take seconds."""

KEPT = 4096
"""Texts and windows whose reading is remembered, a kilobyte each, under a hash and without their text: every detector
of a stage asks for the same ones, a streamed answer's sentences are read more than once, and in a help desk's history
four answers of five were given before."""


@dataclass(frozen=True, slots=True)
class Window:
    """What the model says about ``text[start:end]``."""

    start: int
    end: int
    scores: Mapping[str, float]
    """Question to a score from 0 to 1."""
    spans: tuple[Span, ...]
    """People, places and addresses, by their place in the whole text."""


class Guard:
    """Reads texts. Safe to use from several threads at once."""

    def __init__(self, folder: Path = FOLDER, *, threads: int = 1) -> None:
        """Loads ``model.onnx`` and ``guard.json`` from ``folder``; the tokenizer is the encoder's.

        Raises:
            UnavailableError: a file is missing or cannot be read.
        """
        try:
            settings = json.loads((folder / "guard.json").read_text(encoding="utf-8"))
            self._questions: list[str] = settings["questions"]
            self._tags: list[str] = settings["tags"]
            self.thresholds: dict[str, float] = settings["thresholds"]
            self._tokenizer = tokenizer(folder.parent / "encoder" / "tokenizer.json")
            self._session = session(folder / "model.onnx", threads)
        except Exception as error:  # both libraries raise bare Exception for a missing or broken file
            raise UnavailableError(
                f"the guard model in {folder} cannot be loaded ({type(error).__name__}): reinstall deskhand"
            ) from error
        self._start = self._tokenizer.token_to_id("[CLS]")
        self._end = self._tokenizer.token_to_id("[SEP]")
        self._texts: Kept[tuple[Window, ...]] = Kept(KEPT)
        self._readings: Kept[_Reading] = Kept(KEPT)

    @classmethod
    def shipped(cls) -> Guard:
        """The model that comes with the package, loaded once."""
        return _shipped()

    def windows(self, text: str, size: int = WIDE) -> Sequence[Window]:
        """The windows of ``text``, each of at most ``size`` word pieces and overlapping the next by a fifth."""
        return self._texts.get(f"{size} {text}", lambda: self._windows(text, size))

    def _windows(self, text: str, size: int) -> tuple[Window, ...]:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        ids, words, places = encoding.ids, encoding.word_ids, encoding.offsets  # each is made anew when asked for
        found = []
        for first, last in _cuts(len(ids), size):
            key = np.asarray(ids[first:last], dtype=np.int32).tobytes()
            reading = self._readings.get(key, partial(self._run, ids[first:last], words[first:last]))
            offsets = places[first:last]
            spans = tuple(
                Span(offsets[one][0], offsets[two][1], label, score) for one, two, label, score in reading.spans
            )
            found.append(Window(offsets[0][0], offsets[-1][1], reading.scores, spans))
        return tuple(found)

    def _run(self, ids: Sequence[int], words: Sequence[int | None]) -> _Reading:
        fed = np.asarray([[self._start, *ids, self._end]], dtype=np.int64)
        scores, tags = self._session.run(["scores", "tags"], {"input_ids": fed, "attention_mask": np.ones_like(fed)})
        answers = 1 / (1 + np.exp(-scores[0]))
        by_question = {name: float(score) for name, score in zip(self._questions, answers, strict=True)}
        return _Reading(by_question, tuple(_spans(tags[0, 1:-1], self._tags, words)))


@dataclass(frozen=True, slots=True)
class _Reading:
    """A window's scores, and its spans as (first token, last token, label, score)."""

    scores: Mapping[str, float]
    spans: tuple[tuple[int, int, str, float], ...]


def _spans(
    logits: npt.NDArray[np.float32], names: Sequence[str], words: Sequence[int | None]
) -> list[tuple[int, int, str, float]]:
    """Runs of whole words under one label; a run's score is its weakest word's probability."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    # The model cuts rare words, such as most names, into pieces: a word is the mean of them.
    firsts = np.asarray([at for at in range(len(words)) if not at or words[at] != words[at - 1]])
    ends = np.append(firsts[1:], len(words))
    means = np.add.reduceat(shares, firsts, axis=0) / (ends - firsts)[:, None]
    found: list[tuple[int, int, str, float]] = []
    for word, best in enumerate(means.argmax(axis=1)):
        begin, _, label = names[best].partition("-")
        if not label:
            continue
        first, last, score = int(firsts[word]), int(ends[word]) - 1, float(means[word, best])
        if begin == "I" and found and found[-1][1] == first - 1 and found[-1][2] == label:
            start, _, _, weakest = found[-1]
            found[-1] = (start, last, label, min(weakest, score))
        else:
            found.append((first, last, label, score))
    return found


def _cuts(tokens: int, size: int) -> list[tuple[int, int]]:
    """Where windows begin and end in a text of ``tokens`` word pieces; none for an empty text."""
    if not tokens:
        return []
    step = size - size // 5
    starts = list(range(0, max(tokens - size // 5, 1), step))
    if len(starts) > MOST_WINDOWS:
        starts = starts[: MOST_WINDOWS // 2] + starts[-MOST_WINDOWS // 2 :]
    return [(start, min(start + size, tokens)) for start in starts]


@functools.lru_cache(maxsize=1)
def _shipped() -> Guard:
    return Guard()
