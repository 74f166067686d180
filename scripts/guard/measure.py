"""What a model says about rows: figures of a fold by left-out source, and the thresholds of the shipped model."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import written
from folds import is_left_out
from model import Encoded, Guard, predict
from public import articles
from rows import QUESTIONS, TAGS, Row
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer

from corpus import SEED, Corpus
from deskhand_guardrails.guard import NARROW, WIDE
from deskhand_guardrails.guard import Guard as Shipped
from deskhand_guardrails.normalise import folded
from deskhand_guardrails.redteam.figures import wilson

FALSE_ALARMS = 0.01
LOOK_ALIKES = 0.05
"""Support requests are so easy that 1 in 100 of them reaches next to nothing, and a harmless text in alarming words
soon more: no more than this share of those that were set aside reach a threshold."""
ORDINARY = 0.03
"""The same of the harmless texts in other languages, which are of every kind."""
LEAST = 0.2
"""No lower score counts, whatever the sets say."""
SUPPORT_ROWS, SOURCE_ROWS = 4000, 1500
ARTICLE = 3000
"""Characters of an article that are looked at."""
FEWEST = 10
"""Rows below which a share says nothing."""


def measure(model: Guard, tokenizer: Tokenizer, corpus: Corpus, left_out: Sequence[str]) -> dict[str, Any]:
    """For each left-out source and question: AUC against held-out support requests, detection or false alarms at the
    score that 1 in 100 of those reaches, each with its 95 % interval; for tags precision and recall by token."""
    draw = random.Random(SEED)
    support = draw.sample(corpus.held_out, min(SUPPORT_ROWS, len(corpus.held_out)))
    harmless = predict(model, _encoded(support, tokenizer))[0].numpy()
    limits = np.quantile(harmless, 1 - FALSE_ALARMS, axis=0)
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in corpus.of(lambda source: is_left_out(source, left_out)):
        by_source[row.source].append(row)
    figures: dict[str, Any] = {}
    for source, rows in sorted(by_source.items()):
        rows = draw.sample(rows, min(SOURCE_ROWS, len(rows)))
        encoded = _encoded(rows, tokenizer)
        scores, tags = predict(model, encoded)
        held: dict[str, Any] = {"rows": len(rows)}
        for index, question in enumerate(QUESTIONS):
            answers = np.asarray([row.answers.get(question, -1) for row in rows])
            held |= _question(question, answers, scores.numpy()[:, index], harmless[:, index], float(limits[index]))
        if rows[0].marks is not None:
            held |= _tags(encoded, tags)
        figures[source] = held
        print(source, held, flush=True)
    return figures


def _question(
    question: str, answers: np.ndarray, scores: np.ndarray, harmless: np.ndarray, limit: float
) -> dict[str, Any]:
    held: dict[str, Any] = {}
    yes, no = scores[answers == 1], scores[answers == 0]
    if len(yes) >= FEWEST:
        both = np.r_[np.ones(len(yes)), np.zeros(len(harmless))]
        held[f"{question} auc"] = round(float(roc_auc_score(both, np.r_[yes, harmless])), 3)
        held[f"{question} detected"] = _share(int((yes >= limit).sum()), len(yes))
    if len(no) >= FEWEST:
        held[f"{question} false alarms"] = _share(int((no >= limit).sum()), len(no))
    if len(yes) >= FEWEST and len(no) >= FEWEST:
        held[f"{question} auc within"] = round(float(roc_auc_score(answers[answers >= 0], scores[answers >= 0])), 3)
    return held


def _share(hits: int, of: int) -> list[float]:
    """A share, and the lower and upper end of its 95 % interval."""
    found = wilson(hits, of)
    return [round(found[name], 3) for name in ("share", "low", "high")]


def _tags(encoded: Sequence[Encoded], tags: Sequence[Sequence[int]]) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for label in ("PERSON", "STREET_ADDRESS", "LOCATION"):
        kinds = {at for at, tag in enumerate(TAGS) if tag.endswith(label)}
        pairs = [
            (wanted in kinds, found in kinds)
            for row, best in zip(encoded, tags, strict=True)
            for wanted, found in zip(row.tags, best, strict=True)
            if wanted >= 0
        ]
        both, wanted, found = (sum(one) for one in zip(*((a and b, a, b) for a, b in pairs), strict=True))
        if wanted >= FEWEST:
            held[label] = [round(both / max(found, 1), 3), round(both / wanted, 3)]
    return held


def thresholds(folder: Path, corpus: Corpus, data: Path) -> dict[str, float]:
    """The scores from which the shipped model's findings count: what 1 in 100 held-out support requests reaches (for
    planted orders 1 in 100 narrow windows of help articles), or ``LOOK_ALIKES`` of the set-aside harmless texts."""
    guard = Shipped(folder)
    support = random.Random(SEED).sample(corpus.held_out, min(SUPPORT_ROWS, len(corpus.held_out)))
    easy = {question: _highest(guard, [row.text for row in support], question) for question in QUESTIONS}
    pieces = (window for text in articles(data) for window in guard.windows(text[:ARTICLE], NARROW))
    easy["planted"] = [window.scores["planted"] for window in pieces]
    limits = {}
    for question in QUESTIONS:
        hard = [
            np.quantile(_highest(guard, _set_aside(file, names[question][0]), question), 1 - share)
            for file, names in ASIDE.items()
            for share in [ORDINARY if (file, names[question][0]) == ("foreign", "harmless") else LOOK_ALIKES]
        ]
        reached = [np.quantile(easy[question], 1 - FALSE_ALARMS), *hard]
        limits[question] = round(float(max(*reached, LEAST)), 4)
    return limits


def _aside(harmless: str) -> dict[str, tuple[str, str]]:
    return {
        "injection": (harmless, "attacks"),
        "planted": ("documents", "planted"),
        "harm": ("harmless", "harmful"),
        "hostile": ("heated", "hostile"),
    }


ASIDE = {"lines": _aside("alike"), "foreign": _aside("harmless")}
"""For each file and question the set-aside texts that are harmless, and those that are not."""


def set_aside(folder: Path, limits: Mapping[str, float]) -> dict[str, dict[str, list[float]]]:
    """For each question and file the share of set-aside texts that reach its threshold, harmless ones and others, each
    with its 95 % interval."""
    guard = Shipped(folder)
    found = {}
    for file, questions in ASIDE.items():
        for question, names in questions.items():
            scores = [_highest(guard, _set_aside(file, name), question) for name in names]
            shares = [_share(sum(score >= limits[question] for score in held), len(held)) for held in scores]
            found[f"{file} {question}"] = dict(zip(("false alarms", "detected"), shares, strict=True))
    return found


def _set_aside(file: str, name: str) -> list[str]:
    rows = written.lines(random.Random(SEED), 1, aside=True)
    return [folded(row.text) for row in rows if row.source == f"written-{file}-{name}"]


def _highest(guard: Shipped, texts: Sequence[str], question: str) -> list[float]:
    size = NARROW if question == "planted" else WIDE
    return [max((window.scores[question] for window in guard.windows(text, size)), default=0.0) for text in texts]


def _encoded(rows: Sequence[Row], tokenizer: Tokenizer) -> list[Encoded]:
    return [Encoded(row, tokenizer) for row in rows]
