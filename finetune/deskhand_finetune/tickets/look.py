"""Says what a file or folder looks like that is certainly no ticket export, so that the error names the next step."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from deskhand_finetune.tickets.records import GZIP, open_text

SIGNATURES = (
    (b"%PDF", "a PDF; use the help desk's JSON export, or index documents with: deskhand index"),
    (b"PK\x03\x04", "a ZIP or Office file; unpack it and name the export inside"),
    (b"SQLite format 3", "a SQLite database; use the help desk's JSON export"),
    (b"\x89PNG", "an image; use the help desk's JSON export"),
    (b"PAR1", "a Parquet file; use the help desk's JSON export"),
    (b"From ", "a mailbox (mbox), which cannot be read yet; use the help desk's JSON export"),
)
LEADING_BYTES = 4096


def describe(path: Path) -> str:
    """One line about what ``path`` is when it is no export; nothing when it may be one."""
    return _folder(path) if path.is_dir() else _file(path)


def _folder(path: Path) -> str:
    if (path / "train.jsonl").exists():
        return f"a dataset folder, prepared already; train on it with: deskhand train {path}"
    if (path / "run.json").exists() or (path / "config.json").exists() or (path / "adapter_config.json").exists():
        return "a run or model folder, not an export of tickets"
    return ""


def _file(path: Path) -> str:
    if path.stat().st_size == 0:
        return "an empty file; export again"
    with path.open("rb") as raw:
        head = raw.read(LEADING_BYTES)
    for start, what in SIGNATURES:
        if head.startswith(start):
            return what
    if not head.startswith(GZIP) and b"\0" in head:
        return "a binary file; use the help desk's JSON export"
    with open_text(path) as text:
        start_of = text.read(LEADING_BYTES).lstrip()
    if not start_of:
        return "an empty file; export again"
    if start_of[0] == "<":
        return "XML or HTML, which cannot be read yet; use the help desk's JSON export"
    if start_of[0] not in "{[":
        return _table(start_of)
    return _record(start_of)


def _table(start_of: str) -> str:
    first = start_of.splitlines()[0]
    columns = next(csv.reader([first], delimiter=max(",;\t|", key=first.count)), [])
    if len(columns) < 2:
        return "plain text, not an export of tickets; use the help desk's JSON export"
    names = {column.strip().lower() for column in columns}
    if names & {"description", "body", "comment", "comments", "message", "text"}:
        return "a CSV file, which cannot be read yet; use the help desk's JSON export"
    return "a CSV file without the messages (help desks leave them out of CSV); use the JSON export"


def _record(start_of: str) -> str:
    try:
        first: Any = json.loads(start_of.splitlines()[0])
    except ValueError:
        return ""
    if not isinstance(first, dict):
        return ""
    messages = first.get("messages")
    if isinstance(messages, list) and messages and isinstance(messages[0], dict) and "content" in messages[0]:
        return "a chat dataset (messages with 'content'), prepared already; train on its folder with: deskhand train"
    if "role" in first and "email" in first and "comments" not in first:
        return "a list of users, not of tickets; name the file with the tickets"
    return ""
