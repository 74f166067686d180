"""Ranking by meaning and words."""

from __future__ import annotations

import numpy as np
import pytest

from deskhand_guardrails.encoder import Encoder
from deskhand_guardrails.ranking import Ranking

PASSAGES = [
    "Refunds arrive within five working days after we receive the return.",
    "The Heron 45 backpack has a lifetime warranty on its buckles.",
    "You can change the delivery address until the parcel is dispatched.",
    "Error E-1720 means that the lamp lost its pairing; hold the button for ten seconds.",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.shipped()


@pytest.fixture(scope="module")
def ranking(encoder: Encoder) -> Ranking:
    return Ranking(PASSAGES, encoder.encode(PASSAGES))


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("When do I get my money back?", 0),
        ("the buckles of my rucksack broke, is there a warranty?", 1),
        ("I moved house, please send it to my new flat instead", 2),
        ("E-1720", 3),
        ('what is "E-1720" AND NOT (lamp*', 3),
    ],
)
def test_the_right_passage_comes_first(ranking: Ranking, encoder: Encoder, question: str, best: int) -> None:
    scores, _ = ranking.rank(question, encoder.encode([question])[0])
    assert int(np.argmax(scores)) == best


def test_a_rare_word_decides_between_passages_of_one_meaning(encoder: Encoder) -> None:
    passages = ["Our Kestrel tent sleeps two people.", "Our Merlin tent sleeps two people."]
    ranking = Ranking(passages, encoder.encode(passages))
    for word, best in (("kestrel", 0), ("MERLIN", 1)):
        scores, _ = ranking.rank(
            f"how many sleep in the {word}?", encoder.encode([f"how many sleep in the {word}?"])[0]
        )
        assert int(np.argmax(scores)) == best


def test_without_a_known_word_meaning_alone_ranks(ranking: Ranking, encoder: Encoder) -> None:
    vector = encoder.encode(["zzz"])[0]
    scores, similarities = ranking.rank("zzz ?!", vector)
    assert np.array_equal(scores, similarities)


def test_no_passages_no_scores() -> None:
    scores, similarities = Ranking([], np.zeros((0, 384), dtype=np.float32)).rank(
        "hello", np.zeros(384, dtype=np.float32)
    )
    assert scores.shape == similarities.shape == (0,)
