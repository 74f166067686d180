"""The manifest asks for what the code uses, all of it and nothing else."""

from __future__ import annotations

import json

import pytest

from deskhand.desk import Desk
from deskhand.settings import Settings
from deskhand.slack import create_slack_app, manifest_text
from deskhand.slack.manifest import EVENTS, SCOPES, manifest
from deskhand.slack.testing import Bench, FakeSlack

CHANNELS = ("C0HELP", "G0HELP", "D0DIRECT", "M0GROUP")


async def two_questions_everywhere(slack: FakeSlack, bench: Bench) -> set[str | None]:
    """Asks and asks again in every kind of channel; returns what Slack refused."""
    for channel in CHANNELS:
        first = slack.mention("Where is my parcel?", channel=channel)
        await bench.ask(
            first, slack.mention("Can you look again, please?", channel=channel, thread_ts=first["event"]["ts"])
        )
    return {call.error for call in slack.calls}


def test_the_text_is_the_manifest() -> None:
    assert json.loads(manifest_text(name="Fernweh")) == manifest(name="Fernweh")
    assert manifest()["oauth_config"]["scopes"]["bot"] == sorted(SCOPES)
    assert manifest()["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)
    assert manifest()["settings"]["interactivity"]["is_enabled"] is True


def test_http_takes_the_place_of_socket_mode() -> None:
    settings = manifest(request_url="https://desk.example/slack/events")["settings"]
    assert settings["socket_mode_enabled"] is False
    assert settings["event_subscriptions"]["request_url"] == settings["interactivity"]["request_url"]
    assert manifest()["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in manifest()["settings"]["event_subscriptions"]


@pytest.mark.parametrize("event", EVENTS)
async def test_every_event_is_answered(bench: Bench, slack: FakeSlack, event: str) -> None:
    payloads = {"app_mention": slack.mention, "message.im": slack.direct_message}
    await bench.ask(payloads[event]("Where is my parcel?"))
    assert len(slack.answers()) == 1


async def test_the_scopes_are_enough(bench: Bench, slack: FakeSlack) -> None:
    assert await two_questions_everywhere(slack, bench) == {None}
    assert len(slack.answers()) == 2 * len(CHANNELS)


# Without app_mentions:read Slack does not deliver the event; every other scope is asked for by a call.
@pytest.mark.parametrize("scope", sorted({*SCOPES} - {"app_mentions:read"}))
async def test_no_scope_is_left_over(desk: Desk, scope: str) -> None:
    with FakeSlack(scopes={*SCOPES} - {scope}) as slack:
        app = create_slack_app(desk, Settings.model_validate(slack.settings()), interval=0.0)
        async with Bench(slack, app) as bench:
            assert "missing_scope" in await two_questions_everywhere(slack, bench)
