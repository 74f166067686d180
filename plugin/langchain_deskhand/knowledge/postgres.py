"""Knowledge in PostgreSQL, for many servers that share it: full-text search and pgvector, both in the query.

Where the server has no pgvector, or the user may not switch it on, vectors are kept as bytes and compared in this
process, as SQLite's are.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from deskhand_guardrails.errors import ConfigError, InputError, UnavailableError
from langchain_deskhand.knowledge.matrix import Vectors
from langchain_deskhand.knowledge.shelf import CANDIDATES, VERSION, Packed, Shelf

SCHEMES = ("postgresql://", "postgres://", "postgresql+psycopg://")

WIDTH = 200
"""``hnsw.ef_search``: the graph's candidates, three times as many as are taken."""

_WORD = re.compile(r"\w{2,}")


class PostgresShelf(Shelf):
    """Tables ``knowledge_…`` in the database's default schema."""

    def __init__(self, url: str, dimensions: int) -> None:
        try:
            parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
            engine = sa.create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
        except sa.exc.ArgumentError:
            raise ConfigError("knowledge: not a database URL; write postgresql://user@host/name") from None
        except ModuleNotFoundError:
            raise ConfigError("knowledge: PostgreSQL needs its driver; pip install 'deskhand[postgres]'") from None
        self.in_database = _has_pgvector(engine, label := _label(parsed))
        vector: object = Packed
        if self.in_database:
            from pgvector.sqlalchemy import VECTOR

            vector = VECTOR(dimensions)
        super().__init__(engine, label, vector, postgresql.ARRAY(sa.Text))

    def exists(self) -> bool:
        """Whether the tables are there."""
        with self.reading() as connection:
            return sa.inspect(connection).has_table(self.facts.name)

    def create(self) -> None:
        """Makes the tables and their indexes."""
        with self.writing() as connection:
            self.metadata.create_all(connection)
            statements = [
                "ALTER TABLE knowledge_passages ADD COLUMN words tsvector "
                "GENERATED ALWAYS AS (to_tsvector('english', compared)) STORED",
                "CREATE INDEX ON knowledge_passages USING gin (words)",
            ]
            if self.in_database:
                statements.append("CREATE INDEX ON knowledge_passages USING hnsw (vector vector_ip_ops)")
            for statement in statements:
                connection.exec_driver_sql(statement)
            self.keep(connection, "version", str(VERSION).encode())
            self.keep(connection, "vectors", self._kind)

    def check(self) -> None:
        """Raises ``InputError`` when the tables are another version's, or pgvector came or went since."""
        version = (self.fact("version") or b"?").decode()
        if version != str(VERSION):
            raise InputError(
                f"knowledge {self.name}: version {version}, this Deskhand reads {VERSION}; "
                "drop its knowledge_ tables and build it again"
            )
        if self.fact("vectors") != self._kind:
            raise InputError(
                f"knowledge {self.name}: pgvector was installed or removed since it was built; "
                "drop its knowledge_ tables and build it again"
            )

    @property
    def _kind(self) -> bytes:
        return b"pgvector" if self.in_database else b"bytes"

    def near(self, vector: Vectors, access: frozenset[str]) -> list[int]:
        """As ``Shelf.near``."""
        if not self.in_database:
            return self.matrix.nearest(vector, access, CANDIDATES)
        table = self.passages.c
        with self.reading() as connection:
            # Rows that may not be seen are skipped inside the search; it goes on until enough are found.
            connection.exec_driver_sql(f"SET LOCAL hnsw.ef_search = {WIDTH}")
            connection.exec_driver_sql("SET LOCAL hnsw.iterative_scan = strict_order")
            order = table.vector.max_inner_product(vector)
            chosen = sa.select(table.id).where(self._seen(access)).order_by(order).limit(CANDIDATES)
            return list(connection.scalars(chosen))

    def holding(self, text: str, access: frozenset[str]) -> list[int]:
        """As ``Shelf.holding``, by PostgreSQL's rank of full-text search."""
        asked = " | ".join(f"'{word}'" for word in dict.fromkeys(_WORD.findall(text.lower())))
        if not asked:
            return []
        table = self.passages.c
        words: sa.ColumnElement[str] = sa.literal_column("words")
        query = sa.func.to_tsquery("english", asked)
        held = sa.select(table.id).where(self._seen(access), words.op("@@")(query))
        held = held.order_by(sa.func.ts_rank_cd(words, query, 1).desc(), table.id).limit(CANDIDATES)
        with self.reading() as connection:
            return list(connection.scalars(held))

    def _seen(self, access: frozenset[str]) -> sa.ColumnElement[bool]:
        column = self.passages.c.access
        labels = sa.literal(sorted(access), postgresql.ARRAY(sa.Text))
        return (sa.func.cardinality(column) == 0) | column.op("&&", is_comparison=True)(labels)


def _has_pgvector(engine: sa.Engine, label: str) -> bool:
    """Whether vectors can be compared in the database: pgvector 0.8 or later, which goes on past rows it skips."""
    try:
        with engine.connect() as connection:
            known = "SELECT default_version, installed_version FROM pg_available_extensions WHERE name = 'vector'"
            row = connection.exec_driver_sql(known).one_or_none()
            if row is not None and row[1] is None:
                connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
                connection.commit()
    except sa.exc.ProgrammingError:
        return False  # the extension is there, and this user may not switch it on
    except sa.exc.DatabaseError as error:
        raise UnavailableError(
            f"knowledge {label}: the server does not answer ({type(error.orig).__name__}); check the URL"
        ) from None
    version = (row[1] or row[0]) if row else "0"
    return tuple(int(part) for part in version.split(".")[:2]) >= (0, 8)


def _label(url: sa.URL) -> str:
    """The database's name for messages: no password, no query (drivers take passwords there too)."""
    return url._replace(password=None).set(query={}, drivername="postgresql").render_as_string()
