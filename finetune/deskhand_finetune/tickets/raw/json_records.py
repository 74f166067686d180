"""JSON records out of a file of any size: one per line, one list, or pages such as ``{"tickets": [...]}``.

The decoder is the standard library's; this module only walks from value to value over a sliding window. A streaming
parser (ijson) stops at the first damaged byte of a list; here the next record of the same kind is looked for, so that
damage costs the record it stands in. Memory holds one page or record, at most ``LONGEST`` letters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from deskhand_finetune.tickets.raw.files import open_text

CHUNK = 1 << 16
WHOLE = 1 << 23  # a page up to this length is decoded at once, so that users beside its tickets are known first
LONGEST = 1 << 26
CANDIDATES = 50
NOT_JSON = "not JSON"
CUT_OFF = "the list ends without its closing bracket; what came before was read"

CONTAINERS = (
    "users", "organizations", "contacts", "groups", "ticket_events", "audits", "tickets", "conversations", "issues",
    "results", "values", "payload", "threads", "requests",
)  # fmt: skip
"""Lists in a page that hold records; those that tell who is who first."""
WRAPPERS = ("_embedded", "data")
RECORD_KEYS = frozenset({"id", "key", "ts", "issueKey", "ticket", "helpdesk_ticket", "helpdesk-ticket", "event_type"})
DECODER = json.JSONDecoder()
FIRST_KEY = re.compile(r'\{\s*"((?:[^"\\]|\\.){0,80})"\s*:')
AFTER = re.compile(r"[\s,]*([^\s,])")
SPACE = " \t\r\n,\ufeff"


@dataclass(frozen=True, slots=True)
class Record:
    """One value and where it stands; ``problem`` is set instead when it cannot be read."""

    number: int
    """Its line, or its place in the list."""
    value: Any = None
    problem: str = ""
    key: str = ""
    """The list of the page that it came from, such as ``tickets``; nothing outside of pages."""


class Broken(ValueError):  # noqa: N818 - turned into a record's problem by the caller
    """No JSON value stands here."""


class Swallowed(ValueError):  # noqa: N818 - the same
    """A torn record holds those that came after it; the window is at the first of them."""


def json_records(path: Path) -> Iterator[Record]:
    """The records of one file, in constant memory; a last record says so when the file is cut off."""
    damage: list[str] = []
    with open_text(path, damage) as text:
        window = Window(text)
        while window.skip(SPACE):
            yield from _value(window)
    for problem in damage:
        yield Record(window.line(), problem=problem)


class Window:
    """The part of a text that is looked at: read on from ``at``, forget what lies before."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.buffer, self.at = "", 0
        self._lines, self._counted = 1, 0

    def more(self) -> bool:
        """Reads on, twice as far each time while nothing is used up; False at the end."""
        self.line()
        self.buffer, self.at, self._counted = self.buffer[self.at :], 0, 0
        read = self._text.read(max(CHUNK, len(self.buffer)))
        self.buffer += read
        return bool(read)

    def line(self) -> int:
        """The number of the line that ``at`` stands in."""
        self._lines += self.buffer.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._lines

    def skip(self, letters: str) -> str:
        """Steps over any of ``letters`` and gives the next letter; nothing at the end."""
        while True:
            while self.at < len(self.buffer):
                if self.buffer[self.at] not in letters:
                    return self.buffer[self.at]
                self.at += 1
            if not self.more():
                return ""

    def decode(self, longest: int = LONGEST) -> object:
        """The JSON value at ``at``, and steps over it. Raises ``Broken`` and stays."""
        value, self.at = self._decode(longest)
        return value

    def _decode(self, longest: int) -> tuple[Any, int]:
        while True:
            try:
                value, end = DECODER.raw_decode(self.buffer, self.at)
            except json.JSONDecodeError as error:
                is_cut = error.pos > len(self.buffer) - 16 or error.msg.startswith("Unterminated string")
                if not is_cut or len(self.buffer) - self.at > longest or not self.more():
                    raise Broken(NOT_JSON) from None
            except (ValueError, RecursionError):
                raise Broken(NOT_JSON) from None
            else:
                if end == len(self.buffer) and not isinstance(value, dict | list | str) and self.more():
                    continue
                return value, end

    def element(self, last: list[str]) -> tuple[Any, bool]:
        """The JSON value at ``at`` of a list, and steps over it; and whether the list goes on or ends behind it.

        Where it does neither, a torn record may have opened brackets that the list's own closed: it is looked through
        for a record like the ``last`` one, of which the keys are given. Raises ``Swallowed``, and ``Broken`` as
        ``decode`` does.
        """
        value, end = self._decode(LONGEST)
        size = end - self.at
        while (after := AFTER.match(self.buffer, self.at + size)) is None and self.more():
            pass
        goes_on = after is not None and after.group(1) in "{[]"
        inner = None if goes_on or not isinstance(value, dict) else self._swallowed(value, self.at + size, last)
        if inner is not None:
            self.at = inner
            raise Swallowed
        self.at += size
        return value, goes_on

    def _swallowed(self, value: Mapping[str, Any], end: int, last: list[str]) -> int | None:
        """Where in ``value``, which ends at ``end``, the first record of its own kind begins."""
        keys, mark = frozenset(last or value), _mark({*list(value)[:1], *last[:1]})
        for place in mark.finditer(self.buffer, self.at + 1, end):
            try:
                inner = DECODER.raw_decode(self.buffer, place.start())[0]
            except (ValueError, RecursionError):
                continue
            if len(keys & set(inner)) * 2 >= len(keys):
                return place.start()
        return None

    def next_line(self) -> None:
        """Steps to the next line that may begin a record: what is indented or closes brackets belongs to the last."""
        while True:
            end = self.buffer.find("\n", self.at)
            if end < 0:
                self.at = len(self.buffer)
                if not self.more():
                    return
                continue
            self.at = end + 1
            if (self.at < len(self.buffer) or self.more()) and self.buffer[self.at] in " \t}]":
                continue
            return

    def next_like(self, last: list[str]) -> bool:
        """Steps to the next object that shares at least half of the keys of the ``last`` one; False when none follows.

        It begins with the same key as the last one, or as the broken one at ``at``.
        """
        opened = FIRST_KEY.match(self.buffer, self.at)
        begins = {opened.group(1)} if opened else set()
        # Where a bracket closes what nobody opened, the last record ended too early: its keys are those of its parts.
        is_torn = self.buffer[self.at] in "}]"
        self.at += 1
        if not last or is_torn:
            last = self._longest(begins | set(last[:1])) or last
        keys = frozenset(last)
        mark = _mark(begins | set(last[:1]))
        while keys:
            place = mark.search(self.buffer, self.at)
            if place is None:
                self.at = max(self.at, len(self.buffer) - 100)
                if not self.more():
                    break
                continue
            self.at = place.start()
            if len(keys & self._keys()) * 2 >= len(keys):
                return True
            self.at += 1
        self.at = len(self.buffer)
        return False

    def _keys(self) -> frozenset[str]:
        """The keys of the object at ``at``, without stepping over it; none when it is broken."""
        try:
            return frozenset(self._decode(WHOLE)[0])
        except Broken:
            return frozenset()

    def _longest(self, begins: set[str]) -> list[str]:
        """The keys of the longest object that follows soon, of those that begin with one of the keys if there are any:
        a record is longer than what it holds.
        """
        while len(self.buffer) - self.at < WHOLE // 8 and self.more():
            pass
        for mark in (_mark(begins), _mark(set())):
            keys, longest, found, at = list[str](), 0, 0, self.at
            while found < CANDIDATES and (place := mark.search(self.buffer, at)):
                at = place.start() + 1
                try:
                    value, end = DECODER.raw_decode(self.buffer, place.start())
                except (ValueError, RecursionError):
                    continue
                if end - place.start() > longest:
                    keys, longest = list(value), end - place.start()
                found, at = found + 1, end
            if keys:
                return keys
        return []


