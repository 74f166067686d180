"""Writing folders so that a kill, a full disk or Ctrl-C leaves the older state and never half of a new one."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deskhand_guardrails.errors import InputError, UnavailableError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turns a full or read-only disk into one line.

    Raises:
        UnavailableError: nothing can be written at ``place``.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise UnavailableError(f"{place}: the disk is full; make room and run the same command again") from None
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            raise UnavailableError(f"{place}: may not be written; choose another --out") from None
        raise


def partial_of(out: Path) -> Path:
    """Where a folder is built before it takes its name."""
    return out.with_name(out.name + ".partial")


def refuse_foreign(out: Path, mark: str, kind: str) -> None:
    """Raises ``InputError`` when ``out`` exists and is no folder of our ``kind`` (which holds the file ``mark``)."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: a file; --out names a folder to write")
    if not (out / mark).exists() and any(out.iterdir()):
        raise InputError(
            f"{out}: exists and is no {kind} (it has no {mark}); choose another --out, nothing was changed"
        )


def put_in_place(partial: Path, out: Path) -> None:
    """Renames ``partial`` to ``out``; an older ``out`` steps aside and goes only after the new one stands."""
    aside = out.with_name(out.name + ".old")
    if aside.exists():
        shutil.rmtree(aside)
    if out.exists():
        out.rename(aside)
    partial.rename(out)
    if aside.exists():
        shutil.rmtree(aside)


def write_json(value: Any, path: Path) -> None:  # noqa: ANN401 - any JSON value
    """Writes indented JSON under a temporary name, then renames it."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def write_jsonl(records: Iterable[Any], path: Path) -> int:
    """Writes one record per line and says how many."""
    count = 0
    with path.open("wb") as out:
        for record in records:
            out.write(line_of(record))
            count += 1
    return count


def line_of(record: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """A record as a line of a JSONL file."""
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def read_jsonl(path: Path) -> Iterator[Any]:
    """The records of a file that we wrote."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def fingerprint(*parts: object, files: Iterable[Path] = ()) -> str:
    """sha256 (16 hex digits) over values (as JSON) and the content of files."""
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode())
    for file in files:
        with file.open("rb") as raw:
            digest.update(hashlib.file_digest(raw, "sha256").digest())
    return digest.hexdigest()[:16]
