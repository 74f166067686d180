"""Confidence: what is known about an answer, calibrated."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from deskhand_guardrails.confidence import (
    AFTER,
    BEFORE,
    FILE,
    LEAST,
    WITH_TOKENS,
    Calibration,
    Signals,
    fit,
    out_of_fold,
)
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.prompt import Source

SOURCES = [
    Source("Returns", "Returns take thirty days in every country.", "a.md", 0.8),
    Source("Refunds", "Refunds take thirty days.", "b.md", 0.5),
    Source("Lamps", "Lamps charge over night.", "c.md", 0.3),
]


def judged(many: int, seed: int = 3) -> tuple[list[Signals], list[bool]]:
    """Answers of which those from similar sources are mostly right; how probably, is known."""
    draw = random.Random(seed)
    signals, right = [], []
    for _ in range(many):
        similarity = draw.random()
        signals.append(Signals(similarity, draw.random(), draw.random(), draw.random()))
        right.append(draw.random() < 1 / (1 + np.exp(-8 * (similarity - 0.5))))
    return signals, right


def test_what_is_known_of_an_answer() -> None:
    known = Signals.of(SOURCES, "Returns take thirty days, thanks to unicorns.", [-0.1, -0.5])
    assert known.similarity == 0.8
    assert known.margin == pytest.approx(0.4)
    assert known.agreement == pytest.approx((3 / 7 + 0) / 2)  # take, thirty, days of seven words; and none
    assert known.support == pytest.approx(4 / 6)  # not "thanks", nor "unicorns"
    assert known.mean_logprob == pytest.approx(-0.3)
    assert known.least_logprob == -0.5
    assert Signals.of([]) == Signals(0.0, 0.0, 0.0)
    assert Signals.of(SOURCES[:1], "") == Signals(0.8, 0.0, 0.0, 0.0)


def test_a_calibration_says_how_probable_it_is() -> None:
    calibration = fit(*judged(2000), "a test")
    assert calibration is not None
    assert [one.signals for one in calibration.regressions] == [AFTER, BEFORE]
    for similarity in (0.1, 0.3, 0.5, 0.7, 0.9):
        true = 1 / (1 + np.exp(-8 * (similarity - 0.5)))
        for support in (None, 0.5):
            assert calibration.probability(Signals(similarity, 0.5, 0.5, support)) == pytest.approx(true, abs=0.06)
    signals, right = judged(400, seed=4)
    sure = np.asarray(out_of_fold(signals, right))
    assert sure[np.asarray(right)].mean() > sure[~np.asarray(right)].mean() + 0.3
    tokens = [Signals(0.5, 0.5, 0.5, 0.5, -1.0 if place % 2 else -0.1, -2.0) for place in range(40)]
    told = fit(tokens, [place % 2 == 0 for place in range(40)], "a test")
    assert told is not None
    assert told.regressions[0].signals == WITH_TOKENS
    assert told.probability(tokens[0]) > 0.8 > 0.2 > told.probability(tokens[1])
    assert told.probability(Signals(0.5, 0.5, 0.5)) == pytest.approx(0.5, abs=0.01)


def test_too_little_teaches_nothing() -> None:
    signals, right = judged(LEAST - 1)
    assert fit(signals, right, "a test") is None
    assert fit(signals * 2, [True] * len(signals) * 2, "a test") is None


def test_a_calibration_is_kept_and_a_broken_one_refused(tmp_path: Path) -> None:
    assert Calibration.load(tmp_path) is None
    made = fit(*judged(100), "a test")
    assert made is not None
    made.save(tmp_path)
    assert Calibration.load(tmp_path) == made
    held = json.loads((tmp_path / FILE).read_text())
    broken = [
        {**held, "version": 9},
        {**held, "regressions": []},
        {"version": 1},
        [],
        {**held, "regressions": held["regressions"][:1]},
    ]
    broken.append({**held, "regressions": [{**held["regressions"][1], "weights": [1]}]})
    for one in broken:
        (tmp_path / FILE).write_text(json.dumps(one))
        with pytest.raises(InputError, match=r"confidence.json: not a calibration of version 1; .* deskhand evaluate"):
            Calibration.load(tmp_path)
