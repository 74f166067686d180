"""Damages exports of every shape and reads them: no crash, no hang, no record lost that was not touched.

    python benchmarks/fuzz_readers.py [--inputs 100000] [--reader jira ...] [--seed 1] [--minutes 10]

Each input is a small export of ``deskhand_finetune.testing.SHAPES`` in which one ticket's part is damaged: bytes
flipped, cut, doubled or planted; JSON values of another type, huge, deep, missing, doubled or renamed; CSV cells and
XML tags gone or added; or the file cut off in it, its head or tail damaged, its encoding changed, or packed and then
damaged. ``--inputs`` counts for each reader, shared out among its shapes. What must hold:

- nothing is raised but ``DeskhandError``, of one line that quotes no customer;
- it takes less than ``SECONDS`` of processor time;
- each ticket that comes out can be written as JSON and UTF-8, and each record put aside says why;
- every ticket whose part was not touched is read as from the whole export (where the damage is to the file itself, its
  head or its encoding, this cannot be asked).

A failure prints shape, seed and number, which ``--only SHAPE:NUMBER`` repeats, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from damage import TICKETS, Damage, assembled, damage

from deskhand_finetune.testing import SHAPES, Shape
from deskhand_finetune.tickets import Message, Options, Ticket, open_export
from deskhand_guardrails.errors import DeskhandError

SECONDS = 3.0
CUSTOMERS_WORD = "Xylophon"


class Hang(BaseException):
    """An input took too long."""


def tickets_of(shape: Shape) -> list[Ticket]:
    """Tickets that the shape can hold; their ids are far apart, so that a flipped digit makes no other's."""
    made = []
    for number in range(TICKETS):
        start = datetime(2025, 3, 4, 10, tzinfo=UTC) + timedelta(hours=number)
        turns = [("customer", True, f'{CUSTOMERS_WORD} {number}, wo ist "die" Lampe, Größe {number}; bitte?')]
        if shape.notes:
            turns.append(("agent", False, f"Rang twice, order {number}."))
        turns.append(("agent", True, f"It left our store on day {number}, it's on its way."))
        if not shape.pairs:
            turns.append(("customer", True, f"Thanks, it came with {number} bulbs."))
        messages = tuple(
            Message(role, text, start + timedelta(minutes=minute), public=public)  # type: ignore[arg-type]
            for minute, (role, public, text) in enumerate(turns)
        )
        status = "closed" if shape.format in ("helpscout", "salesforce", "hubspot", "intercom") else "solved"
        made.append(
            Ticket(str(71_003 + 1_111 * number), shape.format, messages, start, f"Lamp {number}",
                   solved_at=messages[-1].at, status=status, tags=("lamp",), customer=str(500_017 + 1_111 * number))
        )  # fmt: skip
    return made


Said = tuple[tuple[str, bool, str], ...]


def said(ticket: Ticket) -> Said:
    return tuple((message.role, message.public, message.text) for message in ticket.messages)


def read(folder: Path, shape: Shape, named: str | None) -> tuple[Counter[Said], str]:
    """What the tickets of a folder say, or the error; asserts what must hold of each."""
    try:
        opened = open_export(folder, named, options=Options(public_comments=shape.unsaid))
        tickets = list(opened)
    except DeskhandError as error:
        line = str(error)
        assert "\n" not in line, "an error of several lines"
        assert CUSTOMERS_WORD not in line, "an error that quotes a customer"
        return Counter(), line
    for ticket in tickets:
        json.dumps(ticket.to_json(), ensure_ascii=False).encode()
        assert ticket.messages, "a ticket without messages"
        assert all(isinstance(message.text, str) for message in ticket.messages), "a text that is none"
    for bad in opened.quarantined:
        assert bad.reason, "put aside without a reason"
        assert CUSTOMERS_WORD not in bad.reason + bad.where, "a reason that quotes a customer"
    return Counter(map(said, tickets)), ""