def _mark(begins: set[str]) -> re.Pattern[str]:
    """Where an object begins whose first key is one of these, or any."""
    keys = "|".join(re.escape(f'"{key}"') for key in sorted(begins))
    return re.compile(r"\{\s*" + (f"(?:{keys})" if keys else '"'))


def _value(window: Window) -> Iterator[Record]:
    line = window.line()
    first = window.buffer[window.at]
    if first == "[" and _opens_records(window):
        window.at += 1
        yield from _elements(window, "")
        return
    try:
        yield from unwrapped(Record(line, window.decode(WHOLE)))
    except Broken:
        if first == "{" and _is_page(window):
            window.at += 1
            yield from _page(window)
        else:
            yield Record(line, problem=NOT_JSON)
            window.next_line()


def _opens_records(window: Window) -> bool:
    """Whether the list at ``at`` begins with an object; a list of words is one value."""
    if len(window.buffer) - window.at < CHUNK:
        window.more()
    return re.compile(r"\[\s*[{\[]").match(window.buffer, window.at) is not None


def _is_page(window: Window) -> bool:
    """Whether a list of records comes before any key that only a record has."""
    keys = re.compile(r'"([\w-]+)"\s*:\s*([\[{]?)')
    for found in keys.finditer(window.buffer, window.at, window.at + CHUNK):
        if found.group(1) in RECORD_KEYS:
            return False
        if (found.group(1) in CONTAINERS and found.group(2) == "[") or (
            found.group(1) in WRAPPERS and found.group(2) == "{"
        ):
            return True
    return False


