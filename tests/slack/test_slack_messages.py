"""Which messages are answered, where, and with what the thread held before."""

from __future__ import annotations

from typing import Any

import pytest

from deskhand.slack.testing import Bench, FakeSlack
from langchain_deskhand.testing import ScriptedChatModel

ANSWER = "Your parcel left our warehouse. It is usually quick."


def given(model: ScriptedChatModel) -> list[tuple[str, str]]:
    """What the model read in its last call, without the instructions."""
    return [(message.type, message.text) for message in model.received[-1] if message.type != "system"]


async def test_a_mention_is_answered_in_a_thread_below_it(bench: Bench, slack: FakeSlack) -> None:
    asked = slack.mention("Where is my parcel?")
    await bench.ask(asked)
    [answer] = slack.answers()
    assert answer["text"] == ANSWER
    assert (answer["channel"], answer["thread_ts"]) == ("C0HELP", asked["event"]["ts"])


async def test_the_model_reads_the_question_without_the_mention(
    bench: Bench, slack: FakeSlack, model: ScriptedChatModel
) -> None:
    await bench.ask(slack.mention("Where is my parcel &amp; my <https://shop.example/bill|bill>?"))
    assert given(model) == [("human", "Where is my parcel & my bill (https://shop.example/bill)?")]


async def test_a_direct_message_is_answered_in_its_thread(bench: Bench, slack: FakeSlack) -> None:
    asked = slack.direct_message("Where is my parcel?")
    await bench.ask(asked)
    [answer] = slack.answers()
    assert (answer["channel"], answer["thread_ts"]) == ("D0DIRECT", asked["event"]["ts"])


async def test_a_follow_up_carries_the_thread(bench: Bench, slack: FakeSlack, model: ScriptedChatModel) -> None:
    first = slack.mention("Where is my parcel?")
    await bench.ask(first)
    slack.workspace.say("C0HELP", "U0OTHER", "I wonder too", thread_ts=first["event"]["ts"])
    slack.workspace.say("C0HELP", "U0CI", "Build passed", thread_ts=first["event"]["ts"], bot_id="B0CI")
    await bench.ask(slack.mention("Can you look again, please?", thread_ts=first["event"]["ts"]))
    assert given(model) == [
        ("human", "Where is my parcel?"),
        ("ai", ANSWER),
        ("human", "I wonder too"),
        ("human", "Can you look again, please?"),
    ]
    assert {answer["thread_ts"] for answer in slack.answers()} == {first["event"]["ts"]}


async def test_only_the_newest_of_a_long_thread_is_read(
    bench: Bench, slack: FakeSlack, model: ScriptedChatModel
) -> None:
    first = slack.workspace.say("C0HELP", "U0CUSTOMER", "number 0")
    for number in range(1, 230):
        slack.workspace.say("C0HELP", "U0CUSTOMER", f"number {number}", thread_ts=first["ts"])
    await bench.ask(slack.mention("So?", thread_ts=first["ts"]))
    assert given(model)[0] == ("human", "number 210")
    assert given(model)[-2:] == [("human", "number 229"), ("human", "So?")]
    assert len(slack.called("conversations.replies")) == 2


async def test_a_thread_that_cannot_be_read_is_answered_without_it(
    bench: Bench, slack: FakeSlack, model: ScriptedChatModel
) -> None:
    first = slack.workspace.say("C0HELP", "U0CUSTOMER", "Where is my parcel?")
    slack.refuse("conversations.replies", "missing_scope")
    await bench.ask(slack.mention("So?", thread_ts=first["ts"]))
    assert given(model) == [("human", "So?")]
    assert slack.answers()[0]["text"] == ANSWER


