"""Passages by their words: the scores are those of SQLite's FTS5."""

from __future__ import annotations

import random
import sqlite3

import numpy as np

from deskhand_guardrails.bm25 import WordIndex
from deskhand_guardrails.ranking import SHUT_OUT, best

ODD = ["", "Straße ÉTÉ straße, e-1720; x", "日本語 the", "the " * 70_000, "AND OR NEAR"]


def test_scores_are_those_of_fts5() -> None:
    draw = random.Random(0)
    known = ["the", "where", "order", *(f"w{number}" for number in range(200))]
    often = [1 / rank for rank in range(1, len(known) + 1)]
    texts = [" ".join(draw.choices(known, often, k=draw.randrange(60))) for _ in range(300)] + ODD
    index = WordIndex(texts)
    other = sqlite3.connect(":memory:")
    other.execute("CREATE VIRTUAL TABLE passages USING fts5(text, content='', tokenize='unicode61')")
    other.executemany("INSERT INTO passages(rowid, text) VALUES (?, ?)", enumerate(texts))
    for asked in (["the"], ["where", "the", "order"], ["w7", "w150", "ete", "straße"], known[:12], ["1720", "日本語"]):
        expected = np.zeros(len(texts))
        query = " OR ".join(f'"{word}"' for word in asked)
        for place, score in other.execute(
            "SELECT rowid, -bm25(passages) FROM passages WHERE passages MATCH ?", [query]
        ):
            expected[place] = score
        assert np.count_nonzero(expected)
        assert np.array_equal(index.scores(asked), expected)
    other.close()


def test_unknown_words_weigh_nothing() -> None:
    assert WordIndex([]).scores(["the"]).shape == (0,)
    index = WordIndex(["", "the lamp"])
    assert index.scores(["tent", ""]).tolist() == [0, 0]
    assert [index.held_by(word) for word in ("the", "tent")] == [1, 0]


def test_the_best_are_those_that_sorting_finds() -> None:
    draw = np.random.default_rng(0)
    for _ in range(300):
        ranks = draw.choice(np.array([SHUT_OUT, 0, 0.1, 0.2, 0.3], dtype=np.float32), draw.integers(0, 60))
        count = int(draw.integers(1, 30))
        order = np.argsort(-ranks, kind="stable")[:count]
        assert best(ranks, count).tolist() == order[ranks[order] > SHUT_OUT].tolist()
