"""LangChain messages as plain text in the roles a prompt knows.

Content blocks are flattened before anything looks at them, so that the checks and the model read the same words. A
block that holds no text (a picture, a sound, a file) becomes a mark such as ``[image]``: what was sent is not forgotten
in silence, and nothing that no rail has seen goes on to the model.
"""

from __future__ import annotations

from typing import Literal

from langchain_core.messages import BaseMessage, ToolMessage

from deskhand_guardrails.parts import flatten

__all__ = ["REMOVED", "WITHHELD", "Role", "flatten", "is_tool_result", "role_of", "text_of", "written"]

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


def written(message: BaseMessage) -> str:
    """What the model says in its message, or in a piece of it; its reasoning and other blocks are not part of that."""
    if isinstance(message.content, str):
        return message.content
    return "".join(
        block if isinstance(block, str) else str(block.get("text") or "")
        for block in message.content
        if isinstance(block, str) or block.get("type") == "text"
    )
