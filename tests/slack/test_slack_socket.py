"""Socket Mode: tokens, the connection, and events over it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest

from deskhand.desk import Desk
from deskhand.settings import Settings
from deskhand.slack.run import check_tokens, run_slack, serve_socket
from deskhand.slack.testing import FakeSlack
from deskhand_guardrails.errors import ConfigError, UnavailableError
from langchain_deskhand.testing import ScriptedChatModel


@asynccontextmanager
async def connected(desk: Desk, settings: Settings) -> AsyncIterator[None]:
    """The app over Socket Mode while the block runs."""
    task = asyncio.create_task(serve_socket(desk, settings, interval=0.0))
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_an_event_over_the_socket_is_acknowledged_and_answered(
    desk: Desk, settings: Settings, slack: FakeSlack
) -> None:
    async with connected(desk, settings):
        asked = slack.mention("Where is my parcel?")
        assert "envelope_id" in await slack.deliver(asked)
        await slack.deliver(asked, retry=1)
        await slack.wait_for("chat.stopStream")
    assert [answer["thread_ts"] for answer in slack.answers()] == [asked["event"]["ts"]]


async def test_the_answer_that_is_being_written_is_finished_at_the_end(
    desk: Desk, settings: Settings, slack: FakeSlack
) -> None:
    async with connected(desk, settings):
        await slack.deliver(slack.mention("Where is my parcel?"))
        await slack.wait_for("assistant.threads.setStatus")
    assert [answer.get("streaming") for answer in slack.answers()] == [False]


def test_sigterm_ends_it_with_the_answer_finished(
    desk: Desk, settings: Settings, slack: FakeSlack, model: ScriptedChatModel
) -> None:
    model.delay = 0.02

    def ask_and_stop() -> None:
        asyncio.run(slack.deliver(slack.mention("Where is my parcel?"), seconds=20))
        os.kill(os.getpid(), signal.SIGTERM)

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask_and_stop)
        run_slack(desk, settings)
        asked.result()
    assert [answer["streaming"] for answer in slack.answers()] == [False]


def test_good_tokens_are_accepted(settings: Settings, slack: FakeSlack) -> None:
    check_tokens(settings)
    assert [call.method for call in slack.calls] == ["auth.test", "apps.connections.open"]


@pytest.mark.parametrize("name", ["slack_bot_token", "slack_app_token"])
def test_a_missing_token_is_named(desk: Desk, slack: FakeSlack, name: str) -> None:
    settings = Settings.model_validate({**slack.settings(), name: None})
    with pytest.raises(ConfigError, match=f"DESKHAND_{name.upper()}"):
        check_tokens(settings)
    with pytest.raises(ConfigError, match=f"DESKHAND_{name.upper()}"):
        run_slack(desk, settings)
    assert slack.calls == []


@pytest.mark.parametrize(
    ("name", "token", "code"),
    [
        ("slack_bot_token", "xoxb-revoked-4711", "invalid_auth"),
        ("slack_app_token", "xapp-revoked-4711", "invalid_auth"),
        ("slack_app_token", "xoxb-fake-bot-token", "not_allowed_token_type"),
    ],
)
def test_a_refused_token_says_which_and_what_to_do(
    desk: Desk, slack: FakeSlack, name: str, token: str, code: str
) -> None:
    settings = Settings.model_validate({**slack.settings(), name: token})
    with pytest.raises(UnavailableError) as refused:
        run_slack(desk, settings)
    message = str(refused.value)
    assert code in message
    assert f"DESKHAND_{name.upper()}" in message
    assert token not in message
    assert "\n" not in message


def test_a_slack_that_is_not_there_is_unavailable(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"slack_api_url": "http://127.0.0.1:9/api/"})
    with pytest.raises(UnavailableError, match="cannot be reached"):
        check_tokens(nowhere)
