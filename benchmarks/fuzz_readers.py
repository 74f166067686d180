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
import copy
import csv
import faulthandler
import gzip
import io
import json
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from deskhand_finetune.testing import SHAPES, Shape
from deskhand_finetune.tickets import Message, Options, Ticket, open_export
from deskhand_guardrails.errors import DeskhandError

TICKETS = 5
# What divides one record from the next in files that have nothing else to do it with; damage to it is the neighbour's.
DIVIDERS = {".csv": r"()(.*?)(\s*)", ".mbox": r"(From [^\n]*\n)(.*?)(\s*)", ".txt": r"([^\n]*\n)(.*?)(\s*)"}
SECONDS = 3.0
CUSTOMERS_WORD = "Xylophon"
TOKENS = ('"', "'", "{", "}", "[", "]", ",", ":", ";", "\n", "\r", "\0", "\t", "<", ">", "&", "&#0;", "]]>", "<!--",
          "<!DOCTYPE a [<!ENTITY b 'c'>]>", "null", "true", "-1", "1e999", "NaN", "\\", "\\u0000", "\\ud800", "\ufeff",
          "\u2028", "\u202e", "😀", "----", "\nFrom x Tue Mar  4 10:00:00 2025\n", "\n\n", "=?utf-8?q?=FF?=", "---\n",
          "Agent: ", "9" * 400, "é" * 50, "{{{{", "[[[[", '"id":', "\\\"", "data:", "sep=;", "%00", "../")  # fmt: skip
VALUES: tuple[Any, ...] = (None, True, False, 0, -1, 1.5, 10**18, 10**400, -(10**30), 1e308, "", " ", "null", "\ud800",
                           "\0", "9" * 5000, "a" * 100_000, [], {}, [[]], [None], [1, "a", {}], {"": ""}, {"id": None},
                           {"id": {"id": 1}}, "2025-13-45", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-12:00",
                           "<p>" * 2000, 253402300800, -62135596801, "inf", "١٢٣", "²" * 10)  # fmt: skip


class Hang(BaseException):
    """An input took too long."""


@dataclass(frozen=True, slots=True)
class Damage:
    """The files of one input, and which tickets must still be read."""

    files: dict[str, bytes]
    kind: str
    whole: tuple[int, ...]
    """The numbers of the tickets that were not touched."""


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


Pieces = list[list[str]]


def assembled(shape: Shape, pieces: Pieces) -> dict[str, bytes]:
    """The files of an export from the pieces of each file."""
    return {
        part.file: (part.head + part.joint.join(filter(None, held)) + part.tail).encode("utf-8", errors="surrogatepass")
        for part, held in zip(shape.parts, pieces, strict=True)
    }


def damaged_text(draw: random.Random, text: str) -> str:
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(text) + 1)
        end = min(len(text), at + draw.choice((1, 1, 2, 10, 80)))
        match draw.randrange(4):
            case 0:
                text = text[:at] + draw.choice(TOKENS) + text[at:]
            case 1:
                text = text[:at] + text[end:]
            case 2:
                text = text[:end] + text[at:end] + text[end:]
            case _:
                text = (
                    text[:at]
                    + "".join(chr(ord(letter) ^ (1 << draw.randrange(7))) for letter in text[at:end])
                    + text[end:]
                )
    return text


def _paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from _paths(member, (*path, key))


def _deep(draw: random.Random) -> object:
    value: Any = "deep"
    for _ in range(draw.choice((50, 400))):
        value = [value] if draw.random() < 0.5 else {"content": [value], "type": "doc"}
    return value


def damaged_json(draw: random.Random, text: str) -> str:
    """One to three values of another kind; keys gone, doubled, renamed; depth beyond what a parser bears."""
    held = json.loads(f"[{text}]")
    if draw.random() < 0.05:
        depth = draw.choice((1_000, 100_000))
        return text[:-1] + f',"deep":{"[" * depth}{"]" * depth}' + "}"
    for _ in range(draw.randint(1, 3)):
        path = draw.choice(list(_paths(held)) or [()])
        if not path:
            break
        parent: Any = held
        for key in path[:-1]:
            parent = parent[key]
        match draw.randrange(6):
            case 0 | 1 | 2:
                parent[path[-1]] = copy.deepcopy(draw.choice(VALUES))
            case 3:
                del parent[path[-1]]
            case 4 if isinstance(parent, dict):
                parent[draw.choice((str(path[-1]).upper(), "x", "", "id", "messages"))] = parent.pop(path[-1])
            case 5:
                parent[path[-1]] = _deep(draw)
                break
            case _:
                parent[path[-1]] = [parent[path[-1]]]
    written = json.dumps(held, ensure_ascii=draw.random() < 0.5)[1:-1]
    key = re.search(r'"\w+": ', written)
    return (
        written[: key.start()] + f"{key.group()}{json.dumps(draw.choice(VALUES))}, " + written[key.start() :]
        if key and draw.random() < 0.2
        else written
    )


