"""Ranking by meaning and words."""

from __future__ import annotations

import numpy as np
import pytest

from deskhand_guardrails.agreement import Agreement
from deskhand_guardrails.distance import learn_weights
from deskhand_guardrails.encoder import Encoder
from deskhand_guardrails.ranking import SHUT_OUT, Ranking

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
    return Ranking(PASSAGES, encoder.encode(PASSAGES), PASSAGES)


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
    ranking = Ranking(passages, encoder.encode(passages), passages)
    for word, best in (("kestrel", 0), ("MERLIN", 1)):
        scores, _ = ranking.rank(
            f"how many sleep in the {word}?", encoder.encode([f"how many sleep in the {word}?"])[0]
        )
        assert int(np.argmax(scores)) == best


def test_without_a_known_word_meaning_alone_ranks(ranking: Ranking, encoder: Encoder) -> None:
    vector = encoder.encode(["zzz"])[0]
    scores, similarities = ranking.rank("zzz ?!", vector)
    assert np.array_equal(np.argsort(scores), np.argsort(similarities))


def test_no_passages_no_scores() -> None:
    scores, similarities = Ranking([], np.zeros((0, 384), dtype=np.float32), []).rank(
        "hello", np.zeros(384, dtype=np.float32)
    )
    assert scores.shape == similarities.shape == (0,)


BROKEN = "My {} came broken, there is a crack in it."
DEAD = "The {} does not charge any more, what can I do?"
COLOUR = "In which colours can I order the {}?"
ANSWERS = {
    BROKEN: "Send us two photos of the damage and you get a new one.",
    DEAD: "Hold the button for twelve seconds, that is the reset.",
    COLOUR: "The colours are listed beside the picture on its page.",
}
THINGS = ("tent", "bottle", "table", "backpack", "stove", "knife", "jacket")


@pytest.mark.parametrize("question", ["Sadly the lamp was smashed when it arrived.", "There is a hole in my lamp."])
def test_what_differs_between_questions_with_one_answer_does_not_count(encoder: Encoder, question: str) -> None:
    asked = [(problem.format(thing), problem) for problem in ANSWERS for thing in THINGS]
    asked += [(problem.format("lamp"), problem) for problem in (DEAD, COLOUR)]
    texts, problems = zip(*asked, strict=True)
    vector, vectors = encoder.encode([question])[0], encoder.encode(texts)
    ranks, similarities = Ranking(texts, vectors, [ANSWERS[problem] for problem in problems]).rank(question, vector)
    assert problems[int(np.argmax(similarities))] == DEAD
    assert [problems[at] for at in np.argsort(-ranks)[:3]] == [BROKEN] * 3


def test_the_passage_that_the_others_agree_with_comes_first() -> None:
    angles = np.array([0.1, 0.2, 0.21, 0.22, 1.5])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    answers = ["We are closed on Sunday.", *["Refunds take five working days."] * 3, "We are closed on Monday."]
    ranking = Ranking(["a", "b", "c", "d", "e"], vectors, answers)
    asked = np.array([1, 0], dtype=np.float32)
    ranks, similarities = ranking.rank("?", asked)
    assert np.argsort(-similarities).tolist() == [0, 1, 2, 3, 4]
    assert np.argsort(-ranks).tolist() == [1, 2, 3, 0, 4]
    shut_out = np.array([False, True, True, True, False])
    ranks, _ = ranking.rank("?", asked, shut_out=shut_out)
    assert np.argsort(-ranks)[:2].tolist() == [0, 4]
    assert (ranks[shut_out] == SHUT_OUT).all()


def test_an_answer_about_another_customers_thing_comes_after_one_that_names_none() -> None:
    asked = "Where is the money for my boots?"
    texts = ["Where is the money for my poles?", "Where is the money?", "Where is the money for my lamp?"]
    answers = [
        "The refund for the poles takes five days.",
        "The refund takes five days.",
        "The refund takes five days.",
    ]
    vectors = np.array([[1, 0], [0.98, 0.199], [0.97, 0.243]], dtype=np.float32)
    ranks, similarities = Ranking(texts, vectors, answers).rank(asked, np.array([1, 0], dtype=np.float32))
    assert np.argmax(similarities) == 0
    assert np.argmax(ranks) == 1
    about_poles, _ = Ranking(texts, vectors, answers).rank("Money for my poles?", np.array([1, 0], dtype=np.float32))
    assert np.argmax(about_poles) == 0
    article, _ = Ranking([texts[0] + answers[0], *texts[1:]], vectors, answers).rank(asked, vectors[0])
    assert article[0] > ranks[0]


def test_agreement_is_in_the_words_that_not_everybody_uses() -> None:
    texts = [
        "Open the Returns Centre in your account.",
        "The Returns Centre prints the label.",
        "Your account is open.",
    ]
    found = Agreement(texts).among([0, 1, 2])
    assert found.shape == (3, 3)
    assert np.allclose(found, found.T)
    assert np.allclose(np.diag(found), 1)
    assert found[0, 1] > found[1, 2]
    assert Agreement(["", "one"]).among([0, 1]).tolist() == [[1, 0], [0, 1]]


def test_without_agreement_the_encoder_s_own_distance_stays(encoder: Encoder) -> None:
    vectors = encoder.encode(PASSAGES)
    assert np.array_equal(learn_weights(vectors, np.eye(len(PASSAGES), dtype=np.float32)), np.eye(384))
    assert np.array_equal(learn_weights(vectors[[0, 0]], np.ones((2, 2), dtype=np.float32)), np.eye(384))
