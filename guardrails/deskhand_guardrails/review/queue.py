"""The review queue: flagged turns in, one decision each, every act on record.

::

    flagged ──> pending ──> approved | corrected | rejected
                   ^                    │
                   └───── reopened ─────┘

Of two reviewers who decide the same item, the first wins and the second is told who it was. What people write is
checked by the same policy as what the model writes: a text that the policy blocks cannot become training data.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from deskhand_guardrails.errors import InputError
from deskhand_guardrails.monitor import Store
from deskhand_guardrails.monitor.database import changed
from deskhand_guardrails.monitor.rows import storable, to_turn
from deskhand_guardrails.monitor.tables import AuditRow, ReviewRow, TurnRow
from deskhand_guardrails.review.export import training_records
from deskhand_guardrails.review.item import DECIDED, AuditEntry, Counts, ReviewItem, State
from deskhand_guardrails.verdicts import Context, Verdict

if TYPE_CHECKING:
    from deskhand_guardrails.rails import Rails

REVIEWER_CHARACTERS = 100
TEXT_CHARACTERS = 20_000


class ReviewQueue:
    """Flagged turns of ``store``; what reviewers write is checked by ``rails``."""

    def __init__(self, store: Store, rails: Rails) -> None:
        self._store = store
        self._rails = rails

    def pending(self, limit: int = 50) -> list[ReviewItem]:
        """Items that wait for a person, the longest waiting first."""
        return self._items(ReviewRow.state == "pending", ReviewRow.opened_at.asc(), limit)

    def decided(self, limit: int = 50) -> list[ReviewItem]:
        """Items that somebody decided, the newest decision first."""
        return self._items(ReviewRow.state.in_(DECIDED), ReviewRow.decided_at.desc(), limit)

    def item(self, turn_id: str) -> ReviewItem:
        """One item.

        Raises:
            InputError: when the turn is not in the queue.
        """
        with self._store.reading() as session:
            return _item(*_rows(session, turn_id))

    def counts(self) -> Counts:
        """How many items are in which state."""
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        with self._store.reading() as session:
            rows = session.execute(select(ReviewRow.state, func.count()).group_by(ReviewRow.state)).all()
            today = session.scalar(
                select(func.count()).where(ReviewRow.state.in_(DECIDED), ReviewRow.decided_at >= midnight)
            )
        found = {row[0]: row[1] for row in rows}
        by_state = {state: found.get(state, 0) for state in ("pending", *DECIDED)}
        return Counts(**by_state, today=today or 0)

    def audit(self, turn_id: str) -> tuple[AuditEntry, ...]:
        """Who did what to the item, oldest first."""
        with self._store.reading() as session:
            rows = session.scalars(select(AuditRow).where(AuditRow.turn_id == turn_id).order_by(AuditRow.id))
            return tuple(AuditEntry(row.at, row.actor, row.action, row.policy) for row in rows)

    def approve(self, turn_id: str, reviewer: str) -> ReviewItem:
        """The draft is right as it stands.

        Raises:
            InputError: when there is no draft, the policy blocks it, or somebody decided before.
        """
        item = self._open_item(turn_id)
        if not item.turn.answer.strip():
            raise InputError(f"turn {turn_id}: the model wrote nothing to approve; correct or reject it")
        self._check(item, item.turn.answer, "the draft")
        return self._decide(turn_id, "approved", reviewer)

    def correct(self, turn_id: str, reviewer: str, text: str) -> ReviewItem:
        """``text`` is what the answer should have been; personal data in it is stored as placeholders.

        Raises:
            InputError: when it is empty or too long, the policy blocks it, or somebody decided before.
        """
        item = self._open_item(turn_id)
        text = storable(text.strip())
        if not text:
            raise InputError(f"turn {turn_id}: the correction is empty; write the answer, or reject the item")
        if len(text) > TEXT_CHARACTERS:
            raise InputError(f"turn {turn_id}: the correction is over {TEXT_CHARACTERS:,} characters long; shorten it")
        from deskhand_guardrails.review.correction import without_personal_data  # its detectors take a second to load

        self._check(item, text, "the correction")
        clean = without_personal_data(text, (item.turn.question, item.turn.answer))
        return self._decide(turn_id, "corrected", reviewer, correction=clean)

    def reject(self, turn_id: str, reviewer: str, note: str = "") -> ReviewItem:
        """Nothing to learn from here. ``note`` says why, for colleagues; it is never exported.

        Raises:
            InputError: when somebody decided before.
        """
        self._open_item(turn_id)
        return self._decide(turn_id, "rejected", reviewer, note=storable(note.strip()[:TEXT_CHARACTERS]))

    def reopen(self, turn_id: str, reviewer: str) -> ReviewItem:
        """Takes a decision back: the item waits again. The audit trail keeps both.

        Raises:
            InputError: when the item is not decided.
        """
        with self._store.writing() as session:
            done = session.execute(
                update(ReviewRow)
                .where(ReviewRow.turn_id == turn_id, ReviewRow.state.in_(DECIDED))
                .values(state="pending", reviewer=None, decided_at=None, correction=None, note="", policy="")
            )
            review, turn = _rows(session, turn_id)
            if not changed(done):
                raise InputError(f"turn {turn_id}: waits already; there is nothing to take back")
            self._record(session, turn_id, reviewer, "reopened")
            return _item(review, turn)

    def export(self, form: Literal["sft", "dpo"]) -> Iterator[dict[str, object]]:
        """Training records in TRL's forms, in the order of the decisions.

        ``sft``: approved and corrected items as ``{"messages": […]}``; ``dpo``: corrected ones as
        ``{"prompt", "chosen", "rejected"}``; both with where they come from (turn, reviewer, policy, …).
        """
        if form not in ("sft", "dpo"):
            raise InputError(f"export form {form!r}: choose sft or dpo")
        return training_records(self._store, form)

    def _open_item(self, turn_id: str) -> ReviewItem:
        item = self.item(turn_id)
        if item.state != "pending":
            raise _decided_before(item)
        return item

    def _check(self, item: ReviewItem, text: str, what: str) -> None:
        context = Context(question=item.turn.question, sources=item.turn.sources)
        verdict = self._rails.check_output(text, context)
        if verdict.decision == "block":
            raise InputError(f"turn {item.turn.id}: the policy blocks {what}: {_reason(verdict)}; change it or reject")

    def _decide(
        self, turn_id: str, state: State, reviewer: str, *, correction: str | None = None, note: str = ""
    ) -> ReviewItem:
        name = _reviewer(reviewer)
        values = {"correction": correction, "note": note, "policy": self._rails.policy.digest}
        with self._store.writing() as session:
            done = session.execute(
                update(ReviewRow)
                .where(ReviewRow.turn_id == turn_id, ReviewRow.state == "pending")
                .values(state=state, reviewer=name, decided_at=datetime.now(UTC), **values)
            )
            item = _item(*_rows(session, turn_id))
            if not changed(done):
                raise _decided_before(item)
            self._record(session, turn_id, name, state)
            return item

    def _record(self, session: Session, turn_id: str, actor: str, action: str) -> None:
        row = AuditRow(
            turn_id=turn_id,
            at=datetime.now(UTC),
            actor=_reviewer(actor),
            action=action,
            policy=self._rails.policy.digest,
        )
        session.add(row)

    def _items(self, where: ColumnElement[bool], order: ColumnElement[Any], limit: int) -> list[ReviewItem]:
        query = (
            select(ReviewRow, TurnRow)
            .join(TurnRow, TurnRow.id == ReviewRow.turn_id)
            .where(where)
            .order_by(order, ReviewRow.turn_id)
            .limit(limit)
        )
        with self._store.reading() as session:
            return [_item(review, turn) for review, turn in session.execute(query)]


def _rows(session: Session, turn_id: str) -> tuple[ReviewRow, TurnRow]:
    review, turn = session.get(ReviewRow, turn_id), session.get(TurnRow, turn_id)
    if review is None or turn is None:
        raise InputError(f"turn {turn_id}: not in the review queue; `deskhand review list` shows what is")
    return review, turn


def _item(review: ReviewRow, turn: TurnRow) -> ReviewItem:
    return ReviewItem(
        turn=to_turn(turn),
        state=cast("State", review.state),
        opened_at=review.opened_at,
        reviewer=review.reviewer,
        decided_at=review.decided_at,
        correction=review.correction,
        note=review.note,
        policy=review.policy,
    )


def _decided_before(item: ReviewItem) -> InputError:
    when = f" at {item.decided_at:%H:%M} UTC" if item.decided_at else ""
    return InputError(f"turn {item.turn.id}: {item.reviewer} {item.state} it already{when}; reload to see the answer")


def _reviewer(name: str) -> str:
    cleaned = str(storable(" ".join(name.split())))[:REVIEWER_CHARACTERS]
    if not cleaned:
        raise InputError("reviewer: a decision needs the name of the person who takes it")
    return cleaned


def _reason(verdict: Verdict) -> str:
    return verdict.reason or ", ".join(sorted({finding.label for finding in verdict.findings})) or "no reason given"
