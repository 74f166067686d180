"""``Shelf``: documents, their passages and vectors in a SQL database.

``sqlite`` and ``postgres`` say how each database finds passages; what the asker may not see is left out in the query.
"""

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import exc

from deskhand_guardrails.errors import InputError, UnavailableError
from langchain_deskhand.knowledge.documents import Document
from langchain_deskhand.knowledge.matrix import Matrix, Vectors
from langchain_deskhand.knowledge.passage import Passage

VERSION = 2
"""Of the tables."""

CANDIDATES = 64
"""Passages that meaning and words each put forward."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage with its vector."""

    passage: Passage
    vector: Vectors


class Packed(sa.TypeDecorator[Vectors]):
    """A vector in half precision: the cosine changes by less than 0.001, the database is half as big."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Vectors | None, dialect: sa.Dialect) -> bytes | None:  # noqa: ARG002
        """As bytes."""
        return None if value is None else value.astype("<f2").tobytes()

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> Vectors | None:  # noqa: ARG002
        """As an array."""
        return None if value is None else np.frombuffer(value, dtype="<f2").astype(np.float32)


class Shelf(ABC):
    """A database that holds knowledge. Safe across threads; writers take turns."""

    def __init__(self, engine: sa.Engine, name: str, vector: Any, access: Any) -> None:  # noqa: ANN401 - column types
        self.engine = engine
        self.name = name
        self._loading = threading.Lock()
        self._held: tuple[bytes | None, Matrix] | None = None
        metadata = sa.MetaData()
        self.facts = sa.Table(
            "knowledge_facts",
            metadata,
            sa.Column("name", sa.Text, primary_key=True),
            sa.Column("value", sa.LargeBinary, nullable=False),
        )
        self.documents = sa.Table(
            "knowledge_documents",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("origin", sa.Text, nullable=False),
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("digest", sa.Text, nullable=False),
            sa.UniqueConstraint("origin", "name"),
            sqlite_autoincrement=True,
        )
        self.passages = sa.Table(
            "knowledge_passages",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("document", sa.ForeignKey(self.documents.c.id), nullable=False, index=True),
            sa.Column("digest", sa.Text, nullable=False, index=True),
            sa.Column("title", sa.Text, nullable=False),
            sa.Column("text", sa.Text, nullable=False),
            sa.Column("reference", sa.Text, nullable=False, index=True),
            sa.Column("compared", sa.Text, nullable=False),
            sa.Column("access", access, nullable=False),
            sa.Column("vector", vector, nullable=False),
            # An id is never given twice: what is held in memory must not point at another passage.
            sqlite_autoincrement=True,
        )
        self.metadata = metadata

    @abstractmethod
    def near(self, vector: Vectors, access: frozenset[str]) -> list[int]:
        """The ids of the ``CANDIDATES`` passages nearest to ``vector`` that holders of ``access`` may see."""

    @abstractmethod
    def holding(self, text: str, access: frozenset[str]) -> list[int]:
        """The same for those that hold the words of ``text``."""

    @property
    def matrix(self) -> Matrix:
        """All vectors as they are now: what another process removed must not be found here any more."""
        revision = self.fact("revision")
        held = self._held
        if held is None or held[0] != revision:
            with self._loading:
                held = self._held
                if held is None or held[0] != revision:
                    held = self._held = (revision, self._load())
        return held[1]

    def _load(self) -> Matrix:
        table = self.passages.c
        # Bytes are taken as they are: 100,000 conversions one by one take seconds.
        packed = isinstance(table.vector.type, Packed)
        vector = sa.type_coerce(table.vector, sa.LargeBinary) if packed else table.vector
        with self.reading() as connection:
            rows = connection.execute(sa.select(table.id, table.access, vector).order_by(table.id)).all()
        vectors = [row[2] if packed else np.asarray(row[2], dtype="<f2").tobytes() for row in rows]
        full = np.frombuffer(b"".join(vectors), dtype="<f2").reshape(len(rows), -1 if rows else 0)
        return Matrix.of([row[0] for row in rows], [tuple(row[1]) for row in rows], full)

    def close(self) -> None:
        """Closes the connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection; faults are told in one line."""
        with self.failures_named(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction: what happens in the block is written as a whole or not at all."""
        with self.failures_named(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def failures_named(self) -> Iterator[None]:
        """Turns the driver's faults into one line; its own text can carry passages, so it is not passed on."""
        try:
            yield
        except (exc.DatabaseError, exc.InterfaceError) as error:
            kind = getattr(error.orig, "sqlite_errorname", "") or type(error.orig).__name__
            if kind == "SQLITE_NOTADB":
                raise InputError(
                    f"knowledge {self.name}: not a knowledge file; build one with: deskhand index PATH..."
                ) from None
            raise UnavailableError(
                f"knowledge {self.name}: the database does not answer or may not be written ({kind}); "
                "check that it is there, and its rights"
            ) from None

    def fact(self, name: str) -> bytes | None:
        """A value that was kept under ``name``."""
        with self.reading() as connection:
            return connection.scalar(sa.select(self.facts.c.value).where(self.facts.c.name == name))

    def keep(self, connection: sa.Connection, name: str, value: bytes) -> None:
        """Keeps a value."""
        connection.execute(sa.delete(self.facts).where(self.facts.c.name == name))
        connection.execute(sa.insert(self.facts).values(name=name, value=value))

    def held(self) -> dict[Document, str]:
        """The documents, and the digest that each was read under."""
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(self.documents.c.origin, self.documents.c.name, self.documents.c.digest)
            )
            return {Document(row[0], row[1]): row[2] for row in rows}

    def count(self) -> int:
        """How many passages there are."""
        with self.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(self.passages)) or 0

    def size(self) -> int:
        """How many passages there were at the last ``bump``, without counting them."""
        return int(self.fact("size") or b"0")

    def vectors(self, digests: Sequence[str]) -> dict[str, Vectors]:
        """Those of the passages that are there already, by digest."""
        found: dict[str, Vectors] = {}
        table = self.passages.c
        with self.reading() as connection:
            for at in range(0, len(digests), 500):  # SQLite takes 999 parameters at most in old versions
                chosen = sa.select(table.digest, table.vector).where(table.digest.in_(digests[at : at + 500]))
                found |= {row[0]: np.asarray(row[1], dtype=np.float32) for row in connection.execute(chosen)}
        return found

    def cited(self, reference: str) -> bool:
        """Whether a passage has this reference, or is a section of the article with it."""
        with self.reading() as connection:
            return connection.scalar(sa.select(self.passages.c.id).where(self._cites(reference)).limit(1)) is not None

    def _cites(self, reference: str) -> sa.ColumnElement[bool]:
        column = self.passages.c.reference
        return (column == reference) | column.startswith(f"{reference}#", autoescape=True)

    def replace(self, read: Mapping[Document, tuple[str, Sequence[Candidate]]]) -> None:
        """Puts documents with their digests and passages in place of what was held of them."""
        with self.writing() as connection:
            for document, (digest, held) in read.items():
                self._drop(connection, [document])
                values = {"origin": document.origin, "name": document.name, "digest": digest}
                key = connection.execute(sa.insert(self.documents).values(values)).inserted_primary_key
                if held and key is not None:
                    self._insert(connection, key[0], held)

    def drop(self, documents: Iterable[Document]) -> None:
        """Removes documents with their passages."""
        with self.writing() as connection:
            self._drop(connection, documents)

    def drop_passages(self, references: Iterable[str]) -> int:
        """Removes the passages with these references, sections of an article included; returns how many."""
        removed = 0
        with self.writing() as connection:
            for reference in references:
                ids = list(connection.scalars(sa.select(self.passages.c.id).where(self._cites(reference))))
                removed += len(ids)
                self._delete(connection, ids)
        return removed

    def bump(self) -> None:
        """Tells processes that hold this knowledge open to look again."""
        with self.writing() as connection:
            at = connection.scalar(sa.select(self.facts.c.value).where(self.facts.c.name == "revision")) or b""
            many = connection.scalar(sa.select(sa.func.count()).select_from(self.passages)) or 0
            self.keep(connection, "size", str(many).encode())
            self.keep(connection, "revision", hashlib.sha256(at + b"+").digest())

    def _insert(self, connection: sa.Connection, document: int, held: Sequence[Candidate]) -> None:
        rows = [
            {
                "document": document,
                "digest": one.passage.digest,
                "title": one.passage.title,
                "text": one.passage.text,
                "reference": one.passage.reference,
                "compared": one.passage.compared,
                "access": list(one.passage.access),
                "vector": one.vector,
            }
            for one in held
        ]
        connection.execute(sa.insert(self.passages), rows)

    def _drop(self, connection: sa.Connection, documents: Iterable[Document]) -> None:
        for document in documents:
            same = (self.documents.c.origin == document.origin) & (self.documents.c.name == document.name)
            key = connection.scalar(sa.select(self.documents.c.id).where(same))
            if key is not None:
                mine = sa.select(self.passages.c.id).where(self.passages.c.document == key)
                self._delete(connection, list(connection.scalars(mine)))
                connection.execute(sa.delete(self.documents).where(self.documents.c.id == key))

    def _delete(self, connection: sa.Connection, ids: Sequence[int]) -> None:
        for at in range(0, len(ids), 500):
            connection.execute(sa.delete(self.passages).where(self.passages.c.id.in_(ids[at : at + 500])))

    def passages_of(self, ids: Sequence[int]) -> dict[int, Candidate]:
        """The passages with these ids, those that are still there."""
        table = self.passages.c
        columns = (table.id, table.title, table.text, table.reference, table.access, table.vector)
        found: dict[int, Candidate] = {}
        with self.reading() as connection:
            for at in range(0, len(ids), 500):
                for row in connection.execute(sa.select(*columns).where(table.id.in_(ids[at : at + 500]))):
                    vector = np.asarray(row[5], dtype=np.float32)
                    found[row[0]] = Candidate(Passage(row[1], row[2], row[3], tuple(row[4])), vector)
        return found
