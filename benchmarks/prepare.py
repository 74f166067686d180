"""Tickets a second of ``prepare`` beside a plain loop over stock Presidio and datasketch, and what each lets through.

    pip install datasketch; python benchmarks/prepare.py [--step N]

On every N-th ticket of the shipped sample (every one), each in a process of its own, by the time that passed, models
loaded before:

prepare     the whole of it: reading, cleaning, personal data, second look, folding, split, embedding, sources, records,
            report; on one core and on all; and its first stage alone, which is as far as the loop goes
plain loop  the same reader, HTML to text, then of every public message of a customer or an agent what Presidio's
            default recognisers find (its ``no_op`` engine) and our tagger of names, asked as one recogniser among them,
            replaced by kinds; and the tickets' near duplicates by datasketch

Neither does what the other does: the loop strips no quoted trails, signatures and notices and reads them all, knows no
requester, carries no find from one message to the next, embeds nothing. Left is the share of the planted values that
stood in the cleaned messages and can still be read afterwards, as whole words.

Then near duplicates alone, on all the sample's tickets: ours, and datasketch's MinHash of 160 permutations in as many
bands.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from stock import presidio_engine

from deskhand_finetune import open_export, prepare
from deskhand_finetune.prepare.clean import Rules, clean_text, clean_tickets
from deskhand_finetune.prepare.duplicates import ALIKE, BANDS, ROWS, groups, plain
from deskhand_finetune.prepare.markup import is_html, to_text
from deskhand_finetune.tickets import Message, Ticket
from deskhand_guardrails.detectors.recognisers import names
from deskhand_guardrails.encoder import Encoder
from deskhand_guardrails.guard import Guard
from deskhand_guardrails.processes import cores

# Tickets read before the clock starts.
WARM = 20
SAMPLE = Path(__file__).parents[1] / "integrations" / "deskhand" / "sample"
Find = Callable[[str], list[tuple[int, int, str]]]


def part(step: int, folder: Path) -> Path:
    """An export of every ``step``-th ticket."""
    for source in (SAMPLE / "export").iterdir():
        lines = gzip.decompress(source.read_bytes()).decode().splitlines(keepends=True)
        kept = lines[::step] if source.name.startswith("tickets") else lines
        (folder / source.name.removesuffix(".gz")).write_text("".join(kept), encoding="utf-8")
    return folder


def stock() -> Find:
    """Presidio's default recognisers and our tagger, through its ``AnalyzerEngine``."""
    from presidio_analyzer import EntityRecognizer, RecognizerResult

    class Tagger(EntityRecognizer):
        def __init__(self) -> None:
            super().__init__(sorted(names.LEAST), "names", "en")

        def load(self) -> None:
            Guard.shipped()

        def analyze(self, text: str, *_: object, **__: object) -> list[Any]:
            return [RecognizerResult(one.label, one.start, one.end, one.score) for one in names.find(text)]

    engine = presidio_engine(Tagger)
    return lambda text: [(one.start, one.end, one.entity_type) for one in engine.analyze(text=text, language="en")]


def human(ticket: Ticket) -> list[Message]:
    return [message for message in ticket.messages if message.public and message.role in ("customer", "agent")]


def loop(tickets: Sequence[Ticket], find: Find) -> dict[str, str]:
    """The plain loop: each ticket's text with the finds replaced, near duplicates left out."""
    held: dict[str, str] = {}
    for ticket in tickets:
        held[ticket.id] = "\n".join(replaced(_text(message), find) for message in human(ticket))
    apart = datasketch_groups(list(held.values()))
    return {name: text for place, (name, text) in enumerate(held.items()) if apart[place] == place}


def replaced(text: str, find: Find) -> str:
    """``text`` with each find's kind in its place, from the last to the first; one inside another goes with it."""
    before = len(text)
    for start, end, kind in sorted(find(text), reverse=True):
        if end <= before:
            text = f"{text[:start]}<{kind}>{text[end:]}"
            before = start
    return text


def _text(message: Message) -> str:
    return to_text(message.text) if is_html(message.text) else message.text


