"""The damage that ``fuzz_readers`` does to an export: the same from the same draw, and what of it stays whole."""

from __future__ import annotations

import copy
import csv
import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deskhand_finetune.testing import Shape

TICKETS = 5
"""In an export that is damaged."""
# What divides one record from the next in files that have nothing else to do it with; damage to it is the neighbour's.
DIVIDERS = {".csv": r"()(.*?)(\s*)", ".mbox": r"(From [^\n]*\n)(.*?)(\s*)", ".txt": r"([^\n]*\n)(.*?)(\s*)"}
TOKENS = ('"', "'", "{", "}", "[", "]", ",", ":", ";", "\n", "\r", "\0", "\t", "<", ">", "&", "&#0;", "]]>", "<!--",
          "<!DOCTYPE a [<!ENTITY b 'c'>]>", "null", "true", "-1", "1e999", "NaN", "\\", "\\u0000", "\\ud800", "\ufeff",
          "\u2028", "\u202e", "😀", "----", "\nFrom x Tue Mar  4 10:00:00 2025\n", "\n\n", "=?utf-8?q?=FF?=", "---\n",
          "Agent: ", "9" * 400, "é" * 50, "{{{{", "[[[[", '"id":', "\\\"", "data:", "sep=;", "%00", "../")  # fmt: skip
VALUES: tuple[Any, ...] = (None, True, False, 0, -1, 1.5, 10**18, 10**400, -(10**30), 1e308, "", " ", "null", "\ud800",
                           "\0", "9" * 5000, "a" * 100_000, [], {}, [[]], [None], [1, "a", {}], {"": ""}, {"id": None},
                           {"id": {"id": 1}}, "2025-13-45", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-12:00",
                           "<p>" * 2000, 253402300800, -62135596801, "inf", "١٢٣", "²" * 10)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Damage:
    """The files of one input, and which tickets must still be read."""

    files: dict[str, bytes]
    kind: str
    whole: tuple[int, ...]
    """The numbers of the tickets that were not touched."""


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
