"""What ``prepare`` takes of memory and time by the size of its input.

    python benchmarks/scale.py [--stream MB ...] [--whole MB ...] [--choice TICKETS ...]

Each line is a process of its own on one core: megabytes at the peak, those of the imports included, and processor time.

stream   an export is read, ids are made distinct and every ticket is noted in the first stage's files, but nothing is
         cleaned: what streaming holds, up to gigabytes
whole    ``prepare`` as it is, with its models
choice   the second stage up to the records: near duplicates, examples, repeated and canned answers, split, what
         crosses, the estimate of what is left, and the leak check of the written files. The first stage's records are
         made up, for a million real tickets would be cleaned for half a day: words as frequent as words are, one ticket
         of twenty an alert alike but for two words, four a form with other contents, one sent again, and half the
         answers one of a thousand canned ones
writing  and what a record costs then: its sources, found among so many examples with made-up vectors
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

import numpy as np

from deskhand_finetune import open_export, prepare
from deskhand_finetune.disk import partial_of, write_jsonl
from deskhand_finetune.prepare.checkpoint import Checkpoint
from deskhand_finetune.prepare.choice import Choice, choose
from deskhand_finetune.prepare.clean import Rules
from deskhand_finetune.prepare.conversation import Conversation, LeftOut, Turn
from deskhand_finetune.prepare.identity import distinct
from deskhand_finetune.prepare.leaks import leaks
from deskhand_finetune.prepare.plan import CONVERSATIONS, QUARANTINE, Plan
from deskhand_finetune.prepare.quarantine import Quarantine
from deskhand_finetune.prepare.records import records
from deskhand_finetune.prepare.residual import estimate
from deskhand_finetune.prepare.sources import MOST_EXAMPLES, Neighbours
from deskhand_finetune.tickets.ticket import Ticket, iso
from deskhand_guardrails.encoder import DIMENSIONS
from deskhand_guardrails.progress import quiet

SAMPLE = Path(__file__).parents[1] / "integrations" / "deskhand" / "sample"
CANNED = 1_000
WRITTEN = 300
VOCABULARY = [
    f"{start}{middle}{end}" for start in "bdfgklmnprst" for middle in "aeiou" for end in ("r", "n", "lo", "st")
]
COMMON = (
    "the to and of a i in is you that it for on my was with be have this not your are we can but as at from or if "
    "order please will when what how has they there been an so no me do would had which get all one by were our"
)
ENDINGS = ("", "s", "ed", "er", "ness", "ful", "ly", "ish", "able", "ment")
MADE_UP = product("bdfgklmnprst", "aeiou", "lmnrst", "aeio", ("", "n", "st", "ling"), ENDINGS)
WORDS = [*COMMON.split(), *dict.fromkeys(map("".join, MADE_UP))]
"""The most frequent first: the real ones make the texts English to the check of languages."""
INCIDENTS = 20
ALERTS, FORMS, AGAIN = 0.05, 0.25, 0.3
"""Shares of the tickets, each with those before it: alerts alike but for two words, forms, questions sent again."""
START = datetime(2016, 1, 1, tzinfo=UTC)


def export(folder: Path, megabytes: float) -> Path:
    """The sample's tickets again and again, each time with other numbers, customers and words, to that size."""
    with gzip.open(SAMPLE / "export" / "tickets.json.gz", "rt", encoding="utf-8") as lines:
        held = [json.loads(line) for line in islice(lines, 2000)]
    words = random.Random(0)
    path = folder / "tickets.json"
    written, number = 0, 0
    with path.open("w", encoding="utf-8") as out:
        while written < megabytes * 1e6:
            ticket = held[number % len(held)]
            customer = 10**6 + number
            comments = [
                one | {"author_id": customer} if one["author_id"] == ticket["requester_id"] else one
                for one in ticket["comments"]
            ]
            again = {
                "id": number,
                "requester_id": customer,
                "comments": comments,
                "subject": f"{ticket.get('subject')} {words.choice(VOCABULARY)}",
            }
            written += out.write(json.dumps(ticket | again) + "\n")
            number += 1
    return path


def noted(tickets: Iterator[Ticket]) -> Iterator[tuple[Conversation | None, list[LeftOut]]]:
    """Each ticket as it is read."""
    for ticket in tickets:
        turns = tuple(Turn(message.role, message.text, iso(message.at)) for message in ticket.messages)
        yield Conversation(ticket.id, ticket.customer, iso(ticket.created_at), "", (), "", turns), []


def said(draw: np.random.Generator, length: int) -> str:
    """So many words, as frequent as words are: the r-th most frequent one a share of 1/r (Zipf)."""
    ranks = np.exp(draw.random(length) * np.log(len(WORDS))).astype(int) - 1
    return " ".join(WORDS[rank] for rank in ranks.tolist())