def datasketch_groups(texts: Sequence[str]) -> list[int]:
    """What ``duplicates.groups`` says, by datasketch."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
    group = list(range(len(texts)))
    made: dict[int, MinHash] = {}
    for place, text in enumerate(texts):
        words = plain(text).split()
        own = MinHash(num_perm=BANDS * ROWS)
        own.update_batch([" ".join(words[at : at + 3]).encode() for at in range(max(1, len(words) - 2))])
        met = [int(other) for other in index.query(own)]
        first = next((other for other in sorted(met) if own.jaccard(made[other]) >= ALIKE), None)
        if first is None:
            made[place] = own
            index.insert(str(place), own)
        else:
            group[place] = first
    return group


def planted() -> Iterator[tuple[str, str]]:
    with gzip.open(SAMPLE / "personal_data.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            yield str(row["ticket_id"]), row["value"]


def stands(value: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


class Timed(NamedTuple):
    """The seconds that a way of working took, and the text that it left of each ticket."""

    passed: float
    texts: dict[str, str]


def timed(work: Callable[[], dict[str, str]]) -> Timed:
    started = time.perf_counter()
    texts = work()
    return Timed(time.perf_counter() - started, texts)


def as_loop(export: Path) -> Timed:
    """The plain loop."""
    find = stock()
    loop(list(open_export(export))[:WARM], find)
    return timed(lambda: loop(list(open_export(export)), find))


def as_first_stage(export: Path) -> Timed:
    """Our first stage, on one core."""
    clean_tickets(list(open_export(export))[:WARM], Rules())

    def texts() -> dict[str, str]:
        cleaned = clean_tickets(list(open_export(export)), Rules())
        return {one.ticket_id: "\n".join(turn.text for turn in one.turns) for one, _ in cleaned if one is not None}

    return timed(texts)


def as_whole(workers: int, export: Path) -> Timed:
    """All of ``prepare``."""
    clean_tickets(list(open_export(export))[:WARM], Rules())
    Encoder.shipped(threads=workers)
    out = export.with_name(f"out-{workers}")

    def files() -> dict[str, str]:
        prepare([export], out, articles=[SAMPLE / "articles"], workers=workers, despite_leaks=True)
        return {}

    return timed(files)


def fresh(work: Callable[[Path], Timed], export: Path) -> Timed:
    """``work`` in a process of its own: what one remembers of a text must not help the next."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, export).result()


def pipeline(step: int) -> None:
    """The first table."""
    with tempfile.TemporaryDirectory() as temporary:
        export = Path(temporary) / "export"
        export.mkdir()
        tickets = list(open_export(part(step, export)))
        looped, first = fresh(as_loop, export), fresh(as_first_stage, export)
        whole = {workers: fresh(partial(as_whole, workers), export) for workers in sorted({1, cores()})}
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in planted():
        values[name].append(value)
    had: list[tuple[str, str]] = []
    for ticket in tickets:
        if ticket.id in first.texts and ticket.id in looped.texts:
            said = "\n".join(clean_text(message.text, message.author) for message in human(ticket))
            had.extend((ticket.id, value) for value in values[ticket.id] if stands(value, said))
    print(f"{len(tickets)} tickets, {len(had)} planted values in the cleaned messages of {len(first.texts)}")
    print(f"{'':<28}{'tickets/s':>10}{'ratio':>8}{'left':>8}")
    for what, one in {
        "plain loop": looped,
        "first stage, 1 core": first,
        **{f"prepare, {workers} core{'s' * (workers > 1)}": one for workers, one in whole.items()},
    }.items():
        texts = one.texts or first.texts
        left = sum(stands(value, texts[name]) for name, value in had)
        print(f"{what:<28}{len(tickets) / one.passed:>10.1f}{looped.passed / one.passed:>8.2f}{left / len(had):>8.2%}")


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def near_duplicates() -> None:
    """The second table."""
    texts = ["\n".join(_text(message) for message in human(ticket)) for ticket in open_export(SAMPLE / "export")]
    datasketch_groups(texts[:10])
    theirs, found = seconds(lambda: datasketch_groups(texts))
    ours, own = seconds(lambda: groups(texts))
    print(f"\n{'near duplicates':<24}{'tickets/s':>10}{'ratio':>8}{'found':>8}")
    for what, taken, group in (("datasketch", theirs, found), ("ours", ours, own)):
        repeated = sum(first != place for place, first in enumerate(group))
        print(f"{what:<24}{len(texts) / taken:>10.0f}{theirs / taken:>8.2f}{repeated:>8}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--step", type=int, default=1, metavar="N", help="every N-th ticket (1)")
    pipeline(parser.parse_args().step)
    near_duplicates()


if __name__ == "__main__":
    main()
