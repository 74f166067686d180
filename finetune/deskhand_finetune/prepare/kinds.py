"""The kinds of problem in a dataset: clusters of questions, each named by the words that set it apart.

Spherical k-means (Dhillon and Modha 2001) over the shipped encoder's vectors, started as k-means++ (Arthur and
Vassilvitskii 2007); the names are the best words by class-based TF-IDF (Grootendorst 2022). An overview for a person:
nothing else depends on it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deskhand_finetune.prepare.spool import Rows
from deskhand_guardrails.encoder import Vectors

MOST_KINDS = 24
# Enough to place two dozen centres and to name them; the rest of a large export is only assigned to them.
MOST_FITTED = 20_000
ROUNDS = 15
WORDS_IN_NAME = 3
# A word in more of a language's questions than this ("please", "bitte") names no kind.
TOO_COMMON = 0.10
# A word of a single question is that customer's: no report may show it.
FEWEST_USES = 2
VARIOUS = "various"
WORD = re.compile(r"[^\W\d_]{4,}")
PLACEHOLDER = re.compile(r"<[A-Z_]+_\d+>")


class Kind(NamedTuple):
    name: str
    tickets: int


def kinds(questions: Sequence[str], languages: Sequence[str], vectors: Vectors | Rows, seed: int) -> list[Kind]:
    """The clusters of ``questions``, largest first.

    Args:
        questions: one for each ticket, with placeholders.
        languages: of each question, for what is a common word differs.
        vectors: shape (questions, dimensions), of length 1.
        seed: of the first centres.
    """
    if not len(questions):
        return []
    random = np.random.default_rng(seed)
    count = min(MOST_KINDS, max(1, round(math.sqrt(len(questions) / 2))))
    places = np.sort(random.choice(len(vectors), min(MOST_FITTED, len(vectors)), replace=False))
    centres = _centres(vectors[places], count, random)
    own = np.concatenate([_nearest(vectors[at : at + 4096], centres) for at in range(0, len(vectors), 4096)])
    names = _names([questions[place] for place in places], [languages[place] for place in places], own[places])
    found = Counter(names.get(int(number), VARIOUS) for number in own)
    return [Kind(name, held) for name, held in found.most_common()]


def _centres(vectors: Vectors, count: int, random: np.random.Generator) -> Vectors:
    chosen = [int(random.integers(len(vectors)))]
    while len(chosen) < count:
        away = np.clip(1 - (vectors @ vectors[chosen].T).max(axis=1), 0, None).astype(np.float64) ** 2
        if away.sum() <= 1e-9:
            break
        chosen.append(int(random.choice(len(vectors), p=away / away.sum())))
    centres: Vectors = vectors[chosen]
    for _ in range(ROUNDS):
        own = _nearest(vectors, centres)
        sums = np.stack([vectors[own == number].sum(axis=0) for number in range(len(centres))])
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        moved = np.where(lengths > 0, sums / np.maximum(lengths, 1e-9), centres).astype(np.float32)
        if np.allclose(moved, centres, atol=1e-4):
            break
        centres = moved
    return centres


def _nearest(vectors: Vectors, centres: Vectors) -> npt.NDArray[np.int64]:
    return np.asarray((vectors @ centres.T).argmax(axis=1), dtype=np.int64)


def _names(questions: Sequence[str], languages: Sequence[str], own: npt.NDArray[np.int64]) -> dict[int, str]:
    words = [set(WORD.findall(PLACEHOLDER.sub(" ", question).lower())) for question in questions]
    spoken = Counter(languages)
    common = {
        word
        for language in spoken
        for word, count in _counts(words, [one == language for one in languages]).items()
        if count > max(2, TOO_COMMON * spoken[language])
    }
    everywhere = Counter(word for held in words for word in held)
    names: dict[int, str] = {}
    for number in sorted(set(own.tolist())):
        counts = _counts(words, (own == number).tolist())
        shared = {word: count for word, count in counts.items() if count >= FEWEST_USES}
        # Where every word is common, as in a desk with one kind of problem, the commonest must do.
        usable = {word: count for word, count in shared.items() if word not in common} or shared
        weights = {word: count * math.log(1 + len(questions) / everywhere[word]) for word, count in usable.items()}
        best = sorted(weights, key=lambda word: (-weights[word], word))[:WORDS_IN_NAME]
        names[number] = ", ".join(best) or VARIOUS
    return names


def _counts(words: Sequence[set[str]], chosen: Sequence[bool]) -> Counter[str]:
    return Counter(word for held, is_in in zip(words, chosen, strict=True) if is_in for word in held)
