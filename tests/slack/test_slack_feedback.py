"""The thumbs below an answer."""

from __future__ import annotations

import logging

import pytest

from deskhand.slack.testing import Bench, FakeSlack
from deskhand_guardrails.monitor import Store


@pytest.mark.parametrize(("button", "thumb"), [("positive_button", "up"), ("negative_button", "down")])
async def test_a_thumb_reaches_the_record(
    bench: Bench, slack: FakeSlack, store: Store, button: str, thumb: str
) -> None:
    await bench.ask(slack.mention("Where is my parcel?"))
    await bench.ask(slack.press(slack.answers()[0], button))
    [turn] = store.recent()
    assert turn.feedback == thumb
    assert (turn.channel, turn.conversation_id.split(":")[:2]) == ("slack", ["T0FAKE", "C0HELP"])


@pytest.mark.parametrize("value", ["up:nobody-recorded-this", "sideways:1", "", "up:" + "x" * 500])
async def test_a_button_that_leads_nowhere_is_acknowledged(
    bench: Bench, slack: FakeSlack, store: Store, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.ask(slack.mention("Where is my parcel?"))
    pressed = slack.press(slack.answers()[0], "positive_button")
    pressed["actions"][0]["value"] = value
    with caplog.at_level(logging.WARNING):
        await bench.ask(pressed)
    assert store.recent()[0].feedback is None
    assert "feedback" in caplog.text


async def test_an_unknown_button_is_acknowledged(bench: Bench, slack: FakeSlack, store: Store) -> None:
    await bench.ask(slack.mention("Where is my parcel?"))
    pressed = slack.press(slack.answers()[0], "positive_button")
    pressed["actions"][0]["action_id"] = "of_an_older_version"
    await bench.ask(pressed)
    assert store.recent()[0].feedback is None