def damaged_rows(draw: random.Random, text: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    row = draw.choice(rows)
    place = draw.randrange(len(row))
    match draw.randrange(5):
        case 0:
            row[place] = draw.choice(TOKENS) * draw.choice((1, 30))
        case 1:
            del row[place:]
        case 2:
            row.insert(place, draw.choice(TOKENS))
        case 3:
            row += ["more"] * draw.choice((1, 200))
        case _:
            row[place] = str(draw.choice(VALUES)).encode("utf-8", errors="replace").decode()
    out = io.StringIO()
    csv.writer(out, quoting=draw.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))).writerows(rows)
    return out.getvalue()


def damaged_xml(draw: random.Random, text: str) -> str:
    tags = list(re.finditer(r"<[^<>]*>", text))
    tag = draw.choice(tags[1:-1])
    before, inside, after = text[: tag.start()], tag.group(), text[tag.end() :]
    match draw.randrange(5):
        case 0:
            return before + after
        case 1:
            return before + inside * 2 + after
        case 2:
            return before + inside.replace(">", ' nil="true">', 1) + after
        case 3:
            return (
                before
                + draw.choice(("&unknown;", "<![CDATA[", "<a>" * 3000, "&#1;", "<x/>", "<?x ?>", "<x:y/>"))
                + text[tag.start() :]
            )
        case _:
            return before + inside.replace(">", ' type="array">', 1) + after


def damage(draw: random.Random, shape: Shape, pieces: Pieces) -> Damage:  # noqa: C901 - one branch for each kind
    """One damaged export."""
    places = [(part, one) for part, held in enumerate(pieces) for one, text in enumerate(held) if text]
    part, one = draw.choice(places)
    text, file = pieces[part][one], shape.parts[part].file
    others = tuple(number for number in range(TICKETS) if number != one)

    form = re.fullmatch(DIVIDERS.get(Path(file).suffix, r"()(.*)()"), text, re.DOTALL)
    assert form
    before_it, text, after_it = form.groups()

    def with_piece(new: str, kind: str) -> Damage:
        changed = [list(held) for held in pieces]
        changed[part][one] = before_it + new + after_it
        return Damage(assembled(shape, changed), kind, others)

    drawn = draw.random()
    if drawn < 0.35:
        structured: Callable[[random.Random, str], str] = damaged_text
        if file.endswith((".json", ".jsonl")):
            structured = damaged_json
        elif file.endswith(".csv"):
            structured = damaged_rows
        elif file.endswith(".xml"):
            structured = damaged_xml
        return with_piece(structured(draw, text), "structure")
    if drawn < 0.75:
        return with_piece(damaged_text(draw, text), "text")
    files = assembled(shape, pieces)
    content = files[file]
    if drawn < 0.83:
        end = content.index(text.encode()) + draw.randrange(1, len(text.encode()))
        files[file] = content[:end]
        before = tuple(range(one)) if len(places) == TICKETS else ()
        return Damage(files, "cut", before)
    if drawn < 0.88:
        encoding = draw.choice(("utf-16", "utf-8-sig", "utf-16-le", "cp1252", "latin-1"))
        files[file] = content.decode().encode(encoding)
        return Damage(files, "encoding", tuple(range(TICKETS)))
    if drawn < 0.93:
        raw = bytearray(content)
        for _ in range(draw.randint(1, 30)):
            raw[draw.randrange(len(raw))] = draw.randrange(256)
        files[file] = bytes(raw)
        return Damage(files, "bytes", ())
    if drawn < 0.97:
        head = damaged_text(draw, shape.parts[part].head or content[:40].decode(errors="ignore"))
        files[file] = (head + content.decode()[len(shape.parts[part].head) :]).encode(errors="surrogatepass")
        return Damage(files, "head", ())
    packed = bytearray(gzip.compress(content, 1) if draw.random() < 0.5 else _zipped(file, content))
    for _ in range(draw.randint(0, 4)):
        packed[draw.randrange(len(packed))] = draw.randrange(256)
    del files[file]
    files[f"{file}.packed"] = bytes(packed[: draw.randrange(len(packed))] if draw.random() < 0.4 else packed)
    return Damage(files, "packed", ())


def _zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr(name, content)
    return out.getvalue()


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