async def test_two_questions_of_a_thread_are_answered_one_after_the_other(
    bench: Bench, slack: FakeSlack, model: ScriptedChatModel
) -> None:
    first = slack.mention("Where is my parcel?")
    second = slack.mention("Can you look again, please?", thread_ts=first["event"]["ts"])
    await bench.ask(first, second)
    assert [message[0] for message in given(model)] == ["human", "human"]
    assert len(slack.answers()) == 2
    third = slack.mention("Is it there by now?", thread_ts=first["event"]["ts"])
    await bench.ask(third)
    assert [message[0] for message in given(model)] == ["human", "human", "ai", "ai", "human"]


async def test_a_customer_of_another_workspace_is_answered(bench: Bench, slack: FakeSlack) -> None:
    await bench.ask(slack.mention("Where is my parcel?", user="U0EXTERNAL", user_team="T0ELSEWHERE", team="T0FAKE"))
    assert slack.answers()[0]["text"] == ANSWER
    started = slack.called("chat.startStream")[0].arguments
    assert (started["recipient_user_id"], started["recipient_team_id"]) == ("U0EXTERNAL", "T0ELSEWHERE")


async def test_a_bare_mention_is_greeted_without_the_model(
    bench: Bench, slack: FakeSlack, model: ScriptedChatModel
) -> None:
    await bench.ask(slack.mention(""))
    assert "help you" in slack.answers()[0]["text"]
    assert model.received == []


NOT_FOR_US: dict[str, dict[str, Any]] = {
    "its own message": {"user": "U0BOT"},
    "its own message without a user": {"user": None, "bot_id": "B0BOT"},
    "another bot": {"bot_id": "B0CI", "subtype": "bot_message"},
    "a bot with a profile": {"bot_profile": {"id": "B0CI"}},
    "Slackbot": {"user": "USLACKBOT"},
    "an edit": {"subtype": "message_changed", "hidden": True, "message": {"text": "x"}},
    "a deletion": {"subtype": "message_deleted", "hidden": True},
    "an edited mention": {"edited": {"user": "U0CUSTOMER", "ts": "1700000001.000000"}},
    "somebody joining": {"subtype": "channel_join"},
    "a message without an author": {"user": None},
}


@pytest.mark.parametrize("kind", ["mention", "direct_message"])
async def test_what_is_not_a_question_is_acknowledged_and_left_alone(
    bench: Bench, slack: FakeSlack, model: ScriptedChatModel, kind: str
) -> None:
    assert len(NOT_FOR_US) == 10
    say = slack.mention if kind == "mention" else slack.direct_message
    for name, more in NOT_FOR_US.items():
        payload = say("Hello")
        payload["event"] |= more
        await bench.ask(payload)
        assert {call.method for call in slack.calls} <= {"auth.test"}, name
    assert model.received == []
    await bench.ask(say("Hello"))
    assert len(model.received) == 1, "the same message without what makes it not a question"


async def test_channel_messages_that_mention_nobody_are_left_alone(bench: Bench, slack: FakeSlack) -> None:
    payload = slack.event({"type": "message", "channel_type": "channel", **slack.workspace.say("C0HELP", "U1", "Hi")})
    await bench.ask(payload)
    assert slack.called("chat.startStream") == []


async def test_a_repeated_delivery_is_answered_once(bench: Bench, slack: FakeSlack) -> None:
    asked = slack.mention("Where is my parcel?")
    assert (await bench.post(asked)).status_code == 200
    for number in (1, 2, 3):
        assert (await bench.post(asked, retry=number)).status_code == 200
    await bench.settle()
    assert len(slack.answers()) == 1


async def test_a_repetition_of_what_never_arrived_is_answered(bench: Bench, slack: FakeSlack) -> None:
    assert (await bench.post(slack.mention("Where is my parcel?"), retry=1)).status_code == 200
    await bench.settle()
    assert len(slack.answers()) == 1


async def test_one_message_in_two_events_is_answered_once(bench: Bench, slack: FakeSlack) -> None:
    asked = slack.direct_message("Where is my parcel?")
    again = slack.event({**asked["event"], "subtype": "thread_broadcast"})
    mention = slack.event({**asked["event"], "type": "app_mention"})
    await bench.ask(asked, again, mention)
    assert len(slack.answers()) == 1
