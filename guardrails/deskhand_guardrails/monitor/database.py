"""Opening a database: the engine, its tables at their newest version, and failures as one line for the user.

SQLite runs in WAL mode, so that readers never wait for the writer, and writers queue for up to ``BUSY_SECONDS``.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, CursorResult, Engine, Result, create_engine, event, exc, make_url

from deskhand_guardrails.errors import ConfigError, UnavailableError

BUSY_SECONDS = 15
"""A writer holds the lock for milliseconds; whoever waits this long is up against a hung process, not a queue."""

MIGRATION_LOCK = 0x6465736B
"""Key of PostgreSQL's advisory lock ("desk"): of several processes that open at once, one migrates, the others wait."""

_migrating = threading.Lock()  # Alembic's environment is global to the process

_CAUSES = {
    "file is not a database": "this file is not a database; name another file, or move it away",
    "malformed": "the database file is damaged; restore it from a backup, or move it away to start anew",
    "readonly database": "the database cannot be written; check the permissions of the file and its folder",
    "unable to open database file": "the file cannot be opened; check that its folder exists and can be written",
    "disk is full": "the disk is full; free some space and try again",
    "No space left": "the database server's disk is full; free some space and try again",
    "disk I/O error": "the disk refuses to read or write; check that it is not full",
    "is locked": f"another process has held the database for {BUSY_SECONDS} seconds; stop it and try again",
    "password authentication failed": "the server refuses this user and password; check the URL",
    "no password supplied": "the server asks for a password; put it into the URL",
    "Connection refused": "no server answers there; check that it runs, and host and port in the URL",
    "permission denied": "this user may not use these tables; grant it CREATE on the schema",
    "does not exist": "the server does not know this database or user; create it, or correct the URL",
}


def parse_url(url: str) -> URL:
    """The URL with our drivers filled in.

    Raises:
        ConfigError: when it is no database URL or names another kind of database; the URL itself is not shown.
    """
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise ConfigError("store_url: not a database URL; write sqlite:///path/store.db or postgresql://…") from None
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return parsed.set(drivername="sqlite+pysqlite")
    raise ConfigError(f"store_url: {parsed.drivername} is not supported; use sqlite:///… or postgresql://…")


def label(url: URL) -> str:
    """The database's name for messages: no password, no query (drivers take passwords there too)."""
    if url.get_backend_name() == "sqlite":
        return (url.database or ":memory:").removeprefix("file:")
    return url._replace(password=None).set(query={}, drivername="postgresql").render_as_string()


def open_engine(url: URL) -> Engine:
    """An engine whose database has the newest tables."""
    with failures_named(url):
        engine = _engine(url)
        try:
            _migrate(engine, url)
        except BaseException:
            engine.dispose()
            raise
    return engine


@contextmanager
def failures_named(url: URL) -> Iterator[None]:
    """Turns the driver's faults into an :class:`UnavailableError` that names database, cause and next step.

    The driver's own text is not passed on, nor is the exception: both can carry statement parameters.
    """
    try:
        yield
    except (exc.OperationalError, exc.DatabaseError, exc.InterfaceError, sqlite3.Error) as error:
        if isinstance(error, (exc.IntegrityError, exc.ProgrammingError, exc.DataError)) and not _privilege(error):
            raise
        said = str(getattr(error, "orig", None) or error)
        cause = next((cause for key, cause in _CAUSES.items() if key in said), None)
        if cause is None:
            name = getattr(error, "orig", error).__class__.__name__
            cause = f"the database does not answer ({name}); check that it is running and reachable"
        raise UnavailableError(f"store {label(url)}: {cause}") from None
    except exc.TimeoutError:
        raise UnavailableError(f"store {label(url)}: every connection is busy; try again, or use PostgreSQL") from None


def changed(result: Result[Any]) -> bool:
    """Whether an UPDATE met a row."""
    return cast("CursorResult[Any]", result).rowcount > 0


def _privilege(error: exc.DBAPIError) -> bool:
    return "permission denied" in str(error.orig)


def _engine(url: URL) -> Engine:
    options: dict[str, Any] = {"hide_parameters": True}
    if url.get_backend_name() != "sqlite":
        connect = {"connect_timeout": BUSY_SECONDS} if "connect_timeout" not in url.query else {}
        try:
            return create_engine(url, pool_pre_ping=True, connect_args=connect, **options)
        except ModuleNotFoundError:
            raise ConfigError("store_url: PostgreSQL needs its driver; pip install 'deskhand[postgres]'") from None
    _make_folder(url)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(url: URL) -> None:
    if url.database in (None, "", ":memory:"):
        raise ConfigError("store_url: a store in memory is lost at the end; name a file, sqlite:///path/store.db")
    if not url.database.startswith("file:"):
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(f"store {label(url)}: cannot make its folder ({error.strerror})") from None


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    connection.isolation_level = None  # we say BEGIN ourselves: the driver would begin too late for DDL and reads
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")  # with WAL: safe against crashes, one fsync per checkpoint
    _use_wal(connection)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switching needs the file for itself, and SQLite reports "locked" then without waiting: so we wait."""
    until = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return  # WAL, or a file system that cannot have it: then the rollback journal serves as well


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the lock at once: a reader that turns writer cannot wait for it, SQLite fails it instead."""
    writes = connection.get_execution_options().get("deskhand_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine, url: URL) -> None:
    config = Config()
    config.set_main_option("script_location", "deskhand_guardrails.monitor:migrations")
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        if _up_to_date(connection, script, url):
            return
    with _migrating, engine.connect().execution_options(deskhand_writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        if not _up_to_date(connection, script, url):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _up_to_date(connection: Connection, script: ScriptDirectory, url: URL) -> bool:
    have = set(MigrationContext.configure(connection).get_current_heads())
    known = {revision.revision for revision in script.walk_revisions()}
    if have - known:
        raise ConfigError(f"store {label(url)}: written by a newer Deskhand; upgrade this one, or name another store")
    return have == set(script.get_heads())
