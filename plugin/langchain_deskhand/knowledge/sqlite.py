"""Knowledge in a SQLite file: words by FTS5's BM25, meaning by a matrix in memory.

100,000 passages: a question is compared with 128 directions of all vectors (the widest ones, by principal components),
the nearest thousand then with all directions, in 77 + 51 MB. Up to ``EXACT`` passages it is compared with everything.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from deskhand_guardrails.errors import InputError
from langchain_deskhand.knowledge.shelf import CANDIDATES, VERSION, Candidate, Packed, Shelf, Vectors

APPLICATION = 0x44484B4E
"""``DHKN`` in the database's header tells our files from others, and the version tells them from later ones."""

EXACT = 20_000
DIRECTIONS = 128
NEAREST = 1_000
SAMPLE = 10_000
"""Vectors that the principal components are computed from: 0.1 s instead of 1 s, and the same to two digits."""

ROWS = 20_000
"""Rows that the words of a question may touch. BM25 takes 3 µs for each; the rarest words, which decide, come first."""

_WORD = re.compile(r"\w{2,}")


@dataclass(frozen=True, slots=True)
class _Matrix:
    """The vectors of one revision, replaced as a whole."""

    revision: bytes | None
    ids: npt.NDArray[np.int64]
    audiences: npt.NDArray[np.int32]
    """For each passage the place of its labels in ``labels``."""
    labels: tuple[frozenset[str], ...]
    full: npt.NDArray[np.float16]
    coarse: Vectors
    basis: Vectors | None
    """The directions of ``coarse``; None when it holds all."""

    def seen(self, access: frozenset[str]) -> list[int]:
        """The places in ``labels`` of what holders of ``access`` may see."""
        return [place for place, wanted in enumerate(self.labels) if not wanted or wanted & access]

    def nearest(self, vector: Vectors, seen: list[int]) -> list[int]:
        """The ids of the passages nearest to ``vector``."""
        asked = vector if self.basis is None else vector @ self.basis
        near = self.coarse @ asked
        if len(seen) < len(self.labels):
            near[~np.isin(self.audiences, seen)] = -np.inf
        some = np.argpartition(-near, NEAREST)[:NEAREST] if len(near) > NEAREST else np.arange(len(near))
        some = np.sort(some[near[some] > -np.inf])
        exact = self.full[some].astype(np.float32) @ vector
        best = some[np.argsort(-exact, kind="stable")[:CANDIDATES]]
        return [int(one) for one in self.ids[best]]


