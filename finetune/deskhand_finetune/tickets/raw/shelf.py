"""Joins records that belong together but stand far apart, on disk: a temporary SQLite file, never memory."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

BATCH = 5000


class Shelf:
    """JSON values under (kind, key); keys come back in the order of their first value."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: list[tuple[str, str, str]] = []
        connection.execute("CREATE TABLE held (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL)")
        connection.execute("CREATE INDEX held_by_key ON held (kind, key)")

    def put(self, kind: str, key: str, value: object) -> None:
        """Keeps a JSON value."""
        self._waiting.append((kind, storable(key), json.dumps(value)))
        if len(self._waiting) >= BATCH:
            self._flush()

    def keys(self, kind: str) -> Iterator[str]:
        """Each key of a kind once."""
        self._flush()
        rows = self._connection.execute("SELECT key FROM held WHERE kind = ? GROUP BY key ORDER BY MIN(rowid)", (kind,))
        for (key,) in rows:
            yield key

    def get(self, kind: str, key: str) -> list[Any]:
        """The values under a key, in the order in which they came."""
        self._flush()
        rows = self._connection.execute(
            "SELECT value FROM held WHERE kind = ? AND key = ? ORDER BY rowid", (kind, storable(key))
        )
        return [json.loads(value) for (value,) in rows]

    def first(self, kind: str, key: str) -> Any:  # noqa: ANN401 - any JSON value
        """The first value under a key, or None."""
        return next(iter(self.get(kind, key)), None)

    def _flush(self) -> None:
        if self._waiting:
            self._connection.executemany("INSERT INTO held VALUES (?, ?, ?)", self._waiting)
            self._waiting.clear()


def storable(key: str) -> str:
    """``key`` as UTF-8 can hold it: JSON may escape a lone surrogate, and a mail's header may be in no encoding."""
    return key.encode("utf-8", errors="replace").decode()


@contextmanager
def open_database() -> Iterator[sqlite3.Connection]:
    """A temporary database of one's own that is gone afterwards; nothing in it survives a crash."""
    with (
        tempfile.TemporaryDirectory(prefix="deskhand-join-") as folder,
        closing(sqlite3.connect(Path(folder) / "join.db", isolation_level=None)) as connection,
    ):
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;")
        connection.execute("BEGIN")
        yield connection


@contextmanager
def open_shelf() -> Iterator[Shelf]:
    """An empty shelf that is gone afterwards."""
    with open_database() as connection:
        yield Shelf(connection)
