"""Reviewed turns as training data in TRL's forms, each record with where it comes from.

The prompt is laid out by :func:`deskhand_guardrails.prompt.compose` from the conversation and the sources that the
turn recorded: the model learns on what it saw when it answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sqlalchemy import select

from deskhand_guardrails.monitor import Store, Turn, transcript
from deskhand_guardrails.monitor.rows import to_turn
from deskhand_guardrails.monitor.tables import ReviewRow, TurnRow
from deskhand_guardrails.prompt import compose

Form = Literal["sft", "dpo"]

STATES: dict[Form, tuple[str, ...]] = {"sft": ("approved", "corrected"), "dpo": ("corrected",)}


def training_records(store: Store, form: Form) -> Iterator[dict[str, object]]:
    """The records of ``form``, oldest decision first; read one by one, so that a long history fits in memory."""
    query = (
        select(ReviewRow.turn_id)
        .where(ReviewRow.state.in_(STATES[form]))
        .order_by(ReviewRow.decided_at, ReviewRow.turn_id)
    )
    with store.reading() as session:
        ids = list(session.scalars(query))
    for turn_id in ids:
        with store.reading() as session:
            review, row = session.get(ReviewRow, turn_id), session.get(TurnRow, turn_id)
            if review is None or row is None or review.state not in STATES[form]:
                continue  # reopened since the export began
            turn = to_turn(row)
        if form == "dpo" and turn.answer.strip() in ("", review.correction):
            continue  # nothing was written, or the correction is the draft: no preference to learn
        yield _record(form, prompt_of(store, turn), turn, review)


def prompt_of(store: Store, turn: Turn) -> list[dict[str, str]]:
    """The messages that the model answered."""
    before = transcript(store.conversation(turn.conversation_id, before=turn.at))
    return compose([*before, {"role": "user", "content": turn.question}], turn.sources)


def _record(form: Form, prompt: list[dict[str, str]], turn: Turn, review: ReviewRow) -> dict[str, object]:
    answer = review.correction if review.state == "corrected" else turn.answer
    good = {"role": "assistant", "content": answer or ""}
    provenance = {
        "turn_id": turn.id,
        "reviewer": review.reviewer,
        "decision": review.state,
        "decided_at": review.decided_at.isoformat() if review.decided_at else None,
        "policy": review.policy,
        "model": turn.model,
        "flagged": turn.decision,
        "channel": turn.channel,
    }
    if form == "sft":
        return {"messages": [*prompt, good], **provenance}
    return {
        "prompt": prompt,
        "chosen": [good],
        "rejected": [{"role": "assistant", "content": turn.answer}],
        **provenance,
    }
