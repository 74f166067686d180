"""A throw-away PostgreSQL server for tests, where its programs are installed (Debian: package ``postgresql``)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

START_SECONDS = 60


def postgres_programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, newest version first, or None."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@contextmanager
def postgres_server(programs: Path | None = None) -> Iterator[str]:
    """Runs a server on a Unix socket and yields the URL of its empty database; everything is gone afterwards.

    Args:
        programs: the folder of ``initdb`` and ``postgres``; the installed ones when not given.

    PostgreSQL refuses to run as root: then it runs as the user ``postgres``, which its package made.

    Raises:
        RuntimeError: when it is not installed or does not start.
    """
    programs = programs or postgres_programs()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed; apt-get install postgresql")
    user = "postgres" if os.geteuid() == 0 else None
    # Not below pytest's tmp_path: the user postgres may not enter it, and socket paths end at 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if user:
            shutil.chown(folder, user)
        data = folder / "data"
        initdb: list[str | Path] = [programs / "initdb", "-D", data]
        initdb += ["-U", "deskhand", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(initdb, user=user, check=True, capture_output=True, cwd=folder)  # noqa: S603 - fixed command
        with _running(programs / "postgres", data, folder, user):
            yield f"postgresql://deskhand@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_database(server: str) -> Iterator[str]:
    """A new empty database on the server of :func:`postgres_server`; yields its URL and drops it afterwards."""
    import psycopg

    name = f"store_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield server.replace("/postgres?", f"/{name}?")
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _running(program: Path, data: Path, folder: Path, user: str | None) -> Iterator[None]:
    log = folder / "log"
    arguments: list[str | Path] = [program, "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
    with log.open("wb") as stream:
        server = subprocess.Popen(arguments, user=user, stdout=stream, stderr=stream, cwd=folder)  # noqa: S603
    try:
        until = time.monotonic() + START_SECONDS
        while "ready to accept connections" not in log.read_text(errors="replace"):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-400:]}")
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait(START_SECONDS)
