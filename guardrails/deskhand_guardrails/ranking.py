"""Which passages come first for a question: by meaning and words, and by what they agree on.

Preparing training data and answering rank through this module, so that a model is trained on the sources it will get.
Three steps: the vectors, compared by a distance learnt from the passages themselves (``distance``); the words (BM25),
which matter most for what an encoder has never seen, error codes and product names; and a vote: of the best twenty
those come first whose answers the others share (``agreement``). A lone passage that only happens to be about the same
lamp loses to five that answer the question, and an answer that names another customer's hiking boots to one that does
not.

Measured on the sample, the newest quarter of the training tickets against the rest (315 questions; share whose first
passage is right, mean share of right ones among the first three): vectors alone 0.803 and 0.753, with words 0.848 and
0.812, with the learnt distance 0.911 and 0.865, with the vote 0.946 and 0.934, and 0.975 and 0.960 since follow-ups
are looked up with their questions (``prompt.retrieval_query``). On the 184 test questions 0.962 against 0.864 before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deskhand_guardrails.agreement import Agreement, words
from deskhand_guardrails.bm25 import WordIndex
from deskhand_guardrails.distance import learn_weights

Vectors = npt.NDArray[np.float32]

WORDS_WEIGHT = 0.7
"""What a passage that holds all of the question's rarest words is worth beside a cosine of 1."""
RAREST_WORDS = 12
"""The question's rarest words carry its topic. Looking up all of them finds no more and takes ten times as long."""
DECIMALS = 5
"""Products of equal vectors differ in the seventh digit with their place in memory; equal ones must rank by place."""
VOTERS = 20
"""Ten are too few to outvote a wrong first passage, forty bring in other problems."""
SHARPNESS = 0.1
"""A passage whose score is so much lower has a vote of 1/e."""
ANOTHER_CASE = 0.6
"""What an answer loses for words of its own question alone, times their share of it. On the sample's newest training
tickets it takes the answers that name another customer's product in the first place from 29 to 20 of 315; a right one
comes first in 0.975 instead of 0.978. Twice as much makes it 18, and 0.965."""
FEW_VOTES = 0.15
"""Words that more of the votes share are the matter itself and nobody's case."""
MOST_LEARNT_FROM = 2_000
"""The distance is learnt from so many passages, spread over all: a second, whatever the size of the knowledge."""
SHUT_OUT = -2.0
"""Below every rank score and cosine."""


class Meant(NamedTuple):
    """How near each passage comes to a question in meaning."""

    cosines: Vectors
    """(n,)"""
    learnt: Vectors
    """The same by the learnt distance (n,)."""


def best(ranks: Vectors, count: int) -> npt.NDArray[np.intp]:
    """The places of the ``count`` highest scores above ``SHUT_OUT``, the highest first; of equal ones the earlier."""
    # Sorting 20,000 takes 2 ms, this a thirtieth.
    least = np.partition(ranks, -count)[-count] if count < len(ranks) else SHUT_OUT
    among = np.flatnonzero((ranks >= least) & (ranks > SHUT_OUT))
    return among[np.argsort(-ranks[among], kind="stable")][:count]


class Ranking:
    """Ranks a fixed list of passages; safe across threads.

    Args:
        texts: what the words are looked up in, one for each passage.
        vectors: unit vectors of the passages, float32 (n, dimensions).
        answers: what each passage says in answer: what a ticket was resolved with, an article itself.
    """

    def __init__(self, texts: Sequence[str], vectors: Vectors, answers: Sequence[str]) -> None:
        self._vectors = vectors
        self._words = WordIndex(texts)
        self._texts, self._answers = texts, answers
        self._agreement = Agreement(answers)
        sample = np.unique(np.linspace(0, max(len(texts) - 1, 0), min(len(texts), MOST_LEARNT_FROM)).astype(np.intp))
        self._weights = learn_weights(vectors[sample], self._agreement.among(sample))
        self._lengths = np.sqrt(((vectors @ self._weights) * vectors).sum(axis=1))

    def rank(
        self, text: str, vector: Vectors, *, shut_out: npt.NDArray[np.bool_] | None = None
    ) -> tuple[Vectors, Vectors]:
        """How well each passage fits.

        Args:
            text: the question.
            vector: its unit vector (dimensions,).
            shut_out: passages (n,) that must not be found and have no vote; they get the score ``SHUT_OUT``.

        Returns:
            Two arrays (n,): the rank scores (higher is better, comparable within this question alone) and the cosines
            (comparable across questions).
        """
        (meant,) = self.compare(vector[None])
        return self.scores(text, meant, shut_out=shut_out), meant.cosines

    def compare(self, vectors: Vectors) -> list[Meant]:
        """The first step for many questions at once, by their unit vectors (questions, dimensions).

        Among 20,000 passages 3 ms for one question, 0.4 ms each for 32: what it costs is the passages' transport.
        """
        weighted = vectors @ self._weights
        own = np.sqrt(np.maximum((weighted * vectors).sum(axis=1), 0))
        products = np.concatenate([vectors, weighted]) @ self._vectors.T
        return [
            Meant(np.round(cosines, DECIMALS), np.round(learnt / np.maximum(self._lengths * length, 1e-9), DECIMALS))
            for cosines, learnt, length in zip(*np.split(products, 2), own, strict=True)
        ]

    def scores(self, text: str, meant: Meant, *, shut_out: npt.NDArray[np.bool_] | None = None) -> Vectors:
        """The rank scores (n,) of ``rank``, from the first step of that question."""
        ranks = meant.learnt + WORDS_WEIGHT * self._shared_words(text)
        if shut_out is not None:
            ranks[shut_out] = SHUT_OUT
        self._vote(text, ranks)
        return ranks

    def _vote(self, text: str, ranks: Vectors) -> None:
        """Adds to each of the best passages' scores the share of their votes that agrees with it."""
        voters = best(ranks, VOTERS)
        if len(voters):
            votes = np.exp((ranks[voters] - ranks[voters[0]]) / SHARPNESS)
            votes /= votes.sum()
            ranks[voters] += self._agreement.among(voters) @ votes - ANOTHER_CASE * self._case(
                words(text), voters, votes
            )

    def _case(self, asked: set[str], voters: npt.NDArray[np.intp], votes: Vectors) -> Vectors:
        """How much of each voter's answer is about its own customer's case alone (n,): words of the question that came
        with it, which neither this question nor the other answers hold. An article has no question."""
        said = [words(self._answers[place]) for place in voters]
        shares = np.zeros(len(voters), dtype=np.float32)
        for row, place in enumerate(voters):
            if self._answers[place] in self._texts[place]:
                continue
            own = (said[row] & words(self._texts[place])) - asked
            few = FEW_VOTES + votes[row]
            own = {word for word in own if sum(votes[at] for at, held in enumerate(said) if word in held) < few}
            shares[row] = self._agreement.share(place, own)
        return shares

    def _shared_words(self, text: str) -> Vectors:
        """BM25 scores (n,) as a share of what the question's rarest words weigh, those that no passage holds included.

        Without these, a question of which the passages hold nothing but "the" and "my" would rank by them.
        """
        asked = sorted(words(text), key=lambda word: (self._words.held_by(word), word))
        rarest = asked[:RAREST_WORDS]
        weight = sum(self._weight(word) for word in rarest) or 1.0
        return (self._words.scores(rarest) / weight).astype(np.float32)

    def _weight(self, word: str) -> float:
        """BM25's inverse document frequency, in the form that is never negative."""
        held = self._words.held_by(word)
        return math.log(1 + (len(self._vectors) - held + 0.5) / (held + 0.5))
