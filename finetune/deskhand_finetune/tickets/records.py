"""Raw JSON records out of an export file: one per line, or one document; gzip or plain; with or without a BOM."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, cast

from deskhand_guardrails.errors import InputError

GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON value and where it stands; ``problem`` is set when the line is not JSON."""

    number: int
    value: Any = None
    problem: str = ""
    beside: Mapping[str, Any] = field(default_factory=dict)
    """What stands beside the records in their API page (``users``, for one); given with the page's first record."""


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """The file as UTF-8 text, unpacked if it is gzip; a bad byte becomes U+FFFD, for one letter must not cost a file.

    Raises:
        InputError: missing, unreadable, or a broken gzip file.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP
            raw.seek(0)
            binary = cast("io.BufferedReader", gzip.GzipFile(fileobj=raw)) if packed else raw
            yield io.TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline=None)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(f"{path}: the gzip file is broken or cut off; export or copy it again") from None
    except PermissionError:
        raise InputError(f"{path}: may not be read; check its permissions") from None


def read_lines(path: Path) -> Iterator[Record]:
    """One record per line that is not empty, in constant memory."""
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    yield Record(number, json.loads(line))
                except (ValueError, RecursionError):
                    yield Record(number, problem="not JSON")


def read_document(path: Path) -> object:
    """The file as one JSON value, held in memory: an API answer, or a list of tickets.

    Raises:
        InputError: it is not JSON; the message says in which line.
    """
    with open_text(path) as text:
        try:
            return json.load(text)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}: line {error.lineno} is not JSON; export it again or cut the line") from None
        except RecursionError:
            raise InputError(f"{path}: the JSON is nested too deeply to be an export") from None


def read_records(path: Path) -> Iterator[Record]:
    """The records of one file: line by line when its first line is a JSON value of its own, else one document."""
    if _is_line_wise(path):
        for record in read_lines(path):
            yield from _unwrapped(record)
    else:
        yield from _unwrapped(Record(1, read_document(path)))


def _is_line_wise(path: Path, looked_at: int = 3) -> bool:
    """Whether one of the first lines is a whole object or list: a broken first line must not hide the form."""
    with open_text(path) as lines:
        for line in islice((line for line in lines if line.strip()), looked_at):
            try:
                if isinstance(json.loads(line), dict | list):
                    return True
            except (ValueError, RecursionError):
                continue
    return False


def _unwrapped(record: Record) -> Iterator[Record]:
    """An API page, ``{"tickets": [...]}``, or a list gives its members, numbered from 1; anything else gives itself."""
    page = record.value if isinstance(record.value, dict) else {}
    members = page.get("tickets", record.value)
    if isinstance(members, list) and any(isinstance(member, dict) for member in members):
        for number, member in enumerate(members, start=1):
            yield Record(number, member, beside=page if number == 1 else {})
    else:
        yield record
