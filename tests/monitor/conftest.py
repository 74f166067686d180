"""Every store test runs on SQLite and, where its programs are installed, on a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deskhand_guardrails.monitor import Store
from deskhand_guardrails.monitor.testing import postgres_database, postgres_programs, postgres_server

DATABASES = ["sqlite", *(["postgresql"] if postgres_programs() else [])]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    with postgres_database(request.getfixturevalue("server")) as found:
        yield found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url) as opened:
        yield opened
