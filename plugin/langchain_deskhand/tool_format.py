"""How a model writes tool calls, and how they are read while it writes.

There is no standard. A tokenizer may bring a ``response_template`` (transformers), which is then followed; the chat
template of all others tells which of these it was trained on:

===================  ============================================================================================
Hermes, Qwen 2.5, 3  ``<tool_call>{"name": …, "arguments": {…}}</tool_call>``
Qwen 3.5, 3 Coder    ``<tool_call><function=name><parameter=key>value</parameter></function></tool_call>``
Mistral              ``[TOOL_CALLS][{"name": …, "arguments": {…}}]``, later ``[TOOL_CALLS]name[ARGS]{…}``
Llama 3.1 and later  the whole answer is ``{"name": …, "parameters": {…}}``
===================  ============================================================================================
"""

# ruff: noqa: ANN401 - tokenizers; transformers is imported late

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import uuid4

from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk

from langchain_deskhand.toolset import JsonObject, Toolset

_JSON = {"content": "json", "content_args": {"allow_non_json": True}, "repeats": True}
_HERMES = {"open_pattern": r"\s*<tool_call>", "close": "</tool_call>", "transform": {"function": "{content}"}, **_JSON}
_QWEN = {
    "open_pattern": r"\s*<tool_call>\s*<function=(?P<name>[^>\n]+)>",
    "close": "</tool_call>",
    "content": "xml-inline",
    "content_args": {"tag_pattern": r"<parameter=(?P<key>[^>\n]+)>\s*(?P<value>.*?)\s*</parameter>"},
    "repeats": True,
    "transform": {"function": {"name": "{name}", "arguments": "{content}"}},
}
_MISTRAL = {
    "open_pattern": r"\s*\[TOOL_CALLS\]\s*(?:(?P<name>[^\[\s{]+)(?:\[CALL_ID\][^\[]*)?(?:\[ARGS\]|(?=\{))|(?=\[\s*\{))",
    "close_pattern": r"(?=\[TOOL_CALLS\])",
    "transform": {"name": "{name}", "function": "{content}"},
    **_JSON,
}
_LLAMA = {"open_pattern": r"\A\s*(?:<\|python_tag\|>\s*)?(?=\{)", "transform": {"function": "{content}"}, **_JSON}

_NEXT = re.compile(r"[\s;,]*")


class Read(NamedTuple):
    """What a piece of an answer turned out to be; calls come whole."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[ToolCallChunk, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolFormat:
    """One of the ways above."""

    template: JsonObject
    """For transformers' ``ResponseParser``."""
    marker: str
    """What a call that cannot be read begins with, so that LangChain does not repair what is no call."""
    opening: str = ""
    """What a forced call begins with; its JSON follows."""
    key: str = "arguments"
    listed: bool = False
    """Whether a call's JSON stands in an array."""
    bare: bool = False
    """Whether a call is told from other JSON only by naming a tool."""

    def schema(self, tools: Toolset) -> JsonObject:
        """Of what follows ``opening`` when a call is forced: that one call."""
        one = tools.schema(self.key)
        whole = {"type": "array", "items": one, "minItems": 1, "maxItems": 1} if self.listed else one
        # Spaces as templates write earlier calls, and as models were therefore taught.
        return {**whole, "x-guidance": {"item_separator": ", ", "key_separator": ": "}}


def _template(calls: JsonObject) -> JsonObject:
    return {"start_anchor": "\0", "fields": {"tool_calls": calls, "content": {"content": "text"}}}


def format_of(tokenizer: Any) -> ToolFormat | None:
    """How a model with this tokenizer writes calls; None if its chat template takes no tools."""
    layout = tokenizer.chat_template
    if isinstance(layout, dict):
        layout = layout.get("tool_use") or layout.get("default", "")
    if not re.search(r"\btools\b", layout):
        return None
    own = getattr(tokenizer, "response_template", None)
    if own is not None:
        return ToolFormat(_tolerant(own), "tool call: ")
    if "<function=" in layout:
        return ToolFormat(_template(_QWEN), "<tool_call>", "<tool_call>\n")
    if "<tool_call>" in layout:
        return ToolFormat(_template(_HERMES), "<tool_call>", "<tool_call>\n")
    if "[TOOL_CALLS]" in layout:
        return ToolFormat(_template(_MISTRAL), "[TOOL_CALLS]", "[TOOL_CALLS]", listed=True)
    return ToolFormat(_template(_LLAMA), "<|python_tag|>", key="parameters", bare=True)


