"""The real rails over the shipped policy, and a queue on SQLite and, where it is installed, PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deskhand_guardrails import Policy, Rails
from deskhand_guardrails.monitor import Store
from deskhand_guardrails.monitor.testing import postgres_database, postgres_programs, postgres_server
from deskhand_guardrails.review import ReviewQueue

DATABASES = ["sqlite", *(["postgresql"] if postgres_programs() else [])]


@pytest.fixture(scope="session")
def rails() -> Rails:
    rails = Rails(Policy.load())
    rails.warm()
    return rails


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        with Store(f"sqlite:///{tmp_path / 'store.db'}") as opened:
            yield opened
        return
    with postgres_database(request.getfixturevalue("server")) as url, Store(url) as opened:
        yield opened


@pytest.fixture
def queue(store: Store, rails: Rails) -> ReviewQueue:
    return ReviewQueue(store, rails)
