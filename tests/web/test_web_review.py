"""The review console over HTTP: login, list, decisions, downloads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from deskhand.web.security import FAILED_LOGINS
from deskhand_guardrails.monitor import Store, Turn
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.review import ReviewQueue

Served = Callable[..., str]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HTMX = {"HX-Request": "true"}


def flagged(store: Store, number: int = 0, **changes: Any) -> Turn:
    values: dict[str, Any] = {
        "conversation_id": f"c{number}",
        "channel": "web",
        "question": f"Question {number} of <PERSON_1>",
        "answer": f"Draft {number} <script>alert(1)</script>",
        "decision": "review",
        "reason": "grounding: unsupported_figure",
        "sources": (Source("Refunds", "Within 5 working days.", "refunds.md", 0.8),),
        "at": NOON + timedelta(minutes=number),
    }
    turn = Turn(**{**values, **changes})
    store.add(turn)
    return turn


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    base = served()
    with httpx.Client(base_url=base, headers={"Origin": base}, auth=("ana", "any"), trust_env=False) as client:
        yield client


def test_an_item_is_shown_with_all_that_a_decision_needs(client: httpx.Client, store: Store) -> None:
    flagged(store, question="Hello there", answer="Hi!", decision="allow", reason="", at=NOON - timedelta(minutes=1))
    flagged(store)
    page = client.get("/review").text
    for shown in (
        "Question 0 of <mark>&lt;PERSON_1&gt;</mark>",
        "no source holds",
        "Within 5 working days.",
        "Hello there",
        "<b>0 of 1</b> done today",
        "Fernweh Outdoor",
    ):
        assert shown in page, shown
    assert "<script>alert" not in page


def test_an_empty_queue_says_so(client: httpx.Client) -> None:
    assert "Nothing is waiting" in client.get("/review").text
    assert "Nothing is decided yet" in client.get("/review?show=decided").text


def test_a_decision_brings_the_next_item(client: httpx.Client, store: Store, queue: ReviewQueue) -> None:
    turns = [flagged(store, number) for number in range(3)]
    inner = client.post(f"/review/items/{turns[1].id}/approve", headers=HTMX).text
    assert "<html" not in inner
    assert "Draft 2" in inner
    assert "Approved." in inner
    assert "<b>1 of 3</b> done today" in inner
    assert queue.item(turns[1].id).reviewer == "ana"
    after_the_last = client.post(f"/review/items/{turns[2].id}/reject", data={"note": "spam"}, headers=HTMX).text
    assert "Draft 0" in after_the_last
    assert queue.item(turns[2].id).note == "spam"


def test_a_correction_is_saved_and_can_be_taken_back(client: httpx.Client, store: Store, queue: ReviewQueue) -> None:
    turn = flagged(store)
    client.post(f"/review/items/{turn.id}/correct", data={"text": "Within 5 working days."}, headers=HTMX)
    assert queue.item(turn.id).correction == "Within 5 working days."
    decided = client.get("/review?show=decided").text
    assert "corrected" in decided
    assert "Take the decision back" in decided
    again = client.post(f"/review/items/{turn.id}/reopen", data={"show": "pending"}, headers=HTMX).text
    assert "Waiting again." in again
    assert queue.item(turn.id).state == "pending"


def test_a_refused_correction_keeps_what_was_typed(client: httpx.Client, store: Store, queue: ReviewQueue) -> None:
    turn = flagged(store)
    typed = "The key is sk-proj-" + "a1B2c3D4e5F6g7H8" * 3
    inner = client.post(f"/review/items/{turn.id}/correct", data={"text": typed}, headers=HTMX).text
    assert "The policy blocks the correction" in inner
    assert typed in inner
    assert queue.item(turn.id).state == "pending"


def test_who_comes_second_is_told_and_goes_on(client: httpx.Client, store: Store, queue: ReviewQueue) -> None:
    first, second = flagged(store, 0), flagged(store, 1)
    queue.reject(first.id, "ben")
    inner = client.post(f"/review/items/{first.id}/approve", headers=HTMX).text
    assert "Ben rejected it already" in inner
    assert f"/review/items/{second.id}/approve" in inner


def test_going_back_brings_the_whole_page(client: httpx.Client, store: Store) -> None:
    flagged(store)
    assert "<html" in client.get("/review", headers={**HTMX, "HX-History-Restore-Request": "true"}).text


def test_the_downloads_hold_the_decisions(client: httpx.Client, store: Store) -> None:
    turn = flagged(store)
    client.post(f"/review/items/{turn.id}/correct", data={"text": "Within 5 working days."}, headers=HTMX)
    sft = client.get("/review/export/sft.jsonl")
    assert 'attachment; filename="deskhand-sft-' in sft.headers["content-disposition"]
    (record,) = [json.loads(line) for line in sft.text.splitlines()]
    assert record["messages"][-1] == {"role": "assistant", "content": "Within 5 working days."}
    assert (record["turn_id"], record["reviewer"]) == (turn.id, "ana")
    (record,) = [json.loads(line) for line in client.get("/review/export/dpo.jsonl").text.splitlines()]
    assert record["rejected"][0]["content"] == turn.answer
    assert client.get("/review/export/kto.jsonl").status_code == 422


@pytest.mark.parametrize("path", ["/review", "/review/export/sft.jsonl"])
def test_the_password_is_asked_for(served: Served, path: str) -> None:
    base = served(review_password="correct horse")
    with httpx.Client(base_url=base, trust_env=False) as client:
        refused = client.get(path)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic ")
        for broken in ("Basic", "Basic ü", "Basic /w==", "Bearer correct horse"):
            assert client.get(path, headers={b"Authorization": broken.encode()}).status_code == 401
        assert client.get(path, auth=("ana", "wrong")).status_code == 401
        assert client.get(path, auth=(" ", "correct horse")).status_code == 401
        assert client.get(path, auth=("ana", "correct horse")).status_code == 200


def test_the_name_of_the_login_is_on_record(served: Served, store: Store, queue: ReviewQueue) -> None:
    base = served(review_password="correct horse")
    turn = flagged(store)
    with httpx.Client(base_url=base, headers={"Origin": base}, trust_env=False) as client:
        assert client.post(f"/review/items/{turn.id}/reject").status_code == 401
        assert client.post(f"/review/items/{turn.id}/reject", auth=("zoë", "correct horse")).status_code == 200
    assert queue.item(turn.id).reviewer == "zoë"


def test_guessing_passwords_is_slow(served: Served) -> None:
    with httpx.Client(base_url=served(review_password="correct horse"), trust_env=False) as client:
        for _ in range(FAILED_LOGINS):
            assert client.get("/review", auth=("ana", "guess")).status_code == 401
        assert client.get("/review", auth=("ana", "correct horse")).status_code == 429


def test_without_a_password_no_foreign_name_reaches_the_console(client: httpx.Client) -> None:
    assert client.get("/review", headers={"Host": "rebound.example:8080"}).status_code == 403
    assert client.get("/review", headers={"Host": "localhost:8080"}).status_code == 200
