"""Confidence refitted on reviewers' decisions: an answer that was approved as it stood was right, any other was not."""

from __future__ import annotations

from sqlalchemy import select

from deskhand_guardrails.confidence import Calibration, Signals, fit
from deskhand_guardrails.monitor import Store
from deskhand_guardrails.monitor.rows import to_turn
from deskhand_guardrails.monitor.tables import ReviewRow, TurnRow

DECIDED = ("approved", "corrected", "rejected")


def refit(store: Store, model: str | None = None) -> Calibration | None:
    """A calibration on the reviewed turns, by what the record holds of them (no token probabilities).

    What is reviewed is flagged more often than not, so such answers are wrong more often than all are: refit where a
    random sample is reviewed too, or where every answer waits for approval.

    Args:
        store: the record.
        model: only turns of this model; all when not given.

    Returns:
        None where too few turns were decided, or all alike.
    """
    query = (
        select(TurnRow, ReviewRow.state)
        .join(ReviewRow, ReviewRow.turn_id == TurnRow.id)
        .where(ReviewRow.state.in_(DECIDED))
        .order_by(ReviewRow.decided_at, ReviewRow.turn_id)
    )
    signals, right = list[Signals](), list[bool]()
    with store.reading() as session:
        for row, state in session.execute(query):
            turn = to_turn(row)
            if turn.answer.strip() and (model is None or turn.model == model):
                signals.append(Signals.of(turn.sources, turn.answer))
                right.append(state == "approved")
    return fit(signals, right, "reviewers")
