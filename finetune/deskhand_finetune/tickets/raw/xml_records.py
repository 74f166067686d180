"""XML records in constant memory: each ``<ticket>…</ticket>`` is cut out of the text and parsed on its own.

Damage in one costs only that one. A document type cannot stand inside a record, so neither entity expansion nor
external entities can be reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, fromstring

from deskhand_finetune.tickets.raw.files import open_text
from deskhand_finetune.tickets.raw.json_records import Record

CHUNK = 1 << 18
LONGEST = 1 << 26
# Letters that XML 1.0 forbids, written by exporters all the same.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
CUT_OFF = "the record ends without its closing tag"


def xml_records(path: Path, names: tuple[str, ...]) -> Iterator[Record]:
    """The elements called one of ``names``, as dictionaries and lists, numbered from 1; ``key`` is the name."""
    damage: list[str] = []
    number = 0
    for number, (name, text, is_whole) in enumerate(_cut(path, names, damage), start=1):
        if not is_whole:
            yield Record(number, problem=CUT_OFF, key=name)
            continue
        try:
            yield Record(number, value_of(fromstring(FORBIDDEN.sub("", text))), key=name)  # noqa: S314 - see above
        except (ParseError, RecursionError, ValueError):
            yield Record(number, problem="not well-formed XML", key=name)
    for problem in damage:
        yield Record(number + 1, problem=problem)


def _cut(path: Path, names: tuple[str, ...], damage: list[str]) -> Iterator[tuple[str, str, bool]]:
    opening = re.compile(rf"<({'|'.join(map(re.escape, names))})(?=[\s>])")
    with open_text(path, damage) as text:
        held = ""
        while True:
            start = opening.search(held)
            if start is None:
                held, more = held[-100:], text.read(CHUNK)
                if not more:
                    return
                held += more
                continue
            name = start.group(1)
            held = held[start.start() :]
            end = _end(held, name, opening)
            while end is None and len(held) < LONGEST and (more := text.read(max(CHUNK, len(held)))):
                held += more
                end = _end(held, name, opening)
            is_whole = end is not None and held.endswith(">", 0, end)
            yield name, held[:end], is_whole
            held = held[end:] if end is not None else ""


def _end(held: str, name: str, opening: re.Pattern[str]) -> int | None:
    """Where the record at the start ends: after its closing tag, or before the next one when that is missing."""
    closing = held.find(f"</{name}>")
    next_one = opening.search(held, 1, closing if closing >= 0 else len(held))
    if next_one is not None:
        return next_one.start()
    return closing + len(name) + 3 if closing >= 0 else None


def value_of(element: Element) -> object:
    """Text, None for ``nil``, a list for ``type="array"`` or equal children, else a dictionary."""
    if element.get("nil") == "true":
        return None
    children = list(element)
    if element.get("type") == "array" or len({child.tag for child in children}) < len(children):
        return [value_of(child) for child in children]
    if children:
        return {child.tag: value_of(child) for child in children}
    return element.text or ""
