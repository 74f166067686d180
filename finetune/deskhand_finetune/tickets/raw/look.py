"""A first look at a file: what form it has and what its first records hold, which is all that recognition goes by."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from deskhand_finetune.tickets.raw.files import GZIP, ZSTD, open_text
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.table import plain_name, read_header, table_records

Kind = Literal["json", "table", "xml", "mbox", "mail", "text", "nothing"]

# A header, a comment line or a broken first record must not hide what the file is.
RECORDS_LOOKED_AT = 20
LETTERS_LOOKED_AT = 16_384

SIGNATURES = (
    (b"%PDF", "a PDF; use the help desk's JSON export, or index documents with: deskhand index"),
    (b"PK", "an Office file or an empty or foreign zip; save tables as CSV"),
    (b"SQLite format 3", "a SQLite database; use the help desk's JSON export"),
    (b"\x89PNG", "an image; use the help desk's JSON export"),
    (b"PAR1", "a Parquet file; use the help desk's JSON export"),
    (b"!BDN", "an Outlook data file (PST); convert it to mbox, for one with readpst, and name that"),
    (b"\xd0\xcf\x11\xe0", "an old Office file; save it as CSV"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it and name the folder"),
    (b"Rar!", "a RAR archive; unpack it and name the folder"),
)
# A tenth of a binary file is these; a text may hold one that some system let through.
RUN = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]+")
BROKEN = "JSON that is broken in all of its first records; export it again"
# A value or brackets alone; a chat's "[04.03.25, 10:00] Ida: the \"blue\" one" is none.
JSON_LINE = re.compile(r'\s*(?:\{\s*"|\[\s*[\[{"]|[\[{][\[{\s]*$)')
JSON_NAMES = frozenset({".json", ".jsonl", ".ndjson"})
COLUMNS = re.compile(r"[\w .#()\"'/-]{1,60}(?:([,;\t|])[\w .#()\"'/-]{0,60})(?:\1[\w .#()\"'/-]{0,60})*")
"""A table's header: what its cells hold in the lines below, braces say, does not make it JSON."""
HEADER = re.compile(r"^([A-Za-z][A-Za-z0-9-]*):(?: |\t|$)", re.MULTILINE)
LATER_MAIL = re.compile(r"\n\r?\nFrom \S+ .*\d{2}:\d{2}.*\r?\n[A-Za-z-]+:")
SURE_HEADERS = {"message-id", "received", "mime-version", "return-path", "delivered-to", "dkim-signature"}
SPEAKER = re.compile(r"^\s*(?:\[[^\]]*\]\s*|\([^)]*\)\s*)?[^\s:,;][^:,;]{0,60}:\s")


@dataclass(frozen=True, slots=True)
class Look:
    """What can be said about a file before it is read."""

    path: Path
    kind: Kind
    head: str = ""
    """Its first letters."""
    records: tuple[Any, ...] = ()
    """The first JSON values, or the first rows of a table."""
    keys: frozenset[str] = frozenset()
    """The lists of JSON pages that the records came from."""
    columns: tuple[str, ...] = ()
    """The header of a table, as it is written."""
    foreign: str = ""
    """What it is, when it is certainly no export, and the next step."""
    damage: str = ""
    """What is wrong with the packed file, as far as it was looked at."""

    @property
    def names(self) -> frozenset[str]:
        """The columns in lower case, words joined by one space: ``Ticket ID`` and ``ticket_id`` are the same."""
        return frozenset(plain_name(column) for column in self.columns)

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The first JSON records that are objects."""
        return [record for record in self.records if isinstance(record, dict)]


def look(path: Path) -> Look:
    """Looks at a file. Raises ``InputError`` when it cannot be read at all."""
    foreign = _foreign(path)
    if foreign:
        return Look(path, "nothing", foreign=foreign)
    damage: list[str] = []
    with open_text(path, damage) as text:
        head = text.read(LETTERS_LOOKED_AT).lstrip("\ufeff")
    if not head.strip():
        return Look(path, "nothing", foreign=" ".join(damage) or "an empty file; export again")
    return replace(_looked(path, head), damage=" ".join(damage))


def first_objects(path: Path) -> list[dict[str, Any]]:
    """The objects among a JSON file's first records, for a look that was slimmed."""
    values = (record.value for record in islice(json_records(path), RECORDS_LOOKED_AT))
    return [value for value in values if isinstance(value, dict)]


def most(values: Sequence[Any], holds: Callable[[Any], object]) -> bool:
    """Whether it holds of more than half of the values: one damaged record must not hide what a file is."""
    return sum(bool(holds(value)) for value in values) * 2 > len(values)


def _looked(path: Path, head: str) -> Look:
    kind = _kind(head)
    # A first line that is damaged beyond recognition, or too long to be looked at, may hide the records below it.
    if kind == "json" or JSON_NAMES.intersection(path.suffixes):
        first = [record for record in islice(json_records(path), RECORDS_LOOKED_AT) if not record.problem]
        values, keys = tuple(record.value for record in first), frozenset(record.key for record in first)
        if JSON_LINE.match(head) or any(isinstance(value, dict | list) for value in values):
            return Look(path, "json", head, values, keys, foreign="" if values else BROKEN)
        kind = _kind(head, json=False)
    if kind == "table":
        rows = tuple(record.value for record in islice(table_records(path), RECORDS_LOOKED_AT) if not record.problem)
        return Look(path, kind, head, rows, columns=tuple(read_header(path)))
    return Look(path, kind, head)


def _kind(head: str, *, json: bool = True) -> Kind:
    lines = [line for line in head.lstrip().splitlines() if line.strip()][:3]
    if head.startswith("From ") or (not HEADER.match(lines[0]) and LATER_MAIL.search(head)):
        return "mbox"
    if json and any(JSON_LINE.match(line) for line in (lines[:1] if COLUMNS.fullmatch(lines[0]) else lines)):
        return "json"
    if lines[0].startswith("<"):
        return "xml"
    names = {name.lower() for name in HEADER.findall(head.split("\n\n", 1)[0])}
    if lines[0][:1] != " " and (names & SURE_HEADERS or {"from", "date", "subject"} <= names):
        return "mail"
    if max(lines[0].count(mark) for mark in ",;\t|") and not SPEAKER.match(lines[0]):
        return "table"
    return "text"


def _foreign(path: Path) -> str:
    with path.open("rb") as raw:
        head = raw.read(4096)
    if not head:
        return "an empty file; export again"
    for start, what in SIGNATURES:
        if head.startswith(start):
            return what
    is_packed = head.startswith((GZIP, ZSTD))
    zeros = head.count(0)
    is_utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff")) or zeros * 3 > len(head)
    # A field that was filled with zeros is one run of them, however long.
    if zeros and len(RUN.findall(head)) * 20 > len(RUN.sub(b"", head)) and not is_packed and not is_utf16:
        return "a binary file; use the help desk's JSON export"
    return ""
