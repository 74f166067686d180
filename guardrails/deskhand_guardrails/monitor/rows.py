"""Between :class:`Turn` and its row."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from deskhand_guardrails.monitor.tables import TurnRow
from deskhand_guardrails.monitor.turn import Feedback, Turn
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.verdicts import Decision, Finding


def to_row(turn: Turn) -> TurnRow:
    """The row to insert; characters that a database cannot hold become U+FFFD."""
    values: dict[str, Any] = {
        name: storable(getattr(turn, name)) for name in Turn.__dataclass_fields__ if name not in ("findings", "sources")
    }
    return TurnRow(
        **values,
        findings=[storable(asdict(finding)) for finding in turn.findings],
        sources=[storable(asdict(source)) for source in turn.sources],
    )


def to_turn(row: TurnRow) -> Turn:
    """The turn that a row holds."""
    return Turn(
        id=row.id,
        conversation_id=row.conversation_id,
        channel=row.channel,
        at=row.at,
        question=row.question,
        answer=row.answer,
        decision=cast("Decision", row.decision),
        reason=row.reason,
        findings=tuple(Finding(**finding) for finding in row.findings),
        sources=tuple(Source(**source) for source in row.sources),
        model=row.model,
        policy=row.policy,
        confidence=row.confidence,
        milliseconds=row.milliseconds,
        feedback=cast("Feedback | None", row.feedback),
    )


def storable(value: Any) -> Any:  # noqa: ANN401 - any field's value
    """``value`` without NUL (PostgreSQL refuses it) and lone surrogates (no UTF-8); other types untouched."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {key: storable(item) for key, item in value.items()}
    if value.__class__.__module__ == "numpy":
        return value.item()
    return value
