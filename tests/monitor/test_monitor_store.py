"""Turns in, turns out: the same on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, exc, select, update

from deskhand_guardrails.errors import InputError
from deskhand_guardrails.monitor import Store, Turn, transcript
from deskhand_guardrails.monitor.rows import to_row
from deskhand_guardrails.monitor.tables import AuditRow, ReviewRow
from deskhand_guardrails.prompt import HAND_OVER, Source
from deskhand_guardrails.verdicts import Finding

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def turn(**changes: Any) -> Turn:
    values: dict[str, Any] = {
        "conversation_id": "c1",
        "channel": "web",
        "question": "Where is <ORDER_ID_1>?",
        "answer": "It left on Monday.",
        "decision": "allow",
    }
    return Turn(**{**values, **changes})


def queue_of(store: Store) -> list[str]:
    with store.reading() as session:
        return list(session.scalars(select(ReviewRow.turn_id)))


def test_a_turn_comes_back_as_it_went_in(store: Store) -> None:
    full = turn(
        at=NOON,
        reason="promises a refund",
        findings=(Finding("commitments", "refund", 0.91, 3, 9), Finding("pii", "PERSON", 0.8)),
        sources=(Source("Refunds", "Within 14 days …", "refunds.md#2", 0.83),),
        model="starter",
        policy="0123456789abcdef",
        confidence=0.42,
        milliseconds=812.5,
        feedback="up",
    )
    store.add(full)
    assert store.get(full.id) == full


def test_an_unknown_turn_is_none(store: Store) -> None:
    assert store.get("nobody") is None


def test_times_come_back_in_utc(store: Store) -> None:
    there = turn(at=datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))))
    store.add(there)
    back = store.get(there.id)
    assert back is not None
    assert back.at == there.at
    assert back.at.utcoffset() == timedelta(0)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        turn(at=datetime(2026, 3, 1, 12))


def test_recent_is_newest_first_and_limited(store: Store) -> None:
    turns = [turn(at=NOON + timedelta(minutes=minute)) for minute in (2, 0, 3, 1)]
    for one in turns:
        store.add(one)
    assert [one.at.minute for one in store.recent(3)] == [3, 2, 1]


def test_a_conversation_is_oldest_first_and_its_own(store: Store) -> None:
    for minute in range(4):
        store.add(turn(at=NOON + timedelta(minutes=minute)))
        store.add(turn(at=NOON + timedelta(minutes=minute), conversation_id="other"))
    assert [one.at.minute for one in store.conversation("c1", limit=3)] == [1, 2, 3]
    assert [one.at.minute for one in store.conversation("c1", before=NOON + timedelta(minutes=2))] == [0, 1]


def test_the_same_id_twice_is_refused_and_the_first_kept(store: Store) -> None:
    first = turn(answer="first")
    store.add(first)
    with pytest.raises(InputError, match="already recorded"):
        store.add(turn(id=first.id, answer="second"))
    assert store.get(first.id) == first


@pytest.mark.parametrize(("decision", "queued"), [("allow", 0), ("modify", 0), ("review", 1), ("block", 1)])
def test_what_the_rails_flag_is_queued(store: Store, decision: str, queued: int) -> None:
    store.add(turn(decision=decision))
    assert len(queue_of(store)) == queued


def test_a_thumb_down_queues_once(store: Store) -> None:
    one = turn()
    store.add(one)
    store.feedback(one.id, "up")
    assert queue_of(store) == []
    store.feedback(one.id, "down")
    store.feedback(one.id, "down")
    assert queue_of(store) == [one.id]
    back = store.get(one.id)
    assert back is not None
    assert back.feedback == "down"


def test_feedback_needs_a_known_turn_and_a_thumb(store: Store) -> None:
    with pytest.raises(InputError, match="not recorded"):
        store.feedback("nobody", "down")
    with pytest.raises(InputError, match="'up' or 'down'"):
        store.feedback("nobody", "sideways")  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("change", ["update", "delete"])
def test_audit_rows_cannot_be_changed(store: Store, change: str) -> None:
    store.add(turn(decision="review"))
    statement = update(AuditRow).values(actor="somebody else") if change == "update" else delete(AuditRow)
    with pytest.raises(exc.DBAPIError, match="only ever added"), store.writing() as session:
        session.execute(statement)
    with store.reading() as session:
        assert list(session.scalars(select(AuditRow.actor))) == ["rails"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=40))
def test_any_text_can_be_stored(store: Store, text: str) -> None:
    one = turn(question=text, sources=(Source(text, text),))
    store.add(one)
    back = store.get(one.id)
    assert back is not None
    assert back.question == text.replace("\x00", "\ufffd")


def test_lone_surrogates_do_not_stop_a_turn(store: Store) -> None:
    one = turn(question="broken \ud83d emoji")
    store.add(one)
    back = store.get(one.id)
    assert back is not None
    assert back.question == "broken ? emoji"


def test_threads_share_one_store(store: Store) -> None:
    def write() -> None:
        for _ in range(10):
            store.add(turn(decision="review"))

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.recent(100)) == 60
    assert len(queue_of(store)) == 60


def test_a_failed_block_leaves_nothing_behind(store: Store) -> None:
    def fail() -> None:
        with store.writing() as session:
            session.add(to_row(turn()))
            session.flush()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert store.recent() == []


def test_a_transcript_holds_what_the_customer_saw() -> None:
    turns = [
        turn(question="one", answer="first"),
        turn(question="two", answer="a promise", decision="review"),
        turn(question="attack", answer="", decision="block"),
        turn(question="three", answer="third", decision="modify"),
    ]
    assert [message["content"] for message in transcript(turns)] == ["one", "first", "two", HAND_OVER, "three", "third"]
