"""The customers' side over HTTP: session, stream, limits, feedback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from deskhand.web.chat import MESSAGE_CHARACTERS, SESSION_A_MINUTE, readable, shown_sources
from deskhand.web.limits import MOST_KEYS, RateLimit
from deskhand_guardrails.monitor import Store
from deskhand_guardrails.prompt import HAND_OVER, Source
from langchain_deskhand.testing import ScriptedChatModel

Served = Callable[..., str]


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    base = served()
    with httpx.Client(base_url=base, headers={"Origin": base}, trust_env=False, timeout=30) as client:
        yield client


def ask(client: httpx.Client, text: str) -> list[dict[str, Any]]:
    response = client.post("/chat/messages", json={"text": text})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    return [json.loads(part.removeprefix("data: ")) for part in response.text.split("\n\n") if part]


def test_a_question_is_answered_piece_by_piece_and_recorded(client: httpx.Client, store: Store) -> None:
    client.get("/chat")
    *pieces, done = ask(client, "Where is my parcel?")
    assert len(pieces) > 1
    assert "".join(piece["text"] for piece in pieces).startswith("Standard delivery takes **2 to 3 working days**.")
    assert done["done"] is True
    assert done["decision"] == "allow"
    assert {"title": "Delivery times and tracking", "url": "https://shop.example/help/delivery"} in done["sources"]
    turn = store.get(done["turn_id"])
    assert turn is not None
    assert turn.channel == "web"
    assert turn.conversation_id.startswith("web-")


def test_the_history_comes_from_the_store(client: httpx.Client, model: ScriptedChatModel) -> None:
    client.get("/chat")
    ask(client, "Where is my parcel?")
    ask(client, "And how do I return an item?")
    given = [str(message.content) for message in model.received[-1]]
    assert given[1] == "Where is my parcel?"
    assert given[2].startswith("Standard delivery")
    shown = client.get("/chat/history").json()
    assert [message["role"] for message in shown] == ["user", "assistant", "user", "assistant"]
    client.post("/chat/new")
    assert client.get("/chat/history").json() == []


def test_personal_data_is_neither_recorded_nor_shown_as_a_placeholder(client: httpx.Client, store: Store) -> None:
    client.get("/chat")
    ask(client, "Where is my parcel? Write to anna.schmidt@example.com")
    (turn,) = store.recent()
    assert "anna.schmidt" not in turn.question
    shown = client.get("/chat/history").json()[0]["content"]
    assert shown.endswith("Write to [email address]")


def test_a_held_back_answer_is_a_hand_over_with_nothing_of_the_draft(client: httpx.Client, store: Store) -> None:
    client.get("/chat")
    *pieces, done = ask(client, "When will I get my refund?")
    said = "".join(piece["text"] for piece in pieces)
    assert said == HAND_OVER
    assert (done["decision"], done["sources"]) == ("review", [])
    turn = store.get(done["turn_id"])
    assert turn is not None
    assert "75.50" in turn.answer


def test_a_failure_is_an_apology_without_details(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/chat")
    (event,) = ask(client, "Please crash: where is my parcel?")
    assert "Sorry" in event["error"]
    assert "RuntimeError" in caplog.text
    assert "the text of a customer" not in caplog.text


def test_without_a_cookie_of_ours_nothing_is_answered(client: httpx.Client) -> None:
    assert client.post("/chat/messages", json={"text": "hello"}).status_code == 403
    assert client.get("/chat/history").json() == []
    client.get("/chat")
    name, value = next(iter(client.cookies.items()))
    conversation_id, _, signature = value.partition(".")
    for forged in (f"web-another.{signature}", f"{conversation_id}.", f"{conversation_id}.ü", conversation_id, "."):
        headers = {"Cookie": f"{name}={forged}".encode()}
        with httpx.Client(base_url=client.base_url, headers=client.headers, trust_env=False) as other:
            assert other.post("/chat/messages", json={"text": "hello"}, headers=headers).status_code == 403  # type: ignore[arg-type]


def test_the_cookie_is_out_of_reach_of_scripts_and_sites(client: httpx.Client) -> None:
    cookie = client.get("/chat").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "set-cookie" not in client.get("/chat").headers
    with httpx.Client(base_url=client.base_url, trust_env=False) as new:
        behind_tls = new.get("/chat", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert "SameSite=None; Secure; Partitioned" in behind_tls


def test_a_cookie_outlives_the_process_when_there_is_a_key(served: Served) -> None:
    first, second = served(secret_key="k" * 32), served(secret_key="k" * 32)
    other = served(secret_key="other" * 8)
    with httpx.Client(trust_env=False) as client:
        headers = {"Cookie": client.get(f"{first}/chat").headers["set-cookie"].partition(";")[0]}
    with httpx.Client(trust_env=False) as client:
        assert "set-cookie" not in client.get(f"{second}/chat", headers=headers).headers
        assert "set-cookie" in client.get(f"{other}/chat", headers=headers).headers


def test_a_message_has_a_sensible_length(client: httpx.Client, store: Store) -> None:
    client.get("/chat")
    too_long = client.post("/chat/messages", json={"text": "x" * (MESSAGE_CHARACTERS + 1)})
    assert (too_long.status_code, "4,000 characters" in too_long.json()["error"]) == (413, True)
    empty = client.post("/chat/messages", json={"text": " \n "})
    assert (empty.status_code, empty.json()["error"]) == (422, "Please write your question first.")
    assert store.recent() == []


def test_too_many_questions_have_to_wait(client: httpx.Client) -> None:
    client.get("/chat")
    for _ in range(SESSION_A_MINUTE):
        assert client.post("/chat/messages", json={"text": ""}).status_code == 422
    refused = client.post("/chat/messages", json={"text": "hello"})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert "Please wait" in refused.json()["error"]


def test_a_thumb_down_is_queued_and_only_ones_own(client: httpx.Client, store: Store) -> None:
    client.get("/chat")
    done = ask(client, "Where is my parcel?")[-1]
    client.post("/chat/new")
    thumb = {"turn_id": done["turn_id"], "value": "down"}
    assert client.post("/chat/feedback", json=thumb).status_code == 404
    mine = ask(client, "Where is my parcel?")[-1]
    assert client.post("/chat/feedback", json={**thumb, "turn_id": mine["turn_id"]}).status_code == 204
    assert client.post("/chat/feedback", json={**thumb, "turn_id": "nobody"}).status_code == 404
    assert client.post("/chat/feedback", json={**thumb, "value": "sideways"}).status_code == 422
    assert [turn.feedback for turn in store.recent()] == ["down", None]


def test_a_window_of_calls_slides() -> None:
    now = [0.0]
    limit = RateLimit(2, 10, clock=lambda: now[0])
    assert [limit.wait("a"), limit.wait("a")] == [0, 0]
    now[0] = 4
    assert limit.wait("a") == 6
    assert limit.wait("b") == 0
    assert limit.full("a")
    now[0] = 10
    assert not limit.full("a")
    assert limit.wait("a") == 0


def test_many_addresses_do_not_fill_the_memory() -> None:
    limit = RateLimit(1, 10, clock=lambda: 0.0)
    for number in range(MOST_KEYS + 10):
        limit.wait(str(number))
    assert len(limit._calls) <= MOST_KEYS


def test_sources_show_nothing_of_other_customers() -> None:
    sources = (
        Source("My zip broke, says Anna", "", "ticket:7"),
        Source("Another one", "", "ticket:8"),
        Source("Returns", "", "articles/returns.md"),
        Source("Delivery", "", "https://shop.example/delivery"),
        Source("Odd", "", "javascript:alert(1)"),
    )
    assert shown_sources(sources) == [
        {"title": "A similar request we solved", "url": ""},
        {"title": "Returns", "url": ""},
        {"title": "Delivery", "url": "https://shop.example/delivery"},
        {"title": "Odd", "url": ""},
    ]


def test_placeholders_are_readable() -> None:
    assert readable("Dear <PERSON_1>, <ORDER_ID_12> & <b>") == "Dear [person], [order id] & <b>"
