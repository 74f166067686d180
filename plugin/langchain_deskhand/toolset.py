"""The tools that a call of a model in this process may use, and the schema of a call it has to make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.utils.json_schema import dereference_refs

from deskhand_guardrails.errors import ConfigError
from langchain_deskhand.structured import closed

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Toolset:
    """Tools in OpenAI's form, and the names of those of which one must be called (none: the model may also talk)."""

    tools: Sequence[JsonObject]
    forced: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """What the tools are called."""
        return frozenset(tool["function"]["name"] for tool in self.tools)

    def schema(self, key: str) -> JsonObject:
        """The JSON schema of ``{"name": …, key: {…}}`` for the forced tools, without arguments that they lack."""
        calls = [_call(tool["function"], key) for tool in self.tools if tool["function"]["name"] in self.forced]
        return calls[0] if len(calls) == 1 else {"anyOf": calls}


def tools_wanted(options: Mapping[str, Any]) -> Toolset | None:
    """What a call's ``tools`` and ``tool_choice`` ask for; None when it shall answer in words.

    ``tool_choice`` is ``auto``, ``none``, ``any`` (also ``required`` or True), a tool's name, or OpenAI's
    ``{"type": "function", "function": {"name": …}}``.

    Raises:
        ConfigError: the choice names no tool, or ``response_format`` is set too.
    """
    tools, choice = options.get("tools") or [], options.get("tool_choice")
    names = tuple(tool["function"]["name"] for tool in tools)
    if isinstance(choice, Mapping):
        choice = choice.get("function", choice).get("name")
    if choice in (None, False, "auto", "none"):
        if not tools or choice == "none":
            return None
        forced: tuple[str, ...] = ()
    else:
        forced = names if choice in (True, "any", "required") else tuple(name for name in names if name == choice)
        if not forced:
            raise ConfigError(f"tool_choice: {choice!r} is not among the tools {', '.join(names) or '(none)'}")
    if (options.get("response_format") or {}).get("type", "text") != "text":
        raise ConfigError("tools and response_format exclude each other in one call: leave one of them out")
    return Toolset(tools, forced)


def _call(function: JsonObject, key: str) -> JsonObject:
    arguments = {"type": "object", "properties": {}, **(function.get("parameters") or {})}
    if "$defs" in arguments:  # references are written from the root, which the arguments are not any more
        arguments = {name: value for name, value in dereference_refs(arguments).items() if name != "$defs"}
    return {
        "type": "object",
        "properties": {"name": {"const": function["name"]}, key: closed(arguments)},
        "required": ["name", key],
        "additionalProperties": False,
    }
