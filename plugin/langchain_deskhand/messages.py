"""LangChain messages as plain text in the roles a prompt knows.

Content blocks are flattened before anything looks at them, so that the checks and the model read the same words. A
block that holds no text (a picture, a sound, a file) becomes a mark such as ``[image]``: what was sent is not forgotten
in silence, and nothing that no rail has seen goes on to the model.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from deskhand_guardrails.parts import flatten

__all__ = [
    "REMOVED",
    "WITHHELD",
    "Role",
    "flatten",
    "in_words",
    "is_tool_result",
    "role_of",
    "text_of",
    "turns_of",
    "written",
]

Role = Literal["system", "user", "assistant"]

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "assistant": "assistant",
}

REMOVED = "(This message was removed.)"
"""Stands where a customer's message did not pass."""

WITHHELD = "(The result was withheld: it did not pass the policy.)"
"""Stands where a tool's result did not pass: a model that called a tool must be given some result."""


def role_of(message: BaseMessage) -> Role:
    """Who speaks: ``user`` for whatever is neither the model nor the developer, so that it is trusted least."""
    return _ROLES.get(getattr(message, "role", message.type), "user")


def is_tool_result(message: BaseMessage) -> bool:
    """Whether the message carries what a tool or function returned."""
    return isinstance(message, ToolMessage) or message.type in ("function", "tool")


def text_of(message: BaseMessage) -> str:
    """The message's words; a tool's result is introduced as such."""
    text = flatten(message.content)
    if is_tool_result(message) and text:
        return f"Result of {message.name or 'a tool'}: {text}"
    return text


def turns_of(messages: Sequence[BaseMessage], *, calls: bool) -> list[dict[str, Any]]:
    """The messages as chat templates take them: with ``calls`` tool calls and results as such, otherwise as text."""
    turns: list[dict[str, Any]] = []
    names: dict[str | None, str] = {}
    for message in messages:
        turn: dict[str, Any] = {"role": role_of(message), "content": text_of(message)}
        if calls and isinstance(message, AIMessage) and message.tool_calls:
            names |= {call["id"]: call["name"] for call in message.tool_calls}
            turn["tool_calls"] = [
                {
                    "id": _short(call["id"]),
                    "type": "function",
                    "function": {"name": call["name"], "arguments": call["args"]},
                }
                for call in message.tool_calls
            ]
        elif calls and isinstance(message, ToolMessage):
            name = message.name or names.get(message.tool_call_id, "")
            content = flatten(message.content)
            turn = {"role": "tool", "content": content, "name": name, "tool_call_id": _short(message.tool_call_id)}
        turns.append(turn)
    return turns


def in_words(turn: dict[str, Any]) -> dict[str, str]:
    """One of ``turns_of`` for a template that refuses calls and results in this place."""
    if turn["role"] == "tool":
        return {"role": "user", "content": f"Result of {turn['name'] or 'a tool'}: {turn['content']}"}
    called = [json.dumps(call["function"], ensure_ascii=False) for call in turn.get("tool_calls", ())]
    return {"role": turn["role"], "content": "\n".join([*filter(None, [turn["content"]]), *called])}


def _short(identifier: str | None) -> str:
    """Mistral's templates refuse ids that are not nine letters and digits."""
    text = identifier or ""
    return text if re.fullmatch("[A-Za-z0-9]{9}", text) else hashlib.sha256(text.encode()).hexdigest()[:9]


def written(message: BaseMessage) -> str:
    """What the model says in its message, or in a piece of it; its reasoning and other blocks are not part of that."""
    if isinstance(message.content, str):
        return message.content
    return "".join(
        block if isinstance(block, str) else str(block.get("text") or "")
        for block in message.content
        if isinstance(block, str) or block.get("type") == "text"
    )
