"""Which passages come first for a question: by meaning (vectors) and by words (BM25), together.

Preparing training data and answering rank through this module, so that a model is trained on the sources it will get.
Measured on the sample's 186 test questions (share whose best passage, or one of the best three, is of the right kind):
vectors alone 0.866 and 0.941, together 0.871 and 0.946. Words matter most for what an encoder has never seen: error
codes, product names, part numbers.
"""

from __future__ import annotations

import math
import re
import sqlite3
import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

WORDS_WEIGHT = 0.7
"""What a passage that holds all of the question's rarest words is worth beside a cosine of 1."""
RAREST_WORDS = 12
"""The question's rarest words carry its topic. Looking up all of them finds no more and takes ten times as long."""
DECIMALS = 5
"""Products of equal vectors differ in the seventh digit with their place in memory; equal ones must rank by place."""
_WORD = re.compile(r"\w{2,}")


class Ranking:
    """Ranks a fixed list of passages; safe across threads.

    Args:
        texts: what the words are looked up in, one for each passage.
        vectors: unit vectors of the passages, float32 (n, dimensions).
    """

    def __init__(self, texts: Sequence[str], vectors: Vectors) -> None:
        self._vectors = vectors
        self._lock = threading.Lock()
        self._words = sqlite3.connect(":memory:", check_same_thread=False)
        self._words.execute("CREATE VIRTUAL TABLE passages USING fts5(text, content='', tokenize='unicode61')")
        self._words.executemany("INSERT INTO passages(rowid, text) VALUES (?, ?)", enumerate(texts))
        self._words.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(passages, 'row')")
        self._frequency: dict[str, int] = dict(self._words.execute("SELECT term, doc FROM terms"))

    def rank(self, text: str, vector: Vectors) -> tuple[Vectors, Vectors]:
        """How well each passage fits.

        Args:
            text: the question.
            vector: its unit vector (dimensions,).

        Returns:
            Two arrays (n,): the rank scores (higher is better, comparable within this question alone) and the cosines
            (comparable across questions).
        """
        similarities = np.round(self._vectors @ vector, DECIMALS)
        return similarities + WORDS_WEIGHT * self._shared_words(text), similarities

    def _shared_words(self, text: str) -> Vectors:
        """BM25 scores (n,) as a share of what the question's rarest words weigh, those that no passage holds included.

        Without these, a question of which the passages hold nothing but "the" and "my" would rank by them.
        """
        scores = np.zeros(len(self._vectors), dtype=np.float32)
        asked = sorted({word.lower() for word in _WORD.findall(text)}, key=lambda word: (self._held_by(word), word))
        rarest = asked[:RAREST_WORDS]
        known = [word for word in rarest if word in self._frequency]
        if known:
            weight = sum(self._weight(word) for word in rarest)
            # Quoted, so that a customer's "AND" or "*" is a word and not an operator.
            query = " OR ".join(f'"{word}"' for word in known)
            with self._lock:
                found = "SELECT rowid, -bm25(passages) FROM passages WHERE passages MATCH ?"
                for row, score in self._words.execute(found, (query,)):
                    scores[row] = score / weight
        return scores

    def _held_by(self, word: str) -> int:
        return self._frequency.get(word, 0)

    def _weight(self, word: str) -> float:
        """BM25's inverse document frequency, in the form that is never negative."""
        held = self._held_by(word)
        return math.log(1 + (len(self._vectors) - held + 0.5) / (held + 0.5))
