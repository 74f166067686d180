"""Knowledge in a SQLite file: words by FTS5's BM25, meaning by a matrix in memory."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from deskhand_guardrails.errors import InputError
from langchain_deskhand.knowledge.matrix import Matrix, Vectors
from langchain_deskhand.knowledge.shelf import CANDIDATES, VERSION, Packed, Shelf

APPLICATION = 0x44484B4E
"""``DHKN`` in the database's header tells our files from others, and the version tells them from later ones."""

ROWS = 5_000
"""Rows that the words of a question may touch. BM25 takes 3 µs for each; the rarest words, which decide, come first."""

MOST_COUNTED = 50_000
"""Words whose passages are counted once: for "the" of 100,000 passages that takes 4 ms."""

_WORD = re.compile(r"\w{2,}")


class SqliteShelf(Shelf):
    """A file."""

    def __init__(self, path: Path) -> None:
        engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30}, hide_parameters=True)
        super().__init__(engine, str(path), Packed, sa.JSON)
        self._path = path
        self._counted: tuple[Matrix, dict[str, int]] | None = None

    def exists(self) -> bool:
        """Whether something is there."""
        return self._path.exists()

    def create(self) -> None:
        """Makes the file and its tables."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
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

    def near(self, vector: Vectors, access: frozenset[str]) -> list[int]:
        """As ``Shelf.near``."""
        return self.matrix.nearest(vector, access, CANDIDATES)

    def holding(self, text: str, access: frozenset[str]) -> list[int]:
        """As ``Shelf.holding``, by BM25."""
        asked = list(dict.fromkeys(_WORD.findall(_folded(text))))
        matrix = self.matrix
        if self._counted is None or self._counted[0] is not matrix or len(self._counted[1]) > MOST_COUNTED:
            self._counted = (matrix, {})
        counts = self._counted[1]
        seen = matrix.seen(access)
        audiences = None if len(seen) == len(matrix.labels) else [sorted(one) for one in seen]
        with self.reading() as connection:
            for word in asked:
                if word not in counts:
                    row = connection.exec_driver_sql("SELECT doc FROM knowledge_terms WHERE term = ?", (word,))
                    counts[word] = row.scalar() or 0
            return self._by_words(connection, {word: counts[word] for word in asked if counts[word]}, audiences)

    def _by_words(
        self, connection: sa.Connection, counted: dict[str, int], audiences: list[list[str]] | None
    ) -> list[int]:
        rows, words = 0, list[str]()
        for word, held in sorted(counted.items(), key=lambda one: one[1]):
            rows += held
            if words and rows > ROWS:
                break
            words.append(word)
        if not words:
            return []
        # Quoted, so that a customer's "AND" or "*" is a word and not an operator.
        query = " OR ".join(f'"{word}"' for word in words)
        best = "ORDER BY bm25(knowledge_words) LIMIT :most"
        if audiences is None:
            found = sa.text(f"SELECT rowid FROM knowledge_words WHERE knowledge_words MATCH :query {best}")  # noqa: S608
        else:
            found = sa.text(
                "SELECT w.rowid FROM knowledge_words w JOIN knowledge_passages p ON p.id = w.rowid "  # noqa: S608
                f"WHERE knowledge_words MATCH :query AND p.access IN :audiences {best}"
            ).bindparams(sa.bindparam("audiences", audiences, type_=sa.JSON, expanding=True))
        return list(connection.scalars(found, {"query": query, "most": CANDIDATES}))

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


def _folded(text: str) -> str:
    """In small letters without accents, as FTS5's unicode61 keeps words."""
    apart = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