def _tolerant(template: JsonObject) -> JsonObject:
    """``template`` that keeps JSON that is none as text and misses no field: transformers would lose the answer."""
    changed = deepcopy(template)
    for one in changed["fields"].values():
        one["optional"] = True
        if one.get("content") == "json":
            one["content_args"] = {**one.get("content_args", {}), "allow_non_json": True}
    return changed


@dataclass
class CallReader:
    """Reads one answer of a model that was given ``tools``. ``prompt`` is what it answers, as text."""

    form: ToolFormat
    tools: Toolset
    prompt: str
    special: re.Pattern[str]
    """The tokenizer's special tokens: what is left of them after reading is not for people."""
    called: int = 0
    _body: str = ""
    _lost: bool = False
    _parser: Any = field(init=False, default=None)

    def __post_init__(self) -> None:
        if not self.tools.forced:
            from transformers.utils.chat_parsing import ResponseParser

            # Our own templates begin with the answer; a tokenizer's may have to see what the prompt began.
            prefix = "" if self.form.template["start_anchor"] == "\0" else self.prompt
            self._parser = ResponseParser(self.form.template, prefix=prefix, tools=list(self.tools.tools))

    def push(self, text: str, *, last: bool) -> Read:
        """What the next piece adds; with ``last`` also what was held back."""
        if self._parser is None:
            self._body += text
            return Read(calls=tuple(self._calls(self._body, ""))) if last else Read()
        if self._lost:
            return Read(self.special.sub("", text))
        try:
            events = self._parser.feed(text)
            if last:
                events = [*events, *map(self._unfinished, self._parser.finalize()[1])]
        except (ValueError, KeyError, TypeError):  # what the tokenizer's template makes of a call fails
            self._lost = True
            events = [{"type": "region_close", "field": "tool_calls", "value": self._body + text}]
        return self._read(events)

    def _unfinished(self, event: JsonObject) -> JsonObject:
        """A call that the answer's end cut off is none; JSON tells itself whether it is whole."""
        form = self.form.template["fields"][event["field"]]
        cut = event["field"] == "tool_calls" and form.get("content") != "json" and "close" in form
        return {**event, "value": None} if cut and event["type"] == "region_close" else event

    def _read(self, events: list[JsonObject]) -> Read:
        text, reasoning = "", ""
        calls: list[ToolCallChunk] = []
        for event in events:
            in_call = event["field"] == "tool_calls"
            if event["type"] == "region_open" and in_call:
                self._body = ""
            elif event["type"] == "region_chunk":
                if in_call:
                    self._body += event["text"]
                elif event["field"] == "content":
                    text += event["text"]
                else:
                    reasoning += event["text"]
            elif event["type"] == "region_close" and in_call:
                found = list(self._calls(event["value"], self._body))
                calls += found
                text += "" if found else self._body
        shown = self.special.sub("", text)
        return Read("" if self.called and shown.isspace() else shown, reasoning, tuple(calls))

    def _calls(self, value: Any, body: str) -> Iterator[ToolCallChunk]:
        """The calls in what stood between the marks; ``body`` is that as it was written."""
        name, content = None, value
        if isinstance(value, dict) and "function" in value:
            name, content = value.get("name"), value["function"]
        for one in _values(content):
            called, arguments = (name, one) if name else _named(one)
            if self.form.bare and not self.tools.forced and called not in self.tools.names:
                continue
            if called and isinstance(arguments, dict):
                yield self._chunk(called, json.dumps(arguments, ensure_ascii=False))
            else:
                yield self._chunk(name, self.form.marker + (body or str(value)))

    def _chunk(self, name: str | None, arguments: str) -> ToolCallChunk:
        self.called += 1
        return tool_call_chunk(name=name, args=arguments, id=uuid4().hex[:9], index=self.called - 1)


def _named(call: Any) -> tuple[str | None, Any]:
    """Name and arguments of a call, or None where it has no name."""
    if not isinstance(call, dict):
        return None, call
    inner = call["function"] if isinstance(call.get("function"), dict) else call
    name = inner.get("name")
    arguments = inner.get("arguments", inner.get("parameters"))
    return (name if isinstance(name, str) else None), {} if arguments is None else arguments


def _values(content: Any) -> list[Any]:
    """The JSON values in a text, one after the other or in an array; the text itself if it is not JSON throughout."""
    if isinstance(content, list):
        return content
    if not isinstance(content, str):
        return [content]
    found: list[Any] = []
    at = 0
    while at < len(content):
        try:
            value, at = json.JSONDecoder().raw_decode(content, at)
        except json.JSONDecodeError:
            return [content]
        found += value if isinstance(value, list) else [value]
        at = _NEXT.match(content, at).end()  # type: ignore[union-attr]  # it matches the empty text too
    return found
