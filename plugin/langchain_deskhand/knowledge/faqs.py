"""Lists of questions and answers (CSV, JSON, JSON lines) as passages, one for each entry.

An entry has ``question`` and ``answer``, and may have ``access``; other columns and keys are ignored.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deskhand_guardrails.errors import InputError
from langchain_deskhand.knowledge.access import labels
from langchain_deskhand.knowledge.passage import FAQ, Passage

SUFFIXES = frozenset({".csv", ".json", ".jsonl"})

NEEDED = "a list of questions and answers needs 'question' and 'answer'"


def read_faqs(path: Path, root: Path, access: tuple[str, ...] = ()) -> Iterator[Passage | InputError]:
    """The entries of the file; an entry that cannot be used comes as the error that says why.

    Args:
        path: the file.
        root: what references are relative to.
        access: the labels of entries that name none themselves.

    Raises:
        InputError: the file holds no questions and answers at all.
    """
    reference = f"{FAQ}{path.relative_to(root).as_posix()}"
    for number, entry in enumerate(_entries(path), start=1):
        try:
            question, answer, allowed = _checked(entry, f"{path}, entry {number}")
        except InputError as error:
            yield error
        else:
            yield Passage(question, answer, f"{reference}#{number}", allowed or access)


def _checked(entry: object, where: str) -> tuple[str, str, tuple[str, ...]]:
    held = {str(key).strip().lower(): value for key, value in entry.items()} if isinstance(entry, Mapping) else {}
    question, answer = held.get("question"), held.get("answer")
    if not (isinstance(question, str) and question.strip() and isinstance(answer, str) and answer.strip()):
        raise InputError(f"{where}: {NEEDED}, neither empty")
    allowed = labels(held.get("access") or "", where)
    return " ".join(question.split()), answer.strip(), allowed


def _entries(path: Path) -> list[Any]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    suffix = path.suffix.lower()
    if suffix == ".csv":
        entries: list[Any] = _table(text, path)
    elif suffix == ".jsonl":
        entries = [_parsed(line) for line in text.splitlines() if line.strip()]
    else:
        found = _parsed(text)
        lists = [value for value in found.values() if isinstance(value, list)] if isinstance(found, dict) else [found]
        entries = lists[0] if len(lists) == 1 and isinstance(lists[0], list) else []
    if not any(
        isinstance(entry, dict) and "question" in {str(key).strip().lower() for key in entry} for entry in entries
    ):
        raise InputError(f"{path}: {NEEDED}")
    return entries


def _table(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text.partition("\n")[0], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    dialect.doublequote, dialect.skipinitialspace = True, True
    try:
        return list(csv.DictReader(io.StringIO(text, newline=""), dialect=dialect))
    except csv.Error as error:
        raise InputError(f"{path}: not CSV ({error})") from error


def _parsed(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
