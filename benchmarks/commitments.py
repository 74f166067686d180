"""How often the commitments and leakage checks hold back what agents really answered, and what they cost.

    python benchmarks/commitments.py DATASET            # a folder that `deskhand prepare` wrote

Every answer of the three parts is checked with the sources that its prompt carries, as at answering time. What agents
promised themselves counts as a false alarm here, although an assistant should not say it. Prints the share by kind with
its 95 % interval, examples, and the time of both checks beside one pass of the guard model over the same answers.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from deskhand_finetune.dataset import Dataset
from deskhand_guardrails import Context, Source
from deskhand_guardrails.detectors.commitments import Commitments
from deskhand_guardrails.detectors.leakage import Leakage
from deskhand_guardrails.guard import Guard
from deskhand_guardrails.redteam.figures import wilson

_SOURCE = re.compile(r"^\[\d+\] (?P<title>.*)\n(?P<text>.*)", re.MULTILINE)
SHOWN = 10


def answers(folder: Path) -> Iterator[tuple[str, Context]]:
    """Each last answer of a record with the sources in its prompt."""
    dataset = Dataset.open(folder)
    for split in ("train", "validation", "test"):
        for record in dataset.records(split):
            said = [one["content"] for one in record["messages"] if one["role"] != "system"]
            system = "\n".join(one["content"] for one in record["messages"] if one["role"] == "system")
            given = zip(_SOURCE.finditer(system), record.get("source_ids", ()), strict=False)
            sources = [Source(one["title"], one["text"], reference) for one, reference in given]
            yield said[-1], Context(question=said[0], conversation=said[1:-1], sources=sources)


def milliseconds(work: Callable[[], object]) -> float:
    """Processor time of ``work``."""
    began = time.thread_time()
    work()
    return 1000 * (time.thread_time() - began)


def main() -> None:
    """Checks and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    every = list(answers(parser.parse_args().dataset))
    guard = Guard.shipped()
    times: dict[str, list[float]] = {"guard model": [], "commitments": [], "leakage": []}
    for detector in (Commitments(), Leakage()):
        kinds: Counter[str] = Counter()
        flagged: Counter[str] = Counter()
        for text, context in every:
            times[detector.name].append(milliseconds(lambda: detector.detect(text, context)))  # noqa: B023 - called now
            found = detector.detect(text, context)
            kinds.update({one.label for one in found})
            flagged.update({text[one.start : one.end].strip() for one in found})
        count = sum(bool(detector.detect(text, context)) for text, context in every)
        print(f"{detector.name}: {wilson(count, len(every))} by kind {dict(kinds)}")
        for sentence, times_said in flagged.most_common(SHOWN):
            print(f"  {times_said:4d}  {sentence}")
    for text, _ in every[:200]:
        times["guard model"].append(milliseconds(lambda: guard.windows(text)))  # noqa: B023 - called now
    for name, each in times.items():
        each.sort()
        middle, late = each[len(each) // 2], each[len(each) * 95 // 100]
        print(f"{name}: {middle:.2f} ms p50, {late:.2f} ms p95 of processor time for an answer")


if __name__ == "__main__":
    main()