def _page(window: Window) -> Generator[Record, None, str]:
    """The records of the page's lists, or of a part of it; returns the key of its last list."""
    listed = ""
    while (first := window.skip(SPACE)) not in ("", "}"):
        if first == "{" and listed:  # a torn record closed its list too early
            yield from _elements(window, listed)
            continue
        line = window.line()
        try:
            key = window.decode()
            value = window.skip(" \t\r\n:")
            if value == "[" and key in CONTAINERS:
                window.at += 1
                listed = str(key)
                yield from _elements(window, listed)
            elif value == "{" and key in WRAPPERS:
                window.at += 1
                listed = yield from _page(window)
            else:
                window.decode()
        except Broken:
            yield Record(line, problem=NOT_JSON)
            window.next_line()
            return listed
    window.at += 1
    return listed


def _elements(window: Window, key: str) -> Iterator[Record]:
    number, last = 0, list[str]()
    while first := window.skip(SPACE):
        if first == "]":
            window.at += 1
            return
        number += 1
        try:
            value, goes_on = window.element(last)
        except Swallowed:
            yield Record(number, problem=NOT_JSON, key=key)
            continue
        except Broken:
            yield Record(number, problem=NOT_JSON, key=key)
            if not window.next_like(last):
                return
            continue
        # What is left of a torn record, or stood in one, is no example.
        if isinstance(value, dict) and goes_on and (not last or _is_alike(value, last)):
            last = list(value)
        yield from unwrapped(Record(number, value, key=key))
    yield Record(number, problem=CUT_OFF, key=key)


def _is_alike(value: Mapping[str, Any], last: list[str]) -> bool:
    """Whether a record begins as the last one did and has at least three quarters of its keys."""
    return list(value)[:1] == last[:1] and len(value.keys() & set(last)) * 4 >= len(last) * 3


def unwrapped(record: Record) -> Iterator[Record]:
    """The records of a page or list, numbered from 1; a record gives itself."""
    lists = list(_lists(record.value))
    if not lists:
        yield record
    for key, members in lists:
        for number, member in enumerate(members, start=1):
            yield from unwrapped(Record(number, member, key=key))


def _lists(value: object) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, list) and any(isinstance(member, dict) for member in value):
        yield "", value
    if not isinstance(value, dict) or "id" in value or "key" in value:
        return
    for key in CONTAINERS:
        members = value.get(key)
        if isinstance(members, list) and any(
            isinstance(member, dict) and RECORD_KEYS & set(member) for member in members
        ):
            yield key, members
    for key in WRAPPERS:
        yield from _lists(value.get(key))
