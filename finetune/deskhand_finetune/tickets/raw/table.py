"""CSV rows in constant memory: the delimiter is guessed, an unclosed quote costs its own row, not all that follow."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from deskhand_finetune.tickets.raw.files import open_text
from deskhand_finetune.tickets.raw.json_records import Record

DELIMITERS = ",;\t|"
LONGEST_FIELD = 1 << 24
# A message of more lines than this in one cell is an unclosed quote.
MOST_LINES = 5000
UNCLOSED = "a quote is not closed, or not doubled inside a cell"


def read_header(path: Path) -> list[str]:
    """The names of the columns, stripped; nothing when the first line is no table."""
    damage: list[str] = []
    with open_text(path, damage, newline="") as text:
        rows = _parsed(_Lines(text), _delimiter(path))
        return [cell.strip() for cell in next((cells for _, cells in rows if cells), [])]


def table_records(path: Path) -> Iterator[Record]:
    """One record per row with a list of cells; the header row is left out, empty rows are skipped."""
    damage: list[str] = []
    with open_text(path, damage, newline="") as text:
        lines = _Lines(text)
        width = 0
        for number, cells in _parsed(lines, _delimiter(path)):
            if cells is None:
                yield Record(number, problem="not a CSV row")
            elif not width:
                width = len(cells)
            elif _swallowed_rows(lines, cells, width, _delimiter(path)):
                lines.put_back()
                yield Record(number, problem=UNCLOSED)
            elif any(cell.strip() for cell in cells):
                yield Record(number, cells)
    for problem in damage:
        yield Record(lines.number, problem=problem)


class _Lines:
    """The lines of a file for ``csv.reader``, which reads as many as a row has; the row's lines can be put back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._waiting: deque[str] = deque()
        self.row: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.row) >= MOST_LINES:
            raise StopIteration
        line = self._waiting.popleft() if self._waiting else self._text.readline(LONGEST_FIELD)
        if not line:
            raise StopIteration
        self.number += 1
        self.row.append(line.replace("\0", ""))
        return self.row[-1]

    def put_back(self) -> None:
        """All lines of the row but its first are read again."""
        self._waiting.extendleft(reversed(self.row[1:]))
        self.number -= len(self.row) - 1
        self.row = self.row[:1]


def _parsed(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """The number of its first line, and the cells of each row. The row's lines stay in ``lines.row`` meanwhile."""
    csv.field_size_limit(LONGEST_FIELD)
    while True:
        lines.row = []
        start = lines.number + 1
        try:
            cells = next(csv.reader(lines, delimiter=delimiter))
        except StopIteration:
            return
        except csv.Error:
            yield start, None
            continue
        if start > 1 or not lines.row[0].lower().startswith("sep="):
            yield start, [cell.strip("\ufeff") for cell in cells] if start == 1 else cells


def _swallowed_rows(lines: _Lines, cells: list[str], width: int, delimiter: str) -> bool:
    """Whether a row of the wrong width, or with a quote in the middle of a cell, holds whole rows: its first line has a
    stray quote.

    A row counts as whole from three quarters of the columns on, because Jira's rows are shorter or longer than their
    header.
    """
    if len(lines.row) < 2 or (len(cells) == width and _is_strict(lines.row, delimiter)):
        return False
    if len(lines.row) >= MOST_LINES:
        return True
    rest = csv.reader(lines.row[1:], delimiter=delimiter)
    try:
        return any(len(row) >= max(2, width * 3 // 4) for row in rest)
    except csv.Error:
        return True


def _is_strict(row: Sequence[str], delimiter: str) -> bool:
    """Whether every quote of a row opens a cell, closes one or is doubled."""
    try:
        next(csv.reader(iter(row), delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return True


def _delimiter(path: Path) -> str:
    """The one of ``DELIMITERS`` that stands most often in the header, outside of quotes."""
    with open_text(path, [], newline="") as text:
        first = text.readline(1 << 16)
    if first.lower().startswith("sep=") and len(first.strip()) == 5:
        return first.strip()[-1]
    bare = "".join(part for number, part in enumerate(first.split('"')) if number % 2 == 0)
    return max(DELIMITERS, key=bare.count)


def cells(header: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """A row under its columns' plain names (``plain_name``); of repeated columns, the first that is filled."""
    held: dict[str, str] = {}
    for name, cell in zip(map(plain_name, header), row, strict=False):
        if cell.strip() and not held.get(name):
            held[name] = cell.strip()
    return held


def plain_name(column: str) -> str:
    """A column's name for comparing: ``Ticket ID`` and ``ticket_id`` are the same."""
    return re.sub(r"[\s_-]+", " ", column.strip().lower())
