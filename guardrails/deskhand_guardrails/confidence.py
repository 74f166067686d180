"""How sure the desk may be of an answer: what is known about it, and the share of such answers that were right.

What is known (:class:`Signals`) comes from retrieval, from the answer's words and, where the model tells them, from the
probabilities of its tokens. A logistic regression turns that into a probability. It is fitted on held-out tickets by
``deskhand evaluate`` (``confidence.json`` in the run folder), and again on reviewers' decisions (``review.refit``).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deskhand_guardrails.errors import InputError
from deskhand_guardrails.prompt import Source

FILE = "confidence.json"
VERSION = 1

BEFORE = ("similarity", "margin", "agreement")
"""Known before the model writes, so that an answer that will not be given need not be begun."""
AFTER = (*BEFORE, "support")
WITH_TOKENS = (*AFTER, "mean_logprob", "least_logprob")

RIDGE = 1.0
"""Penalty on the weights of standardised signals: with 50 tickets it keeps them finite where a signal divides right
from wrong, with 500 it changes nothing to speak of."""
FARTHEST = 3.0
"""Standard deviations. Nearly all of a well trained model's answers stand word for word in a source, so that one with
half of its words elsewhere is 16 deviations away, where nothing was ever measured."""
LEAST = 20
"""Fewer judged answers, or all of one kind, teach nothing."""

_WORD = re.compile(r"\w{4,}")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known about an answer; None where it is not known."""

    similarity: float
    """Of the best source to the question."""
    margin: float
    """How far the best source is ahead of the others' mean."""
    agreement: float
    """Share of the words that the best source and the others have in common, their mean."""
    support: float | None = None
    """Share of the answer's longer words that one source holds."""
    mean_logprob: float | None = None
    least_logprob: float | None = None

    @classmethod
    def of(cls, sources: Sequence[Source], answer: str | None = None, logprobs: Sequence[float] = ()) -> Signals:
        """Of an answer from ``sources``, the best first; without ``answer``, of what is known before it is written."""
        scores = [source.score for source in sources] or [0.0]
        best = max(scores)
        others = sorted(scores, reverse=True)[1:]
        words = [_words(source.text) for source in sources]
        shared = [len(words[0] & one) / max(len(words[0] | one), 1) for one in words[1:]]
        support = None
        if answer is not None:
            said = _words(answer)
            support = max((len(said & one) / len(said) for one in words), default=0.0) if said else 0.0
        return cls(
            best,
            best - float(np.mean(others)) if others else 0.0,
            float(np.mean(shared)) if shared else 0.0,
            support,
            float(np.mean(logprobs)) if len(logprobs) else None,
            float(min(logprobs)) if len(logprobs) else None,
        )


@dataclass(frozen=True, slots=True)
class Regression:
    """Weights on standardised signals."""

    signals: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def probability(self, rows: Floats) -> Floats:
        """Of being right, for rows (n, signals)."""
        standard = _standard(rows, np.asarray(self.means), np.asarray(self.scales))
        logits = standard @ np.asarray(self.weights) + self.bias
        probability: Floats = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        return probability


@dataclass(frozen=True, slots=True)
class Calibration:
    """Regressions, the one that needs most signals first; ``records`` and ``judge`` tell what they were fitted on."""

    regressions: tuple[Regression, ...]
    records: int
    judge: str

    def probability(self, signals: Signals) -> float:
        """That an answer with these signals is right, by the regression that uses most of what is known."""
        held = asdict(signals)
        for regression in self.regressions:
            if all(held[name] is not None for name in regression.signals):
                row = np.asarray([[held[name] for name in regression.signals]], dtype=np.float64)
                return float(regression.probability(row)[0])
        raise ValueError("a calibration has a regression on retrieval alone")

    @property
    def wants_logprobs(self) -> bool:
        """Whether the probabilities of the answer's tokens are of use."""
        return any(regression.signals == WITH_TOKENS for regression in self.regressions)

    def save(self, folder: Path) -> None:
        """Writes ``confidence.json`` into ``folder``."""
        held = {"version": VERSION, **asdict(self)}
        (folder / FILE).write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Calibration | None:
        """What ``folder`` holds, if it does.

        Raises:
            InputError: the file is broken, or another version's.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            if held["version"] != VERSION:
                raise ValueError
            regressions = tuple(_regression(one) for one in held["regressions"])
            if not regressions or regressions[-1].signals != BEFORE:
                raise ValueError
            return cls(regressions, int(held["records"]), str(held["judge"]))
        except (ValueError, LookupError, TypeError):
            raise InputError(
                f"{path}: not a calibration of version {VERSION}; write it with: deskhand evaluate"
            ) from None


def fit(signals: Sequence[Signals], right: Sequence[bool], judge: str) -> Calibration | None:
    """A calibration on judged answers; None when they are fewer than ``LEAST`` or all right or all wrong.

    Args:
        signals: of each answer.
        right: whether it was right.
        judge: what decided that, for the record.
    """
    if len(right) < LEAST or len(set(right)) < 2:
        return None
    table = [asdict(one) for one in signals]
    groups = [
        group for group in (WITH_TOKENS, AFTER, BEFORE) if all(row[name] is not None for row in table for name in group)
    ]
    truth = np.asarray(right, dtype=np.float64)
    return Calibration(tuple(_fitted(group, table, truth) for group in groups), len(right), judge)


def out_of_fold(signals: Sequence[Signals], right: Sequence[bool], folds: int = 5) -> list[float]:
    """The probability of each answer by a calibration that was fitted without it; for honest curves."""
    found = [float(np.mean(right))] * len(right)
    for fold in range(folds):
        kept = [place for place in range(len(right)) if place % folds != fold]
        made = fit([signals[place] for place in kept], [right[place] for place in kept], "")
        for place in range(fold, len(right), folds):
            if made:
                found[place] = made.probability(signals[place])
    return found


def _fitted(group: tuple[str, ...], table: Sequence[Mapping[str, Any]], truth: Floats) -> Regression:
    rows = np.asarray([[row[name] for name in group] for row in table], dtype=np.float64)
    means, scales = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    wide = np.column_stack([_standard(rows, means, scales), np.ones(len(rows))])
    penalty = np.diag([RIDGE] * len(group) + [0.0])
    weights = np.zeros(wide.shape[1])
    for _ in range(50):  # Newton's method (iteratively reweighted least squares); it takes about six steps
        share = 1 / (1 + np.exp(-np.clip(wide @ weights, -30, 30)))
        slope = wide.T @ (share - truth) + penalty @ weights
        curve = (wide * (share * (1 - share))[:, None]).T @ wide + penalty + 1e-9 * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights -= step
        if float(np.abs(step).max()) < 1e-8:
            break
    return Regression(group, _floats(means), _floats(scales), _floats(weights[:-1]), round(float(weights[-1]), 6))


def _standard(rows: Floats, means: Floats, scales: Floats) -> Floats:
    """Standardised, and no farther out than ``FARTHEST``."""
    standard: Floats = np.clip((rows - means) / scales, -FARTHEST, FARTHEST)
    return standard


def _regression(held: Mapping[str, Any]) -> Regression:
    names = tuple(held["signals"])
    means, scales, weights = (tuple(float(one) for one in held[key]) for key in ("means", "scales", "weights"))
    whole = all(len(one) == len(names) and all(map(math.isfinite, one)) for one in (means, scales, weights))
    if not whole or not set(names) <= set(WITH_TOKENS):
        raise ValueError
    return Regression(names, means, scales, weights, float(held["bias"]))


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(one), 6) for one in values)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
