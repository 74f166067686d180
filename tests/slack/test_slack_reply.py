"""How an answer appears: streamed, edited, in parts, and what the customer sees when Slack refuses."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from deskhand.desk import Desk
from deskhand.settings import Settings
from deskhand.slack import create_slack_app
from deskhand.slack.answering import APOLOGY
from deskhand.slack.reply import PLACEHOLDER
from deskhand.slack.testing import Bench, FakeSlack
from langchain_deskhand.testing import ScriptedChatModel

ANSWER = "Your parcel left our warehouse. It is usually quick."


COLOURS = ("red", "blue", "green", "brown", "white", "black", "grey", "orange", "yellow")


def sentences(count: int, words: int = 3) -> str:
    """An answer in which the policy finds nothing to object to."""
    return " ".join(f"It comes in {', '.join(COLOURS[at % 9] for at in range(n, n + words))}." for n in range(count))


def kinds(message: dict[str, object]) -> list[str]:
    blocks = message.get("blocks") or []
    assert isinstance(blocks, list)
    return [block["type"] for block in blocks]


async def test_an_answer_is_streamed_with_a_status(bench: Bench, slack: FakeSlack) -> None:
    await bench.ask(slack.mention("Where is my parcel?"))
    methods = [call.method for call in slack.calls]
    assert methods[:3] == ["auth.test", "assistant.threads.setStatus", "chat.startStream"]
    assert methods[-1] == "chat.stopStream"
    [answer] = slack.answers()
    assert answer["text"] == ANSWER
    assert answer["streaming"] is False
    assert kinds(answer)[-1] == "context_actions"


async def test_slack_is_called_at_its_own_pace(
    slack: FakeSlack, desk: Desk, settings: Settings, model: ScriptedChatModel
) -> None:
    model.answers = [long := sentences(12)]
    model.delay = 0.01
    async with Bench(slack, create_slack_app(desk, settings, interval=0.4)) as bench:
        await bench.ask(slack.mention("Tell me more"))
    calls = [call for call in slack.calls if call.method in ("chat.startStream", "chat.appendStream")]
    assert calls, "nothing was shown before the end"
    gaps = [later.at - earlier.at for earlier, later in pairwise(calls)]
    assert all(gap >= 0.35 for gap in gaps)
    assert slack.answers()[0]["text"] == long


async def test_without_streaming_one_message_is_edited(
    bench: Bench, slack: FakeSlack, model: ScriptedChatModel
) -> None:
    slack.refuse("chat.startStream", "unknown_method")
    await bench.ask(slack.mention("Where is my parcel?"))
    [answer] = slack.answers()
    assert answer["text"] == ANSWER
    assert kinds(answer)[0] == "markdown"
    assert kinds(answer)[-1] == "context_actions"
    assert answer["blocks"][0]["text"] == ANSWER
    await bench.ask(slack.mention("And the other?"))
    assert len(slack.called("chat.startStream")) == 1, "an app that cannot stream need not try again"


async def test_without_a_status_line_a_placeholder_becomes_the_answer(bench: Bench, slack: FakeSlack) -> None:
    slack.refuse("assistant.threads.setStatus", "missing_scope")
    await bench.ask(slack.mention("Where is my parcel?"))
    assert slack.called("chat.postMessage")[0].arguments["text"] == PLACEHOLDER
    [answer] = slack.answers()
    assert answer["text"] == ANSWER


@pytest.mark.parametrize("method", ["chat.appendStream", "chat.stopStream"])
async def test_a_stream_that_breaks_is_finished_by_editing(bench: Bench, slack: FakeSlack, method: str) -> None:
    slack.refuse(method, "message_not_in_streaming_state", times=1)
    await bench.ask(slack.mention("Where is my parcel?"))
    assert [answer["text"] for answer in slack.answers()] == [ANSWER]


async def test_a_stream_that_neither_ends_nor_takes_edits_is_followed_by_a_message(
    bench: Bench, slack: FakeSlack
) -> None:
    slack.refuse("chat.stopStream", "internal_error")
    await bench.ask(slack.mention("Where is my parcel?"))
    assert slack.answers()[-1]["text"] == ANSWER


@pytest.mark.parametrize("method", ["chat.startStream", "chat.stopStream", "assistant.threads.setStatus", "auth.test"])
async def test_too_many_requests_are_waited_out(bench: Bench, slack: FakeSlack, method: str) -> None:
    slack.rate_limit(method, retry_after=0)
    await bench.ask(slack.mention("Where is my parcel?"))
    assert len(slack.called(method)) == 2
    assert [answer["text"] for answer in slack.answers()] == [ANSWER]


async def test_the_wait_is_as_long_as_slack_says(bench: Bench, slack: FakeSlack) -> None:
    slack.rate_limit("chat.startStream", retry_after=1)
    began = time.monotonic()
    await bench.ask(slack.mention("Where is my parcel?"))
    assert time.monotonic() - began >= 1.0
    assert slack.answers()[0]["text"] == ANSWER


async def test_edits_beyond_the_rate_are_left_out(bench: Bench, slack: FakeSlack, model: ScriptedChatModel) -> None:
    model.answers = [long := sentences(9)]
    slack.refuse("chat.startStream", "unknown_method")
    slack.rate_limit("chat.update", retry_after=0, times=3)  # the call and both its repetitions
    await bench.ask(slack.mention("Tell me more"))
    assert [answer["text"] for answer in slack.answers()] == [long]


async def test_refused_blocks_leave_the_text(bench: Bench, slack: FakeSlack) -> None:
    slack.refuse("chat.startStream", "unknown_method")
    slack.refuse("chat.postMessage", "invalid_blocks", times=1)
    await bench.ask(slack.mention("Where is my parcel?"))
    assert slack.answers()[-1]["text"] == ANSWER


async def test_a_failing_model_is_an_apology(bench: Bench, slack: FakeSlack, model: ScriptedChatModel) -> None:
    model.answers = [RuntimeError("cuda out of memory")]
    asked = slack.mention("Where is my parcel?")
    await bench.ask(asked)
    [answer] = slack.answers()
    assert answer["text"] == APOLOGY
    assert answer["thread_ts"] == asked["event"]["ts"]
    assert kinds(answer) == []


async def test_a_slack_that_refuses_everything_ends_nothing(
    bench: Bench, slack: FakeSlack, model: ScriptedChatModel
) -> None:
    methods = ("chat.startStream", "chat.postMessage", "assistant.threads.setStatus")
    for method in methods:
        slack.refuse(method, "not_in_channel")
    await bench.ask(slack.mention("Where is my parcel?"))
    assert slack.answers() == []
    for method in methods:
        slack.restore(method)
    await bench.ask(slack.mention("Where is my parcel?"))
    assert slack.answers()[-1]["text"] == ANSWER


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_long_answer_is_continued_in_further_messages(
    bench: Bench, slack: FakeSlack, model: ScriptedChatModel, streaming: bool
) -> None:
    model.answers, model.chunk_size = [long := sentences(40, words=45)], 500
    if not streaming:
        slack.refuse("chat.startStream", "unknown_method")
    await bench.ask(slack.mention("Where are my parcels?"))
    answers = slack.answers()
    assert len(answers) == len(long) // 12_000 + 1
    shown = [next((b["text"] for b in a.get("blocks", ()) if b["type"] == "markdown"), a["text"]) for a in answers]
    assert "".join(shown) == long
    assert all(len(text) <= 12_000 for text in shown)
    assert [kinds(answer)[-1:] == ["context_actions"] for answer in answers] == [False] * (len(answers) - 1) + [True]


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("summons", ["<!channel>", "<!here>", "<@U0BOSS>", "@everyone", "<!subteam^S1>"])
async def test_an_answer_cannot_summon_anybody(
    bench: Bench, slack: FakeSlack, model: ScriptedChatModel, summons: str, streaming: bool
) -> None:
    model.answers, model.chunk_size = [f"Please ask {summons} about it."], 1
    if not streaming:
        slack.refuse("chat.startStream", "unknown_method")
    await bench.ask(slack.mention("Who knows?"))
    sent = [str(call.arguments) for call in slack.calls if call.method.startswith("chat.")]
    assert sent
    assert not any(summons in text for text in sent)