class SqliteShelf(Shelf):
    """A file."""

    def __init__(self, path: Path) -> None:
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30}, hide_parameters=True)
        super().__init__(engine, str(path), Packed, sa.JSON)
        self._loading = threading.Lock()
        self._matrix: _Matrix | None = None

    def create(self) -> None:
        """Makes the tables."""
        with self.writing() as connection:
            self.metadata.create_all(connection)
            for statement in (
                f"PRAGMA application_id = {APPLICATION}",
                f"PRAGMA user_version = {VERSION}",
                "CREATE VIRTUAL TABLE knowledge_words USING fts5(compared, tokenize='unicode61')",
                "CREATE VIRTUAL TABLE knowledge_terms USING fts5vocab(knowledge_words, 'row')",
            ):
                connection.exec_driver_sql(statement)

    def check(self) -> None:
        """Raises ``InputError`` when the file is not one of ours, or of another version."""
        with self.reading() as connection:
            application = connection.exec_driver_sql("PRAGMA application_id").scalar()
            version = connection.exec_driver_sql("PRAGMA user_version").scalar()
        if application != APPLICATION:
            raise InputError(f"knowledge {self.name}: not a knowledge file; build one with: deskhand index PATH...")
        if version != VERSION:
            raise InputError(
                f"knowledge {self.name}: version {version}, this Deskhand reads {VERSION}; delete it and build it again"
            )

    def candidates(self, text: str, vector: Vectors, access: frozenset[str]) -> list[Candidate]:
        """As ``Shelf.candidates``."""
        matrix = self._current()
        if matrix is None:
            return []
        seen = matrix.seen(access)
        audiences = [sorted(matrix.labels[place]) for place in seen]
        with self.reading() as connection:
            chosen = {*matrix.nearest(vector, seen), *self._holding(connection, text, audiences)}
            return self._taken(connection, sorted(chosen))

    def _current(self) -> _Matrix | None:
        """The newest vectors: what another process removed must not be found here any more."""
        revision = self.fact("revision")
        matrix = self._matrix
        if matrix is None or matrix.revision != revision:
            with self._loading:
                if self._matrix is None or self._matrix.revision != revision:
                    self._matrix = self._load(revision)
                matrix = self._matrix
        return matrix if len(matrix.ids) else None

    def _load(self, revision: bytes | None) -> _Matrix:
        table = self.passages.c
        with self.reading() as connection:
            # The bytes as they are: 100,000 conversions one by one take seconds.
            raw = sa.type_coerce(table.vector, sa.LargeBinary)
            rows = connection.execute(sa.select(table.id, table.access, raw).order_by(table.id)).all()
        places: dict[tuple[str, ...], int] = {}
        audiences = [places.setdefault(tuple(row[1]), len(places)) for row in rows]
        full = np.frombuffer(b"".join(row[2] for row in rows), dtype="<f2").reshape(len(rows), -1 if rows else 0)
        coarse, basis = full.astype(np.float32), None
        if len(rows) > EXACT:
            basis = _directions(coarse)
            coarse = coarse @ basis
        return _Matrix(
            revision,
            np.asarray([row[0] for row in rows], dtype=np.int64),
            np.asarray(audiences, dtype=np.int32),
            tuple(frozenset(one) for one in places),
            full,
            coarse,
            basis,
        )

    def _holding(self, connection: sa.Connection, text: str, audiences: list[list[str]]) -> list[int]:
        """The ids of the passages that hold the question's rarest words, best by BM25 first."""
        asked = list(dict.fromkeys(_WORD.findall(_folded(text))))
        counted = {
            word: connection.exec_driver_sql("SELECT doc FROM knowledge_terms WHERE term = ?", (word,)).scalar()
            for word in asked
        }
        rows, words = 0, list[str]()
        for word, held in sorted(((word, held) for word, held in counted.items() if held), key=lambda one: one[1]):
            rows += held
            if words and rows > ROWS:
                break
            words.append(word)
        if not words:
            return []
        # Quoted, so that a customer's "AND" or "*" is a word and not an operator.
        query = " OR ".join(f'"{word}"' for word in words)
        mine = sa.text(
            "SELECT p.id FROM knowledge_words w JOIN knowledge_passages p ON p.id = w.rowid "
            "WHERE knowledge_words MATCH :query AND p.access IN :audiences ORDER BY bm25(knowledge_words) LIMIT :most"
        ).bindparams(
            sa.bindparam("query", query),
            sa.bindparam("audiences", audiences, type_=sa.JSON, expanding=True),
            sa.bindparam("most", CANDIDATES),
        )
        return list(connection.scalars(mine))

    def _insert(self, connection: sa.Connection, document: int, held: Any) -> None:  # noqa: ANN401 - as Shelf's
        super()._insert(connection, document, held)
        words = sa.text(
            "INSERT INTO knowledge_words(rowid, compared) "
            "SELECT id, compared FROM knowledge_passages WHERE document = :document"
        )
        connection.execute(words, {"document": document})

    def _delete(self, connection: sa.Connection, ids: Any) -> None:  # noqa: ANN401 - as Shelf's
        super()._delete(connection, ids)
        if ids:
            words = sa.text("DELETE FROM knowledge_words WHERE rowid = :id")
            connection.execute(words, [{"id": one} for one in ids])


def _directions(vectors: Vectors) -> Vectors:
    """The ``DIRECTIONS`` orthonormal directions (dimensions, directions) in which the vectors' products differ most."""
    some = vectors[:: max(1, len(vectors) // SAMPLE)]
    _, directions = np.linalg.eigh(some.T @ some)
    return np.ascontiguousarray(directions[:, -DIRECTIONS:], dtype=np.float32)


def _folded(text: str) -> str:
    """In small letters without accents, as FTS5's unicode61 keeps words."""
    apart = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
