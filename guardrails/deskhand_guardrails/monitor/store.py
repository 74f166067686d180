"""The store: turns in, turns out.

::

    with Store("sqlite:///deskhand-data/store.db") as store:
        store.add(turn)
        store.recent(20)

A turn enters the review queue in the transaction that records it (decision ``review`` or ``block``) or that records a
thumb down, so that no flagged answer can be missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, exc, select, text, update
from sqlalchemy.orm import Session

from deskhand_guardrails.errors import InputError
from deskhand_guardrails.monitor.database import changed, failures_named, open_engine, parse_url
from deskhand_guardrails.monitor.rows import to_row, to_turn
from deskhand_guardrails.monitor.tables import AuditRow, ReviewRow, TurnRow
from deskhand_guardrails.monitor.turn import Feedback, Turn

FLAGGED = frozenset({"review", "block"})
"""Decisions that a person should look at."""


class Store:
    """The record of every turn. One instance serves all threads of a process; many processes may share a database.

    Args:
        url: ``sqlite:///path/store.db`` or ``postgresql://user:password@host/database``.

    Raises:
        ConfigError: when the URL is wrong or the database was written by a newer version.
        UnavailableError: when the database cannot be reached, read or written.
    """

    def __init__(self, url: str) -> None:
        self._url = parse_url(url)
        self._engine: Engine = open_engine(self._url)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled as its URL, password included, for the processes of one application."""
        return Store, (self._url.render_as_string(hide_password=False),)

    def add(self, turn: Turn) -> None:
        """Records ``turn``.

        Raises:
            InputError: when a turn with this id is recorded already.
        """
        try:
            with self.writing() as session:
                session.add(to_row(turn))
                if turn.decision in FLAGGED or turn.feedback == "down":
                    session.flush()
                    _enqueue(session, turn.id, turn.at, "rails" if turn.decision in FLAGGED else "customer")
        except exc.IntegrityError:
            raise InputError(f"turn {turn.id}: already recorded; every turn needs an id of its own") from None

    def get(self, turn_id: str) -> Turn | None:
        """The turn, or None when nobody recorded it."""
        with self.reading() as session:
            row = session.get(TurnRow, turn_id)
            return None if row is None else to_turn(row)

    def recent(self, limit: int = 50) -> list[Turn]:
        """The newest turns, newest first."""
        return self._turns(limit)

    def conversation(self, conversation_id: str, *, before: datetime | None = None, limit: int = 20) -> list[Turn]:
        """The newest ``limit`` turns of a conversation (those asked earlier than ``before``), oldest first."""
        return self._turns(limit, conversation_id, before)[::-1]

    def feedback(self, turn_id: str, value: Feedback) -> None:
        """Records the customer's thumb; a thumb down puts the turn into the review queue.

        Raises:
            InputError: when there is no such turn or ``value`` is neither "up" nor "down".
        """
        if value not in ("up", "down"):
            raise InputError(f"turn {turn_id}: feedback is 'up' or 'down'")
        with self.writing() as session:
            found = session.execute(update(TurnRow).where(TurnRow.id == turn_id).values(feedback=value))
            if not changed(found):
                raise InputError(f"turn {turn_id}: not recorded in this store")
            if value == "down":
                _enqueue(session, turn_id, datetime.now(UTC), "customer")

    def ping(self) -> None:
        """Raises :class:`UnavailableError` when the database does not answer."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for queries over :mod:`~deskhand_guardrails.monitor.tables`."""
        with failures_named(self._url), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are committed together, or not at all when the block raises."""
        engine = self._engine.execution_options(deskhand_writes=True)
        with failures_named(self._url), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Closes every connection. Closing twice is harmless."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _turns(self, limit: int, conversation_id: str | None = None, before: datetime | None = None) -> list[Turn]:
        query = select(TurnRow).order_by(TurnRow.at.desc(), TurnRow.id).limit(limit)
        if conversation_id is not None:
            query = query.where(TurnRow.conversation_id == conversation_id)
        if before is not None:
            query = query.where(TurnRow.at < before)
        with self.reading() as session:
            return [to_turn(row) for row in session.scalars(query)]


def _enqueue(session: Session, turn_id: str, at: datetime, actor: str) -> None:
    """Puts a turn into the queue once; later thumbs change nothing."""
    if session.get(ReviewRow, turn_id) is None:
        session.add(ReviewRow(turn_id=turn_id, state="pending", opened_at=at, note="", policy=""))
        session.add(AuditRow(turn_id=turn_id, at=at, actor=actor, action="flagged", policy=""))
