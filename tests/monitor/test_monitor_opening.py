"""Opening a store: migrations, several processes at once, and what is said when it cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, inspect, text
from sqlalchemy.pool import Pool

from deskhand_guardrails.errors import ConfigError, UnavailableError
from deskhand_guardrails.monitor import Store, Turn
from deskhand_guardrails.monitor.database import label, open_engine, parse_url
from deskhand_guardrails.monitor.tables import Base

OPEN_AND_WRITE = """
import sys
from deskhand_guardrails.monitor import Store, Turn
sys.stdin.readline()
with Store(sys.argv[1]) as store:
    for number in range(20):
        store.add(Turn(conversation_id=sys.argv[2], channel="web", question="q", answer="a", decision="review"))
"""


def test_migrations_make_exactly_the_tables_that_the_code_uses(url: str) -> None:
    engine = open_engine(parse_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
        assert len(inspect(connection).get_table_names()) == 4  # ours and Alembic's
    engine.dispose()


def test_opening_again_keeps_what_is_there(url: str) -> None:
    turn = Turn(conversation_id="c", channel="web", question="q", answer="a", decision="allow")
    with Store(url) as store:
        store.add(turn)
    with Store(url) as store:
        assert store.get(turn.id) == turn


def test_a_newer_store_is_left_alone(url: str) -> None:
    Store(url).close()
    engine = open_engine(parse_url(url))
    with engine.execution_options(deskhand_writes=True).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(ConfigError, match="newer Deskhand"):
        Store(url)


def test_processes_open_and_write_at_once(url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_AND_WRITE, url, f"c{number}"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    with Store(url) as store:
        assert len(store.recent(100)) == 60


def test_sqlite_runs_in_wal_mode(tmp_path: Path) -> None:
    Store(f"sqlite:///{tmp_path / 'new' / 'store.db'}").close()
    connection = sqlite3.connect(tmp_path / "new" / "store.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://root:hunter2@db/x", "mysql is not supported"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_wrong_urls_are_settings_faults(wrong: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        Store(wrong)
    assert "hunter2" not in str(caught.value)


def test_no_server_is_said_without_the_password() -> None:
    wrong = "postgresql://desk:hunter2@127.0.0.1:1/store?password=hunter2"
    with pytest.raises(UnavailableError, match="no server answers there") as caught:
        Store(wrong)
    assert "hunter2" not in str(caught.value)
    assert "desk" in str(caught.value)
    assert caught.value.__cause__ is None


def test_labels_hold_no_secret() -> None:
    assert label(parse_url("postgres://desk:hunter2@db:5433/store?sslpassword=x")) == "postgresql://desk@db:5433/store"
    assert label(parse_url("sqlite:////srv/store.db")) == "/srv/store.db"


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("just a text file, a little longer than a header of one hundred bytes " * 3)
    with pytest.raises(UnavailableError, match=r"notes\.db: this file is not a database"):
        Store(f"sqlite:///{file}")
    assert file.read_text().startswith("just a text")


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    with Store(f"sqlite:///{file}") as store:
        store.add(Turn(conversation_id="c", channel="web", question="q" * 50_000, answer="a", decision="allow"))
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with pytest.raises(UnavailableError, match="the database file is damaged"):
        Store(f"sqlite:///{file}")


def test_a_folder_is_not_a_database(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path}")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="cannot make its folder"):
        Store(f"sqlite:///{tmp_path / 'file' / 'deep' / 'store.db'}")


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    Store(f"sqlite:///{file}").close()
    with Store(f"sqlite:///file:{file}?mode=ro&uri=true") as store:
        assert store.recent() == []
        with pytest.raises(UnavailableError, match="cannot be written"):
            store.add(Turn(conversation_id="c", channel="web", question="secret", answer="a", decision="allow"))


@contextmanager
def databases_of_at_most(pages: int) -> Iterator[None]:
    """Every SQLite database opened within is full at ``pages`` pages, as on a full disk."""

    def limit(connection: Any, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Pool, "connect", limit)
    try:
        yield
    finally:
        event.remove(Pool, "connect", limit)


def test_a_full_disk_is_named_and_the_store_survives(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    kept = Turn(conversation_id="c", channel="web", question="q", answer="a", decision="allow")
    with Store(url) as store:
        store.add(kept)
    with databases_of_at_most(24), Store(url) as store:
        with pytest.raises(UnavailableError, match="the disk is full") as caught:
            store.add(
                Turn(conversation_id="c", channel="web", question="secret" * 50_000, answer="a", decision="allow")
            )
        assert "secret" not in str(caught.value)
    with Store(url) as store:
        assert store.recent() == [kept]


WRITE_LARGE = """
import resource, sys
from deskhand_guardrails.errors import DeskhandError
from deskhand_guardrails.monitor import Store, Turn
store = Store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    store.add(Turn(conversation_id="c", channel="web", question="q" * 900_000, answer="a", decision="allow"))
except DeskhandError as error:
    print(error)
"""


def test_a_disk_that_refuses_to_write_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE_LARGE, f"sqlite:///{tmp_path / 'store.db'}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "the disk" in said


def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    with Store(f"sqlite:///{file}") as store:
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.3, lambda: other.execute("COMMIT")).start()
        store.add(Turn(conversation_id="c", channel="web", question="q", answer="a", decision="allow"))
        assert len(store.recent()) == 1
        other.close()


def test_ping_answers(url: str) -> None:
    with Store(url) as store:
        store.ping()