def tried(shape: Shape, held: Damage, folder: Path, whole: list[Said], named: str | None) -> str:
    """What is wrong with how one input was read, or nothing."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, content in held.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        got, error = read(folder, shape, named)
    except Hang:
        return f"over {SECONDS} s of processor time"
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        frames = traceback.extract_tb(error.__traceback__)
        place = next((frame for frame in reversed(frames) if "deskhand" in frame.filename), frames[-1])
        return f"{type(error).__name__} {str(error)[:120]} at {Path(place.filename).name}:{place.lineno}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    lost = [number for number in held.whole if not got[whole[number]]]
    return f"tickets {lost} of {list(held.whole)} lost; {error[:120]}" if lost else ""


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's
    raise Hang


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--inputs", type=int, default=1000, help="for each reader")
    parser.add_argument("--reader", action="append", help="a reader's name; all without")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600, help="stop each reader after this long")
    parser.add_argument("--only", help="SHAPE:NUMBER, an input to repeat; its files stay in ./fuzz-input")
    chosen = parser.parse_args()
    signal.signal(signal.SIGVTALRM, _stop)
    readers = chosen.reader or sorted({shape.format for shape in SHAPES.values()})
    failures = 0
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as held:
        tempfile.tempdir = held
        if chosen.only:
            name, _, number = chosen.only.rpartition(":")
            Path("fuzz-input").mkdir(exist_ok=True)
            print(_one(SHAPES[name], int(number), chosen.seed, Path("fuzz-input"))[0] or "nothing wrong")
            return
        for reader in readers:
            failures += _all(reader, chosen.inputs, chosen.seed, chosen.minutes, Path(held))
    sys.exit(1 if failures else 0)


def _one(shape: Shape, number: int, seed: int, folder: Path) -> tuple[str, str]:
    """What is wrong with one input, and how it was damaged."""
    draw = random.Random(f"{seed} {shape.name} {number}")
    tickets = tickets_of(shape)
    pieces = [[part.text(ticket) for ticket in tickets] for part in shape.parts]
    whole = Damage(assembled(shape, pieces), "none", ())
    _read_whole(shape, whole, folder)
    held = damage(draw, shape, pieces)
    named = shape.format if draw.random() < 0.3 else None
    return tried(shape, held, folder, WHOLE[shape.name], named), held.kind


WHOLE: dict[str, list[Said]] = {}


def _read_whole(shape: Shape, held: Damage, folder: Path) -> None:
    """Keeps what each ticket of a shape says when nothing is damaged, in their order."""
    if shape.name not in WHOLE:
        assert not tried(shape, held, folder, [], None)
        found = [said(ticket) for ticket in open_export(folder, options=Options(public_comments=shape.unsaid))]
        assert len(found) == TICKETS, f"{shape.name}: {len(found)} tickets"
        WHOLE[shape.name] = sorted(found, key=lambda turns: turns[0][2])


def _all(reader: str, inputs: int, seed: int, minutes: float, root: Path) -> int:
    shapes = [shape for shape in SHAPES.values() if shape.format == reader]
    folder = root / "input"
    started, count, failures = time.monotonic(), 0, 0
    kinds: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    while count < inputs and time.monotonic() - started < minutes * 60:
        shape = shapes[count % len(shapes)]
        folder.mkdir(exist_ok=True)
        if count % 1000 == 0:
            faulthandler.dump_traceback_later(900, exit=True)
        wrong, kind = _one(shape, count // len(shapes), seed, folder)
        kinds[kind] += 1
        if wrong:
            failures += 1
            group = f"{shape.name} {kind}: {re.sub(r'[0-9]+', 'N', wrong)}"
            seen[group] += 1
            if seen[group] <= 2:
                print(f"  {shape.name}:{count // len(shapes)} ({kind}): {wrong}", flush=True)
        count += 1
    faulthandler.cancel_dump_traceback_later()
    took = time.monotonic() - started
    told = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    print(
        f"{reader:<11} {count:>7} inputs  {failures:>5} failures  seed {seed}  {count / took:6.0f}/s  ({told})",
        flush=True,
    )
    return failures


if __name__ == "__main__":
    main()
