"""The guard model: one pass over a text gives the scores and the names that several detectors ask for.

A small network (MiniLM's shape, 8-bit, ONNX Runtime), trained by ``scripts/guard``; its card with figures by left-out
source is in ``models/guard``. A text is read in windows that overlap; a score is the highest of any window's, so that a
planted sentence cannot drown in a long text.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from deskhand_guardrails.errors import UnavailableError
from deskhand_guardrails.kept import Kept
from deskhand_guardrails.onnx import session, tokenizer

Question = Literal["injection", "planted", "harm", "hostile"]

FOLDER = Path(__file__).parent / "models" / "guard"

WIDE, NARROW = 254, 80
"""Word pieces in a window: what the model was trained on at most, and about three sentences of a document."""

FAINT = 0.2
"""Words below this probability of every label are not told; what counts above it is the detectors' to say."""

MOST_WINDOWS = 32
"""A text beyond so many windows keeps its first and last half of them: one message must not take seconds."""

KEPT = 4096
"""Texts and windows whose reading is remembered, a kilobyte each, under a hash and without their text: every detector
of a stage asks for the same ones, a streamed answer's sentences are read more than once, and in a help desk's history
four answers of five were given before."""


class Tagged(NamedTuple):
    """A word of a text, ``text[start:end]``, that is part of a ``label`` with the probability ``score``."""

    start: int
    end: int
    label: str
    score: float
    goes_on: bool
    """Whether it belongs to the same one as the word before it, which has the same label."""


@dataclass(frozen=True, slots=True)
class Window:
    """What the model says about ``text[start:end]``."""

    start: int
    end: int
    scores: Mapping[str, float]
    """Question to a score from 0 to 1."""
    words: tuple[Tagged, ...]
    """Those that may belong to a person, a place or an address."""


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
            tagged = tuple(one._replace(start=offsets[one.start][0], end=offsets[one.end][1]) for one in reading.words)
            found.append(Window(offsets[0][0], offsets[-1][1], reading.scores, tagged))
        return tuple(found)

    def _run(self, ids: Sequence[int], words: Sequence[int | None]) -> _Reading:
        fed = np.asarray([[self._start, *ids, self._end]], dtype=np.int64)
        scores, tags = self._session.run(["scores", "tags"], {"input_ids": fed, "attention_mask": np.ones_like(fed)})
        answers = 1 / (1 + np.exp(-scores[0]))
        by_question = {name: float(score) for name, score in zip(self._questions, answers, strict=True)}
        return _Reading(by_question, tuple(_tagged(tags[0, 1:-1], self._tags, words)))


@dataclass(frozen=True, slots=True)
class _Reading:
    """A window's scores, and its words with their first and last token for places."""

    scores: Mapping[str, float]
    words: tuple[Tagged, ...]


def _tagged(logits: npt.NDArray[np.float32], names: Sequence[str], words: Sequence[int | None]) -> Iterator[Tagged]:
    """Whole words with their likeliest label, where it has a probability of ``FAINT`` at least.

    The model cuts rare words, such as most names, into pieces, the first of which begins a span ("B-") while the others
    are inside ("I-"): a word's probability of a label is the sum of both, in the mean of its pieces.
    """
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    kinds = [name.partition("-")[2] for name in names]
    labels = [*dict.fromkeys(filter(None, kinds))]
    of_label = np.asarray([[kind == label for label in labels] for kind in kinds], dtype=shares.dtype)
    firsts = np.asarray([at for at in range(len(words)) if not at or words[at] != words[at - 1]])
    ends = np.append(firsts[1:], len(words))
    means = np.add.reduceat(shares @ of_label, firsts, axis=0) / (ends - firsts)[:, None]
    before: Tagged | None = None
    for word, best in enumerate(means.argmax(axis=1)):
        if means[word, best] < FAINT:
            continue
        first, last, label = int(firsts[word]), int(ends[word]) - 1, labels[best]
        inside, begins = (shares[first, names.index(f"{place}-{label}")] for place in "IB")
        follows = before is not None and before.end == first - 1 and before.label == label
        before = Tagged(first, last, label, float(means[word, best]), follows and bool(inside > begins))
        yield before


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
