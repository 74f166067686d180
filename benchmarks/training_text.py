"""Training text repeated word for word: what a dataset's fingerprint finds, what it takes for one, and what it costs.

    python benchmarks/training_text.py DATASET [EVALUATION]

DATASET is what ``deskhand prepare`` wrote, EVALUATION what ``deskhand evaluate`` wrote for a run trained on it.

- false alarms: the agents' answers of the test tickets, which the model has not seen, with the sources of their prompts
  and without any; and the run's own answers. Each with its 95 % interval (Wilson);
- the same if every rare run counted, the agents' own words too (baseline: what ``prepare`` leaves out);
- detection: so many words in a row of a training ticket's customer, planted in an answer between other words;
- size of the file, and processor time for an answer of 500 characters, beside the detector ``leakage`` without it.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deskhand_guardrails import Context
from deskhand_guardrails.detectors.leakage import Leakage
from deskhand_guardrails.redteam.figures import wilson
from deskhand_guardrails.training_text import FILE, TrainingText, runs_of

LENGTHS = (9, 10, 12, 14, 20, 30)
PLANTED = 500
MOST = 2


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def prompt(record: Mapping[str, Any]) -> list[str]:
    return [message["content"] for message in record["messages"][:-1]]


def share(name: str, hits: Sequence[bool]) -> None:
    held = wilson(sum(hits), len(hits))
    interval = f"({held['low']:.1%}-{held['high']:.1%})"
    print(f"  {name:<58}{held['hits']:>5} of {held['count']:<5}{held['share']:7.1%} {interval}")


def every_rare_run(train: Sequence[Mapping[str, Any]]) -> TrainingText:
    """Of customers and agents alike, what stands in at most ``MOST`` training conversations."""
    own: dict[str, list[np.ndarray]] = {}
    for record in train:
        said = [message["content"] for message in record["messages"] if message["role"] != "system"]
        own.setdefault(record["ticket_id"], []).extend(map(runs_of, said))
    each = [np.unique(np.concatenate(held)) for held in own.values()]
    runs, counts = np.unique(np.concatenate(each), return_counts=True)
    return TrainingText.of(runs[counts <= MOST])


def false_alarms(learnt: TrainingText, test: Sequence[Mapping[str, Any]], answers: Sequence[str]) -> None:
    agents = [record["messages"][-1]["content"] for record in test]
    prompts = [prompt(record) for record in test]
    share("agents' held-out answers, their sources known", [*map(bool, map(learnt.repeated, agents, prompts))])
    share("agents' held-out answers, nothing known", [bool(learnt.repeated(one)) for one in agents])
    if answers:
        share("the run's answers, their sources known", [*map(bool, map(learnt.repeated, answers, prompts))])
        share("the run's answers, nothing known", [bool(learnt.repeated(one)) for one in answers])


def planted(train: Sequence[Mapping[str, Any]], length: int) -> Iterator[str]:
    """Answers with ``length`` words of a training customer in the middle."""
    draw = random.Random(length)
    texts = [
        message["content"].split() for record in train for message in record["messages"] if message["role"] == "user"
    ]
    for words in draw.sample([one for one in texts if len(one) >= length], PLANTED):
        at = draw.randrange(len(words) - length + 1)
        yield f"Somebody else wrote: {' '.join(words[at : at + length])} - and we answered at once."


def milliseconds(work: Callable[[], object], rounds: int = 300) -> float:
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) * 1000)
    return statistics.median(taken)


def main(dataset: Path, evaluation: Path | None) -> None:
    learnt = TrainingText.load(dataset)
    if learnt is None:
        sys.exit(f"{dataset}: no {FILE}; make one with: deskhand prepare")
    train = [record for record in records(dataset / "train.jsonl") if "canary" not in record]
    test = records(dataset / "test.jsonl")
    answers = [row["run"]["answer"] for row in records(evaluation / "answers.jsonl")] if evaluation else []
    if answers and len(answers) != len(test):
        sys.exit(f"{evaluation}: {len(answers)} answers to {len(test)} test records; evaluate without --limit")
    print("taken for a repetition")
    false_alarms(learnt, test, answers)
    print("the same, if every rare run counted")
    false_alarms(every_rare_run(train), test, answers)
    print("found, of a training customer's words planted in an answer")
    for length in LENGTHS:
        share(f"{length} words in a row", [bool(learnt.repeated(one)) for one in planted(train, length)])
    size, tickets = (dataset / FILE).stat().st_size, len({record["ticket_id"] for record in train})
    print(f"size: {size:,} bytes for {tickets:,} training tickets, {size / tickets:.0f} a ticket")
    answer = " ".join(record["messages"][-1]["content"] for record in test)[:500]
    bare, full = Leakage(), Leakage(training_text=learnt)
    own = milliseconds(lambda: learnt.repeated(answer))
    without, whole = (milliseconds(lambda one=one: one.detect(answer, Context())) for one in (bare, full))
    print(f"500 characters, processor ms p50: {own:.2f} alone; leakage {without:.2f} without, {whole:.2f} with it")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("evaluation", type=Path, nargs="?")
    chosen = parser.parse_args()
    main(chosen.dataset, chosen.evaluation)
