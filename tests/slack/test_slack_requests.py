"""The door: who may deliver anything, and what is written down about those who may not."""

from __future__ import annotations

import logging
import time

import pytest

from deskhand.desk import Desk
from deskhand.settings import Settings
from deskhand.slack import create_slack_app, slack_routes
from deskhand.slack.testing import Bench, FakeSlack, signed_request
from deskhand_guardrails.errors import ConfigError
from langchain_deskhand.testing import ScriptedChatModel

SECRET_TEXT = "my card is 4111 1111 1111 1111"


async def test_the_answer_is_not_waited_for(bench: Bench, slack: FakeSlack, model: ScriptedChatModel) -> None:
    model.delay = 0.1
    began = time.monotonic()
    response = await bench.post(slack.mention("Where is my parcel?"))
    assert (response.status_code, slack.called("chat.stopStream")) == (200, [])
    assert time.monotonic() - began < 3.0, "Slack delivers again what is not acknowledged in 3 seconds"
    await bench.settle()
    assert len(slack.called("chat.stopStream")) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v\u00f6"},
        {"X-Slack-Request-Timestamp": str(int(time.time()) - 1)},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "yesterday"},
        {"X-Slack-Request-Timestamp": "-1"},
    ],
)
async def test_a_request_that_slack_did_not_sign_is_refused(
    bench: Bench, slack: FakeSlack, change: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    headers, body = signed_request(slack.mention(SECRET_TEXT), slack.signing_secret)
    raw = {name.encode(): value.encode("latin-1") for name, value in {**headers, **change}.items()}
    response = await bench.http.post("/slack/events", content=body, headers=raw)
    await bench.settle()
    assert response.status_code == 401
    assert slack.calls == []
    assert "4111" not in caplog.text


async def test_another_secret_is_refused(bench: Bench, slack: FakeSlack) -> None:
    assert (await bench.post(slack.mention("Hello"), secret="guessed")).status_code == 401
    assert slack.calls == []


@pytest.mark.parametrize("age", [-400, 400])
async def test_an_old_or_future_request_is_refused(bench: Bench, slack: FakeSlack, age: int) -> None:
    response = await bench.post(slack.mention("Hello"), timestamp=int(time.time()) + age)
    assert response.status_code == 401
    assert slack.calls == []


async def test_a_changed_body_is_refused(bench: Bench, slack: FakeSlack) -> None:
    headers, body = signed_request(slack.mention("Hello"), slack.signing_secret)
    response = await bench.http.post("/slack/events", content=body.replace(b"Hello", b"HELLO"), headers=headers)
    assert response.status_code == 401


@pytest.mark.parametrize(("body", "status"), [(b"x" * (2**20 + 1), 413), (b"\xff\xfe", 400), (b"ssl_check=1", 401)])
async def test_a_body_that_slack_would_not_send_is_refused(
    bench: Bench, slack: FakeSlack, body: bytes, status: int
) -> None:
    response = await bench.http.post("/slack/events", content=body)
    assert response.status_code == status
    assert slack.calls == []


async def test_the_address_is_confirmed(bench: Bench) -> None:
    response = await bench.post({"type": "url_verification", "challenge": "abc"})
    assert response.json() == {"challenge": "abc"}


async def test_an_event_that_nobody_asked_for_is_acknowledged(bench: Bench, slack: FakeSlack) -> None:
    await bench.ask(slack.event({"type": "reaction_added", "user": "U0CUSTOMER"}))
    assert slack.answers() == []


async def test_nothing_that_was_said_is_logged(
    bench: Bench, slack: FakeSlack, model: ScriptedChatModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    model.answers = [RuntimeError(SECRET_TEXT)]
    await bench.ask(slack.mention(SECRET_TEXT), slack.direct_message(SECRET_TEXT))
    await bench.post({"type": "shortcut", "callback_id": SECRET_TEXT})
    await bench.settle()
    ours = [record for record in caplog.records if "slack" in record.name]
    assert any("RuntimeError" in record.getMessage() for record in ours)
    written = "\n".join(f"{record.getMessage()} {record.exc_info}" for record in ours)
    assert "4111" not in written
    assert slack.bot_token not in caplog.text


def test_without_a_signing_secret_there_are_no_routes(desk: Desk, slack: FakeSlack) -> None:
    settings = Settings.model_validate({**slack.settings(), "slack_signing_secret": None})
    with pytest.raises(ConfigError, match="DESKHAND_SLACK_SIGNING_SECRET"):
        slack_routes(create_slack_app(desk, settings))


def test_without_a_bot_token_there_is_no_app(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="DESKHAND_SLACK_BOT_TOKEN"):
        create_slack_app(desk, Settings())
