"""Fakes for tests of everything that talks to a chat model: no download, no network, no chance.

::

    model = ScriptedChatModel(answers=["Your parcel is on its way."], chunk_size=4)
    model.invoke("Where is my parcel?").content    # "Your parcel is on its way."
    model.received[-1][-1].content                 # "Where is my parcel?": what the model was given
"""

# ruff: noqa: ANN401, ARG002 - the signatures are LangChain's

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import count, cycle
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field, PrivateAttr

from langchain_deskhand.messages import text_of

Answer = str | Exception
Script = Callable[[list[BaseMessage]], Answer]


class ScriptedChatModel(BaseChatModel):
    """A chat model that says what it is told to, and remembers what it was given.

    It counts words as tokens, cuts its answer at a stop sequence, and is safe to use from several threads.
    """

    answers: Sequence[Answer] | Script
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
        return self._whole(self._next(messages, stop), messages)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        await asyncio.sleep(self.delay)
        return self._whole(self._next(messages, stop), messages)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self._pieces(self._next(messages, stop), messages):
            time.sleep(self.delay)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._pieces(self._next(messages, stop), messages):
            await asyncio.sleep(self.delay)
            yield chunk

    def _next(self, messages: list[BaseMessage], stop: list[str] | None) -> str:
        self.received.append(list(messages))
        script = self.answers
        answer = script(messages) if callable(script) else script[next(self._turns) % len(script)]
        if isinstance(answer, Exception):
            raise answer
        for sequence in stop or self.stop or []:
            answer = answer.split(sequence, 1)[0]
        return answer

    def _whole(self, answer: str, messages: Sequence[BaseMessage]) -> ChatResult:
        message = AIMessage(answer, usage_metadata=_usage(answer, messages), response_metadata=self._metadata())
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _pieces(self, answer: str, messages: Sequence[BaseMessage]) -> Iterator[ChatGenerationChunk]:
        at = 0
        for size in cycle(self.chunk_size if isinstance(self.chunk_size, Sequence) else [self.chunk_size]):
            if at >= len(answer):
                break
            yield ChatGenerationChunk(message=AIMessageChunk(content=answer[at : at + size]))
            at += size
        last = AIMessageChunk(
            content="",
            usage_metadata=_usage(answer, messages),
            response_metadata=self._metadata(),
            chunk_position="last",
        )
        yield ChatGenerationChunk(message=last)

    def _metadata(self) -> dict[str, Any]:
        return {"model_name": self.model, "finish_reason": "stop"}


def _usage(answer: str, messages: Sequence[BaseMessage]) -> UsageMetadata:
    read = sum(len(text_of(message).split()) for message in messages)
    written = len(answer.split())
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
