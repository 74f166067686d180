"""Tickets a second and memory of every reader, beside the standard library's parser over the same files.

    python benchmarks/readers.py [--tickets 10000] [--shape NAME ...]

For each shape of an export (``deskhand_finetune.testing``) tickets are written and read in processes of their own: by
``open_export``, which recognises, joins and builds tickets, and by the baseline, which only parses and forgets:

json    ``json.loads`` of each line, or of the whole file where it is one value
csv     ``csv.reader``
xml     ``ElementTree.iterparse``
mbox    ``mailbox.mbox``
txt     the lines

Figures are processor time, without imports; ``x base`` is the reader's over the baseline's. Memory is the peak above
what the imports took, at a tenth of the tickets and at all of them: the same twice where it is constant.
"""

from __future__ import annotations

import argparse
import csv
import json
import mailbox
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree.ElementTree import iterparse

from deskhand_finetune.testing import SHAPES, Shape, write_export
from deskhand_finetune.tickets import Message, Options, Ticket, open_export

ASKED = (
    "Hello, I ordered lamp {0} two weeks ago and it has not come yet. The tracking page has said for days that it is "
    "on its way to the depot. Could you find out where it is, or send me a new one? I need it before the weekend."
)
NOTED = "Order {0}: the carrier has been asked, an answer comes within two days."
ANSWERED = (
    "Thank you for writing. Parcel {0} was held back at the depot because the house number was missing; we have given "
    "it to the carrier and it will be with you within two working days. You get a message on the morning of that day."
)
CUSTOMERS = 1000
CLOSED = ("helpscout", "salesforce", "hubspot", "intercom")


def tickets(shape: Shape, count: int) -> Iterator[Ticket]:
    """Tickets that the shape can hold: a question, a note where it has notes, an answer, and thanks."""
    for number in range(count):
        start = datetime(2020, 3, 4, 10, tzinfo=UTC) + timedelta(hours=number)
        messages = [Message("customer", ASKED.format(number), start)]
        if shape.notes:
            messages.append(Message("agent", NOTED.format(number), start + timedelta(minutes=1), public=False))
        messages.append(Message("agent", ANSWERED.format(number), start + timedelta(minutes=2)))
        if not shape.pairs:
            messages.append(Message("customer", f"Thank you, {number} it is.", start + timedelta(minutes=3)))
        status, customer = "closed" if shape.format in CLOSED else "solved", str(500_000 + number % CUSTOMERS)
        yield Ticket(
            str(100_000 + number), shape.format, tuple(messages), start, f"Lamp {number}", messages[-1].at,
            status, ("lamp",), customer=customer,
        )  # fmt: skip


def parse(path: Path) -> None:
    """The baseline: what the file's own parser takes."""
    if path.suffix == ".xml":
        for _, element in iterparse(path):
            element.clear()
    elif path.suffix == ".mbox":
        for mail in mailbox.mbox(path):
            mail.get_payload(decode=True)
    elif path.suffix in (".json", ".jsonl"):
        text = path.read_text(encoding="utf-8")
        try:
            json.loads(text)
        except json.JSONDecodeError:  # a value a line
            for line in text.splitlines():
                json.loads(line)
    else:
        with path.open(encoding="utf-8", newline="") as lines:
            for _ in csv.reader(lines) if path.suffix == ".csv" else lines:
                pass


def measured(shape: Shape, way: str, folder: Path) -> tuple[int, float, float]:
    """Tickets, seconds of processor time and megabytes above the imports', in this process."""
    before, started, count = peak(), time.process_time(), 0
    if way == "base":
        for path in sorted(folder.rglob("*.*")):
            parse(path)
    else:
        export = open_export(folder, options=Options(public_comments=shape.unsaid))
        count = sum(1 for _ in export)
        assert not export.quarantined, export.quarantined[0]
    return count, time.process_time() - started, peak() - before


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(shape: Shape, way: str, folder: Path) -> tuple[int, float, float]:
    """``measured`` in a process of its own."""
    command = [sys.executable, __file__, "--shape", shape.name, "--measure", way, str(folder)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(said[0]), float(said[1]), float(said[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--shape", action="append", choices=list(SHAPES), help="all without")
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "FOLDER"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    shapes = [SHAPES[name] for name in chosen.shape or SHAPES]
    if chosen.measure:
        print(*measured(shapes[0], chosen.measure[0], Path(chosen.measure[1])))
        return
    print(
        f"{'shape':<22}{'MB':>6}{'tickets/s':>11}{'base/s':>10}{'x base':>8}{'peak MB at':>12}{'a tenth':>9}{'all':>7}"
    )
    for shape in shapes:
        with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as large:
            write_export(shape, tickets(shape, chosen.tickets // 10), Path(small))
            files = write_export(shape, tickets(shape, chosen.tickets), Path(large))
            size = sum(file.stat().st_size for file in files) / 1e6
            _, base, _ = apart(shape, "base", Path(large))
            _, _, tenth = apart(shape, "read", Path(small))
            count, took, whole = apart(shape, "read", Path(large))
        assert count == chosen.tickets, f"{shape.name}: {count} tickets"
        speed = f"{count / took:11.0f}{count / base:10.0f}{took / base:8.1f}"
        print(f"{shape.name:<22}{size:6.0f}{speed}{tenth:21.1f}{whole:7.1f}", flush=True)


if __name__ == "__main__":
    main()
