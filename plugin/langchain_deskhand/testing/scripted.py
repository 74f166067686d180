"""A chat model that follows a script."""

# ruff: noqa: ANN401, ARG002 - the signatures are LangChain's

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import count, cycle
from typing import Any, Literal
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.output_parsers import JsonOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableMap
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from pydantic import BaseModel, Field, PrivateAttr, SkipValidation

from langchain_deskhand.messages import text_of, written

Answer = str | AIMessage | Exception
Script = Callable[[list[BaseMessage]], Answer]


def call(name: str, text: str = "", /, **arguments: Any) -> AIMessage:
    """The answer of a model that calls a tool, saying ``text`` before it."""
    return AIMessage(text, tool_calls=[tool_call(name=name, args=arguments, id=f"call_{uuid4().hex[:12]}")])


class ScriptedChatModel(BaseChatModel):
    """A chat model that says what it is told to, and remembers what it was given.

    It calls tools (``call``), has all three methods of structured output, counts words as tokens, cuts its answer at a
    stop sequence, and is safe to use from several threads. For a script that looks at the bound tools, override
    ``reply``.
    """

    answers: SkipValidation[Sequence[Answer] | Script] = ()
    """What to say: a list, gone through again and again, or a function of the messages. An exception is raised."""
    chunk_size: int | Sequence[int] = 8
    """Characters in a streamed piece; a list is gone through again and again."""
    delay: float = 0.0
    """Seconds to wait before each streamed piece, or before a whole answer."""
    model: str = "scripted"
    stop: list[str] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    received: list[list[BaseMessage]] = Field(default_factory=list, exclude=True)
    """The messages of every call, oldest call first."""
    _turns: Iterator[int] = PrivateAttr(default_factory=count)

    def reply(self, messages: list[BaseMessage], options: dict[str, Any]) -> Answer:
        """What to say to ``messages``; ``options`` holds ``tools``, ``tool_choice``, ``response_format``, …"""
        script = self.answers
        return script(messages) if callable(script) else script[next(self._turns) % len(script)]

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Binds tools in OpenAI's form."""
        chosen = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **chosen, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: Literal["function_calling", "json_schema", "json_mode"] = "function_calling",
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """Function calling as every LangChain model has it; the JSON methods bind OpenAI's ``response_format``."""
        if method == "function_calling":
            return super().with_structured_output(schema, include_raw=include_raw, **kwargs)
        wanted = convert_to_json_schema(schema)
        form: dict[str, Any] = {"type": "json_object"}
        if method == "json_schema":
            form = {"type": "json_schema", "json_schema": {"name": wanted["title"], "schema": wanted}}
        asked = {"kwargs": {"method": method}, "schema": schema}
        model = self.bind(response_format=form, ls_structured_output_format=asked, **kwargs)
        return RunnableMap(raw=model) if include_raw else model | JsonOutputParser()

    @property
    def _llm_type(self) -> str:
        return "deskhand-scripted"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        name = kwargs.get("model", self.model)
        return LangSmithParams(
            ls_provider="deskhand", ls_model_name=name, ls_model_type="chat", ls_stop=stop or self.stop or []
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        time.sleep(self.delay)
        return self._result(messages, stop, kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        await asyncio.sleep(self.delay)
        return self._result(messages, stop, kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self._pieces(self._next(messages, stop, kwargs)):
            time.sleep(self.delay)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._pieces(self._next(messages, stop, kwargs)):
            await asyncio.sleep(self.delay)
            yield chunk

    def _next(self, messages: list[BaseMessage], stop: list[str] | None, options: dict[str, Any]) -> AIMessage:
        self.received.append(list(messages))
        answer = self.reply(messages, options)
        if isinstance(answer, Exception):
            raise answer
        message = answer.model_copy(deep=True) if isinstance(answer, AIMessage) else AIMessage(answer)
        message.id = None
        for sequence in stop or self.stop or []:
            if isinstance(message.content, str):
                message.content = message.content.split(sequence, 1)[0]
        message.usage_metadata = _usage(message, messages)
        message.response_metadata |= {
            "model_name": options.get("model", self.model),
            "finish_reason": "tool_calls" if message.tool_calls else "stop",
        }
        return message

    def _result(self, messages: list[BaseMessage], stop: list[str] | None, options: dict[str, Any]) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages, stop, options))])

    def _pieces(self, message: AIMessage) -> Iterator[ChatGenerationChunk]:
        sizes = cycle(self.chunk_size if isinstance(self.chunk_size, Sequence) else [self.chunk_size])
        if isinstance(message.content, str):
            for piece in _cut(message.content, sizes):
                yield _chunk(AIMessageChunk(content=piece))
        else:
            for index, block in enumerate(message.content):
                for part in _cut_block(block, sizes):
                    yield _chunk(AIMessageChunk(content=[{**part, "index": index}]))
        for index, one in enumerate(message.tool_calls):
            names = iter([one["name"]])
            for piece in _cut(json.dumps(one["args"], ensure_ascii=False), sizes):
                called = tool_call_chunk(name=next(names, None), args=piece, id=one["id"], index=index)
                yield _chunk(AIMessageChunk(content="", tool_call_chunks=[called]))
        yield _chunk(
            AIMessageChunk(
                content="",
                usage_metadata=message.usage_metadata,
                response_metadata=message.response_metadata,
                chunk_position="last",
            )
        )


def _chunk(message: AIMessageChunk) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=message)


def _cut(text: str, sizes: Iterator[int]) -> Iterator[str]:
    at = 0
    while at < len(text):
        size = next(sizes)
        yield text[at : at + size]
        at += size


def _cut_block(block: str | dict[str, Any], sizes: Iterator[int]) -> Iterator[dict[str, Any]]:
    whole = {"type": "text", "text": block} if isinstance(block, str) else block
    if whole.get("type") == "text":
        yield from ({**whole, "text": piece} for piece in _cut(str(whole["text"]), sizes))
    else:
        yield whole


def _usage(message: AIMessage, messages: Sequence[BaseMessage]) -> UsageMetadata:
    read = sum(len(text_of(one).split()) for one in messages)
    wrote = len(written(message).split()) + sum(len(json.dumps(one["args"]).split()) for one in message.tool_calls)
    return UsageMetadata(input_tokens=read, output_tokens=wrote, total_tokens=read + wrote)
