"""Messages as text, greetings, and fitting a conversation into a context."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage

from deskhand_guardrails.errors import InputError
from deskhand_guardrails.smalltalk import asks, small_talk
from langchain_deskhand.messages import flatten, role_of, text_of
from langchain_deskhand.window import fit, room_for_prompt

CONTENT: list[tuple[Any, str]] = [
    ("plain", "plain"),
    ([], ""),
    (["one", {"type": "text", "text": "two"}], "one\ntwo"),
    ([{"type": "input_text", "text": "typed"}], "typed"),
    ([{"type": "image_url", "image_url": {"url": "data:..."}}, {"type": "text", "text": "this"}], "[image]\nthis"),
    ([{"type": "tool_result", "content": [{"type": "text", "text": "inner"}]}], "inner"),
    ([{"type": "tool_use", "name": "refund", "input": {}}, {"type": "text", "text": "Done."}], "Done."),
    ([{"type": "reasoning", "reasoning": "hm"}], ""),
    ([{"type": "file", "base64": "AAAA"}, 7], "[file]\n[attachment]"),
]


@pytest.mark.parametrize(("content", "text"), CONTENT)
def test_content_is_flattened(content: Any, text: str) -> None:
    assert flatten(content) == text


def test_roles() -> None:
    table: list[tuple[BaseMessage, str]] = [
        (HumanMessage("x"), "user"),
        (AIMessage("x"), "assistant"),
        (SystemMessage("x"), "system"),
        (ToolMessage("x", tool_call_id="1"), "user"),
        (ChatMessage(content="x", role="assistant"), "assistant"),
        (ChatMessage(content="x", role="moderator"), "user"),
    ]
    for message, role in table:
        assert role_of(message) == role
    assert text_of(ToolMessage("42", tool_call_id="1", name="count")) == "Result of count: 42"


SMALL_TALK = {
    "greeting": ["Hi", "hello there!", "Good morning", "Hallo", "Hola, buenos días"],
    "thanks": ["Thank you so much for your help :)", "ok, thanks", "Hi, thanks!", "Bye!", "Merci"],
}
NO_SMALL_TALK = [
    "",
    "Hi, where is my parcel?",
    "thanks?",
    "very good",
    "hello 17",
    "thanks for nothing, I want a refund",
    "ok ok ok ok ok ok ok ok ok ok ok ok ok",
    "the the",
]


@pytest.mark.parametrize(("text", "kind"), [(text, kind) for kind, texts in SMALL_TALK.items() for text in texts])
def test_small_talk(text: str, kind: str) -> None:
    assert small_talk(text) == kind


@pytest.mark.parametrize("text", NO_SMALL_TALK)
def test_no_small_talk(text: str) -> None:
    assert small_talk(text) is None


def letters(conversation: Any) -> list[int]:
    return [0] * sum(len(message["content"]) for message in conversation)


def test_whole_turns_are_left_out_oldest_first() -> None:
    conversation = [
        {"role": "system", "content": "SSSS"},
        {"role": "assistant", "content": "hi"},
        {"role": "user", "content": "aaaa"},
        {"role": "assistant", "content": "bbbb"},
        {"role": "user", "content": "cccc"},
        {"role": "assistant", "content": "dddd"},
        {"role": "user", "content": "eeee"},
    ]
    table = [(26, 26, 0), (25, 16, 3), (16, 16, 3), (15, 8, 5), (8, 8, 5)]
    for room, tokens, dropped in table:
        prompt, left_out = fit(conversation, room, letters)
        assert (len(prompt), left_out) == (tokens, dropped), room
    with pytest.raises(InputError, match="take 8 tokens and the model has room for 7"):
        fit(conversation, 7, letters)


def test_the_answer_keeps_at_most_half_of_the_context() -> None:
    assert room_for_prompt(1000, 200) == 800
    assert room_for_prompt(1000, 5000) == 500


@pytest.mark.parametrize("text", ["Shall I cancel it?", "Is it blue? I have to know.", "I can.\nWould you like that?"])
def test_the_desk_asks(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text", ["", "It is on its way.", "Is there anything else I can do?", "Done. Does that help?", "Noch Fragen?"]
)
def test_the_desk_asks_nothing(text: str) -> None:
    assert not asks(text)
