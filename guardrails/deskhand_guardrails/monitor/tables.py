"""The tables. ``migrations/versions`` creates them; a test compares the two.

========  =======================================================================
turns     one row per question
reviews   one row per turn that a person should look at, and what they decided
audit     who did what when; rows are only ever added (triggers refuse the rest)
========  =======================================================================
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Float, ForeignKey, Index, MetaData, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in and out, UTC in the database (SQLite has no time zones of its own)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Names every constraint, so that later migrations can address it on both databases."""

    metadata = MetaData(naming_convention=NAMES)


class TurnRow(Base):
    """:class:`~deskhand_guardrails.monitor.Turn` as a row."""

    __tablename__ = "turns"
    __table_args__ = (Index(None, "conversation_id", "at"), Index(None, "at"))

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    question: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)
    decision: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    model: Mapped[str] = mapped_column(Text)
    policy: Mapped[str] = mapped_column(String(64))
    confidence: Mapped[float | None] = mapped_column(Float)
    milliseconds: Mapped[float] = mapped_column(Float)
    feedback: Mapped[str | None] = mapped_column(String(8))


class ReviewRow(Base):
    """A turn in the review queue."""

    __tablename__ = "reviews"
    __table_args__ = (Index(None, "state", "opened_at"), Index(None, "state", "decided_at"))

    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reviewer: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    correction: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    policy: Mapped[str] = mapped_column(String(64))
    """Digest of the policy that the decision was checked against."""


class AuditRow(Base):
    """One act of one person on one turn. Holds no text of a conversation, and outlives the turn."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "turn_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    turn_id: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(16))
    policy: Mapped[str] = mapped_column(String(64))
