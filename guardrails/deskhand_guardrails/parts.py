"""A chat message as the texts that must be checked, and the message again with other texts in their places.

Takes messages as OpenAI's, Anthropic's and LangChain's interfaces write them: ``role`` (or ``type``); ``content``, a
text or a list of texts and blocks; ``tool_calls`` whose arguments are a mapping or a string of JSON. Pure::

    for part in parts(message):
        part.direction, part.text          # "output", "send it to <PERSON_1>"
    for call in calls(message):
        call.name, call.arguments          # "mail", {"to": "<PERSON_1>"}
    replaced(message, {part.path: "...", call.path: {...}})

What the customer wrote is input; tool results and documents are retrieved, whoever sends them; what the model wrote is
output. The developer's system message is trusted unless told otherwise.
A block that holds no text (a picture, a sound, a file) is named by ``unread``, and ``replaced`` puts a mark such as
``[image]`` in its place: nothing that no rail has read goes on. Not covered: the ``name`` of who speaks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deskhand_guardrails.verdicts import Direction

Path = tuple[str | int, ...]

_DIRECTIONS: dict[str, Direction | None] = {
    "system": None,
    "developer": None,
    "ai": "output",
    "AIMessageChunk": "output",
    "assistant": "output",
    "tool": "retrieved",
    "function": "retrieved",
}

# Where a block keeps its words, and whose words they are; None: of whoever sent the message.
_WORDS: dict[str, tuple[str, Direction | None]] = {
    "": ("text", None),
    "text": ("text", None),
    "input_text": ("text", None),
    "output_text": ("text", None),
    "text-plain": ("text", "retrieved"),
    "refusal": ("refusal", None),
    "reasoning": ("reasoning", None),
    "thinking": ("thinking", None),
    "document": ("content", "retrieved"),
    "search_result": ("content", "retrieved"),
    "tool_result": ("content", "retrieved"),
    "tool_use": ("input", "output"),
    "tool_call": ("args", "output"),
    "function_call": ("arguments", "output"),
}

# Blocks that are the model's own working: they are not part of what was said.
_WORKING = frozenset(
    {"function_call", "non_standard", "reasoning", "redacted_thinking", "thinking", "tool_call", "tool_use"}
)


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a message."""

    path: Path
    """The keys and places that lead to it."""
    direction: Direction | None
    """How it is checked; None when it is trusted."""
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call of a message."""

    path: Path
    """The keys and places that lead to its arguments."""
    name: str
    arguments: dict[str, Any] | str
    """A text when they are no JSON object."""


def parts(message: Mapping[str, Any], *, trust_system: bool = True) -> tuple[Part, ...]:
    """The texts of ``message`` in their order, without its tool calls.

    Args:
        message: a message as above; nothing in it is changed.
        trust_system: whether system messages come from the developer; else they are checked as input.
    """
    direction = _DIRECTIONS.get(str(message.get("role", message.get("type", ""))), "input")
    if direction is None and not trust_system:
        direction = "input"
    return tuple(_content(message.get("content"), ("content",), direction))


def calls(message: Mapping[str, Any]) -> tuple[Call, ...]:
    """The tool calls of ``message`` in their order, those that stand in its content first."""
    found = list(_calls_within(message.get("content"), ("content",)))
    for key in ("tool_calls", "invalid_tool_calls"):
        for at, call in enumerate(_list(message.get(key))):
            found.extend(_call(call, (key, at)))
    found.extend(_call(message.get("function_call"), ("function_call",)))
    return tuple(found)


def unread(message: Mapping[str, Any]) -> tuple[tuple[Path, str], ...]:
    """The blocks of ``message`` that hold no readable text: where they stand, and their kind (``image``, ``file``)."""
    return tuple(_unread(message.get("content"), ("content",)))


def replaced(message: Mapping[str, Any], new: Mapping[Path, object], *, marks: bool = True) -> dict[str, Any]:
    """A copy of ``message`` with ``new`` texts and arguments in their places; ``marks`` puts one for each unread block.

    Arguments that were a string of JSON are one again.
    """
    blocks = unread(message) if marks else ()
    changes: dict[Path, object] = {path: {"type": "text", "text": f"[{kind}]"} for path, kind in blocks}
    changed: dict[str, Any] = _changed(dict(message), (), {**new, **changes})
    return changed


def flatten(content: str | Sequence[object]) -> str:
    """Message content as one text: its blocks on lines of their own, marks for unread ones, without the working."""
    if isinstance(content, str):
        return content
    return "\n".join(filter(None, map(_flat, content)))


def _content(content: object, path: Path, direction: Direction | None) -> Iterator[Part]:
    if isinstance(content, str):
        yield Part(path, direction, content)
    for at, block in enumerate(_list(content)):
        if isinstance(block, str):
            yield Part((*path, at), direction, block)
        elif isinstance(block, Mapping) and _readable(block):
            key, own = _WORDS[str(block.get("type", ""))]
            inside = (*path, at, key)
            if own != "output":
                yield from _content(block[key], inside, own or direction)


def _calls_within(content: object, path: Path) -> Iterator[Call]:
    for at, block in enumerate(_list(content)):
        if isinstance(block, Mapping) and _readable(block):
            key, own = _WORDS[str(block.get("type", ""))]
            if own == "output":
                yield _made(block, key, (*path, at))
            else:
                yield from _calls_within(block[key], (*path, at, key))


def _call(call: object, path: Path) -> Iterator[Call]:
    """A tool call: OpenAI's (``function`` holds ``arguments``) or LangChain's (``args``)."""
    if not isinstance(call, Mapping):
        return
    if isinstance(call.get("function"), Mapping):
        yield from _call(call["function"], (*path, "function"))
    for key in ("args", "arguments"):
        if key in call:
            yield _made(call, key, path)


def _made(call: Mapping[str, Any], key: str, path: Path) -> Call:
    arguments = _parsed(call[key])
    if not isinstance(arguments, dict):
        arguments = call[key] if isinstance(call[key], str) else json.dumps(call[key], ensure_ascii=False, default=str)
    return Call((*path, key), str(call.get("name") or ""), arguments)


def _unread(content: object, path: Path) -> Iterator[tuple[Path, str]]:
    for at, block in enumerate(_list(content)):
        if isinstance(block, str):
            continue
        if not isinstance(block, Mapping):
            yield (*path, at), "attachment"
        elif not _readable(block):
            yield (*path, at), _kind(block)
        else:
            key, own = _WORDS[str(block.get("type", ""))]
            if own != "output":
                yield from _unread(block[key], (*path, at, key))


def _readable(block: Mapping[str, Any]) -> bool:
    known = _WORDS.get(str(block.get("type", "")))
    if known is None or known[0] not in block:
        return False
    return known[1] == "output" or isinstance(block[known[0]], str | list | tuple)


def _kind(block: Mapping[str, Any]) -> str:
    return str(block.get("type") or "attachment").removesuffix("_url").removeprefix("input_")


def _changed(value: object, path: Path, changes: Mapping[Path, object]) -> Any:  # noqa: ANN401 - as deep as messages go
    if path in changes:
        new = changes[path]
        same = new == (_parsed(value) if isinstance(new, dict) else value)
        if same:
            return value
        return json.dumps(new, ensure_ascii=False) if isinstance(new, dict) and isinstance(value, str) else new
    if not any(one[: len(path)] == path for one in changes):
        return value
    if isinstance(value, Mapping):
        return {key: _changed(inner, (*path, key), changes) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_changed(inner, (*path, at), changes) for at, inner in enumerate(value)]
    return value


def _parsed(value: object) -> object:
    """What a string of JSON holds; everything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _flat(block: object) -> str:
    if isinstance(block, str):
        return block
    if not isinstance(block, Mapping):
        return "[attachment]"
    if str(block.get("type", "")) in _WORKING:
        return ""
    if not _readable(block):
        return f"[{_kind(block)}]"
    inner = block[_WORDS[str(block.get("type", ""))][0]]
    return flatten(inner)