def conversations(count: int) -> Iterator[Conversation]:
    """Made-up records of the first stage, a kilobyte each."""
    draw = np.random.default_rng(0)
    canned = [said(draw, 40) for _ in range(CANNED)]
    incidents = [said(draw, 50) for _ in range(INCIDENTS)]
    form, greeting, signature = said(draw, 40), said(draw, 8), said(draw, 12)
    asked = ""
    for number in range(count):
        kind = draw.random()
        if kind < ALERTS:
            asked = f"{incidents[draw.integers(INCIDENTS)]} {said(draw, 2)}"
        elif kind < ALERTS + FORMS:
            asked = f"{form} {said(draw, int(draw.integers(5, 30)))}"
        elif kind > AGAIN or not asked:
            asked = said(draw, int(draw.integers(20, 100)))
        says = canned[int(CANNED ** draw.random()) - 1] if draw.random() < 0.5 else said(draw, 40)
        at = START + timedelta(minutes=5 * number)
        turns = (
            Turn("user", f"{asked} {number}", iso(at)),
            Turn("assistant", f"{greeting} {says} {signature}", iso(at + timedelta(hours=1))),
        )
        # A customer's tickets are near each other in time; a third write from a company.
        who = (number + int(draw.integers(1000))) // 2
        company = f"company-{who // 5}.example" if who % 3 == 0 else ""
        yield Conversation(
            str(number),
            f"c{who}",
            iso(at),
            "",
            (),
            "en",
            turns,
            {},
            organization=company,
            messages=2,
            looked={"name": 1},
        )


def written(chosen: Choice) -> Iterator[tuple[str, dict[str, Any]]]:
    """Records as the leak check reads them, each with the three training tickets before it as its sources."""
    before = deque[str](maxlen=3)
    for one, side in zip(chosen.examples, chosen.sides, strict=True):
        yield side, {"ticket_id": one.ticket_id, "source_ids": [f"ticket:{name}" for name in before]}
        if side == "train":
            before.append(one.ticket_id)


def plan_of(out: Path) -> Plan:
    folder = partial_of(out)
    folder.mkdir()
    return Plan((), (), out, "", 1, 0, Rules(), 12, 0.01, despite_leaks=True, canaries=0, fingerprint="", track=quiet)


def stream(folder: Path, megabytes: int) -> dict[str, float]:
    path = export(folder, megabytes)
    opened = open_export(path)
    held = Checkpoint(plan_of(folder / "out").partial, "")
    held.add(noted(distinct(chain(opened))), ())
    return {"MB read": path.stat().st_size / 1e6, "tickets": held.tickets}


def whole(folder: Path, megabytes: int) -> dict[str, float]:
    path = export(folder, megabytes)
    report = prepare([path], folder / "out", workers=1, despite_leaks=True)
    return {"MB read": path.stat().st_size / 1e6, "tickets": report.tickets, "kept": report.kept}


def choice(folder: Path, count: int) -> dict[str, float]:
    plan = plan_of(folder / "out")
    write_jsonl((one.to_json() for one in conversations(count)), plan.partial / CONVERSATIONS)
    print("made", file=sys.stderr)
    started = time.process_time()
    with ExitStack() as files:
        with Quarantine(plan.partial / QUARANTINE) as left_out:
            chosen = choose(plan, left_out, files)
        estimate(chosen.learnt, 0.01)
        for side in ("train", "validation", "test"):
            write_jsonl((record for own, record in written(chosen) if own == side), plan.partial / f"{side}.jsonl")
        found = leaks(plan.partial, chosen.learnt, by_organization=True)
        assert not any(found.values()), found
        figures: dict[str, float] = {"tickets": count, "kept": chosen.tickets, "left out": left_out.counts.total()}
        figures |= {"s": time.process_time() - started, "MB": peak()}
        learnt = list(chosen.examples[: min(MOST_EXAMPLES, len(chosen.examples))])
        vectors = np.random.default_rng(0).normal(size=(len(learnt), DIMENSIONS)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        neighbours = Neighbours(learnt, vectors, vectors, [], vectors[:0])
        started = time.process_time()
        count = sum(1 for _ in records(learnt[:WRITTEN], vectors[:WRITTEN], neighbours, seed=0, is_training=True))
        return figures | {"among": len(learnt), "ms a record": 1000 * (time.process_time() - started) / count}


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


PARTS = {"stream": stream, "whole": whole, "choice": choice}


def apart(part: str, size: int) -> dict[str, float]:
    """One line, in a process of its own."""
    command = [sys.executable, __file__, "--measure", part, str(size)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return dict(json.loads(said.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--stream", type=int, nargs="*", default=[10, 100, 500], metavar="MB")
    parser.add_argument("--whole", type=int, nargs="*", default=[2, 10], metavar="MB")
    parser.add_argument("--choice", type=int, nargs="*", default=[10_000, 30_000, 100_000], metavar="TICKETS")
    parser.add_argument("--measure", nargs=2, metavar=("PART", "SIZE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        with tempfile.TemporaryDirectory() as folder:
            started = time.process_time()
            said = PARTS[asked.measure[0]](Path(folder), int(asked.measure[1]))
            print(json.dumps({"s": time.process_time() - started, "MB": peak()} | said))
        return
    for part in PARTS:
        before: dict[str, float] = {}
        for size in getattr(asked, part):
            said = apart(part, size)
            if before:
                more = said["tickets"] - before["tickets"]
                said["B more a ticket"] = (said["MB"] - before["MB"]) * 2**20 / more
                said["ms more a ticket"] = 1000 * (said["s"] - before["s"]) / more
            print(
                f"{part:<8}" + ", ".join(f"{name} {value:,.1f}".removesuffix(".0") for name, value in said.items()),
                flush=True,
            )
            before = said


if __name__ == "__main__":
    main()
