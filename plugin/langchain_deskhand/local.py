"""``ChatLocal``: a transformers model in this process, as a LangChain chat model.

::

    model = ChatLocal(model="runs/2026-11-02", max_tokens=200)
    model.warm()                                  # load the weights now; otherwise the first answer does
    model.invoke("Where is my parcel?").content

A folder is never looked up on the network. Calls that come while others are being answered join them: the model steps
all answers together. Special tokens that a customer types are taken apart, so that nobody opens a system message by
hand.
"""

# ruff: noqa: ANN401, ARG002 - the signatures are LangChain's

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata, add_ai_message_chunks
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from deskhand_guardrails.errors import ConfigError
from langchain_deskhand import window
from langchain_deskhand.loading import Dtype, load
from langchain_deskhand.messages import turns_of
from langchain_deskhand.structured import parsed, schema_options, schema_wanted
from langchain_deskhand.toolset import tools_wanted

if TYPE_CHECKING:
    from langchain_deskhand.generation import Piece
    from langchain_deskhand.loaded import Loaded
    from langchain_deskhand.scheduler import Job
    from langchain_deskhand.tool_format import CallReader, Read


class ChatLocal(BaseChatModel):
    """Answers with a causal language model from a folder, a PEFT adapter folder or the Hugging Face hub.

    Weights are loaded once, on first use, whichever thread comes first. ``max_tokens``, ``temperature``, ``top_p``,
    ``seed``, ``timeout``, ``logprobs`` and ``top_logprobs`` can also be given per call. ``response_metadata`` holds
    ``model_name``, ``finish_reason`` (``stop``, ``length`` or ``tool_calls``), when asked for ``logprobs`` (in OpenAI's
    form), and, when the conversation was too long for the model, ``dropped_messages`` (see ``window``). The usage
    counts tokens of the prompt that had been read for an earlier turn or another chat as ``cache_read``.

    Raises (on first use):
        UnavailableError: there is no such model.
        InputError: the folder is no model, has no chat template, or one message alone exceeds the context.
        ConfigError: ``quantize`` cannot be had for the model.
        scheduler.BusyError: ``max_queue`` calls are waiting already; it is LangChain's ``ModelRateLimitError`` too.
        scheduler.TimeoutExceededError: the answer took longer than ``timeout``; also a ``ModelTimeoutError``.
    """

    model: str
    """A folder or a hub id."""
    max_tokens: int = Field(default=256, ge=1)
    temperature: float = Field(default=0.0, ge=0)
    """0 always takes the likeliest token."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    seed: int | None = None
    stop: list[str] | None = None
    timeout: float | None = Field(default=None, gt=0)
    """Seconds that a call may take, its time in line included."""
    logprobs: bool = False
    """Report the log-probability of each token."""
    top_logprobs: int = Field(default=0, ge=0, le=20)
    """How many alternatives to report beside each token."""
    max_parallel: int = Field(default=8, ge=1)
    """How many answers are written at the same time; more wait in line."""
    max_queue: int = Field(default=64, ge=0)
    """How many calls may wait; one more is refused."""
    prefix_cache_mb: int = Field(default=64, ge=0)
    """Memory for what was read before: a conversation's earlier turns and shared instructions are not read again."""
    quantize: Literal["int8"] | None = None
    """``int8`` computes in 8 bits, on a CPU, for Llama-like models: faster and smaller, not quite the same answers."""
    device: str = "auto"
    dtype: Dtype = "auto"

    _lock: Any = PrivateAttr(default_factory=threading.Lock)
    _loaded: Loaded | None = PrivateAttr(default=None)

    def warm(self) -> ChatLocal:
        """Loads the weights if that has not happened yet."""
        self._weights()
        return self

    def __getstate__(self) -> dict[Any, Any]:
        """The settings alone: whoever unpickles loads the weights himself."""
        return {**super().__getstate__(), "__pydantic_private__": None}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self.__pydantic_private__ = {"_lock": threading.Lock(), "_loaded": None}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Lets the model call ``tools``, in the form of its chat template; loads the model, to know that it can.

        ``tool_choice``: ``auto``, ``none``, ``any`` (or True) or a tool's name. A call that is forced follows the
        tool's schema token by token (needs ``llguidance``) and is the only one.

        Raises:
            NoToolsError: the chat template takes no tools; it is a NotImplementedError too.
            ConfigError: ``tool_choice`` is none of ``tools``.
        """
        options: dict[str, Any] = {"tools": [convert_to_openai_tool(tool) for tool in tools]}
        if tool_choice is not None:
            options["tool_choice"] = tool_choice
        tools_wanted(options)
        self._weights().require_tools()
        return self.bind(**options, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: Literal["json_schema", "json_mode", "function_calling"] = "json_schema",
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """Answers in the form of ``schema``, whatever the model would rather say (needs ``llguidance``).

        Every ``method`` follows the schema token by token, so it and ``strict`` change nothing. ``max_tokens`` holds
        here too: near it the document is closed with the least that the schema allows.

        Raises:
            ConfigError: a schema that cannot be followed (when called).
            UnavailableError: ``llguidance`` is not installed (when called).
        """
        options = schema_options(schema, method)
        return parsed(self.bind(**options, **kwargs), schema, options, include_raw=include_raw)

    @property
    def _llm_type(self) -> str:
        return "deskhand-local"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "seed": self.seed,
            "stop": self.stop,
        }

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return LangSmithParams(
            ls_provider="deskhand",
            ls_model_name=kwargs.get("model", self.model),
            ls_model_type="chat",
            ls_temperature=kwargs.get("temperature", self.temperature),
            ls_max_tokens=kwargs.get("max_tokens", self.max_tokens),
            ls_stop=stop or self.stop,
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _joined(list(self._stream(messages, stop, **kwargs)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _joined([chunk async for chunk in self._astream(messages, stop, **kwargs)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        pieces: queue.SimpleQueue[Piece | Exception] = queue.SimpleQueue()
        loaded = self._weights()
        turn = self._turn(loaded, messages, stop, kwargs, pieces.put)
        loaded.scheduler.submit(turn.job)
        try:
            done = False
            while not done:
                piece = _piece(pieces.get())
                done = piece.finish is not None
                yield from self._chunk(piece, turn)
        finally:
            turn.job.cancelled.set()

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        pieces: asyncio.Queue[Piece | Exception] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def emit(piece: Piece | Exception) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        loaded = await asyncio.to_thread(self._weights)
        turn = await asyncio.to_thread(self._turn, loaded, messages, stop, kwargs, emit)
        loaded.scheduler.submit(turn.job)
        try:
            done = False
            while not done:
                piece = _piece(await pieces.get())
                done = piece.finish is not None
                for chunk in self._chunk(piece, turn):
                    yield chunk
        finally:
            turn.job.cancelled.set()

    def _turn(
        self,
        loaded: Loaded,
        messages: list[BaseMessage],
        stop: list[str] | None,
        options: dict[str, Any],
        emit: Callable[[Piece | Exception], None],
    ) -> _Turn:
        from langchain_deskhand.generation import Sampling
        from langchain_deskhand.scheduler import Job

        if options.get("model", self.model) != self.model:
            raise ConfigError(f"this ChatLocal serves {self.model}: make another one for another model")
        wanted = _Call.model_validate({**self._call_defaults(), **options})
        tools = tools_wanted(options)
        if tools is not None:
            loaded.require_tools()
        conversation = turns_of(messages, calls=loaded.takes_tools)
        room = window.room_for_prompt(loaded.context, wanted.max_tokens)
        prompt, dropped = window.fit(conversation, room, partial(loaded.encode, tools=tools))
        sampling = Sampling(
            max_tokens=min(wanted.max_tokens, loaded.context - len(prompt)),
            temperature=wanted.temperature,
            top_p=wanted.top_p,
            seed=wanted.seed,
            stop=stop or self.stop or (),
            logprobs=wanted.top_logprobs if wanted.logprobs else None,
        )
        answer = loaded.answer(prompt, sampling, schema_wanted(options), tools)
        deadline = None if wanted.timeout is None else time.monotonic() + wanted.timeout
        return _Turn(Job(answer, emit, deadline), len(prompt), dropped, loaded.reader(tools, prompt))

    def _chunk(self, piece: Piece, turn: _Turn) -> Iterator[ChatGenerationChunk]:
        said: dict[str, Any] = {"content": piece.text}
        if turn.reader is not None:
            said = _said(turn.reader.push(piece.text, last=piece.finish is not None))
        metadata: dict[str, Any] = {}
        if piece.logprobs:
            metadata["logprobs"] = {"content": list(piece.logprobs)}
        if not piece.finish:
            if any(said.values()) or metadata:
                yield ChatGenerationChunk(message=AIMessageChunk(**said, response_metadata=metadata))
            return
        called = piece.finish == "stop" and turn.reader is not None and turn.reader.called
        metadata |= {"model_name": self.model, "finish_reason": "tool_calls" if called else piece.finish}
        if turn.dropped:
            metadata["dropped_messages"] = turn.dropped
        usage = UsageMetadata(
            input_tokens=turn.read,
            output_tokens=piece.tokens,
            total_tokens=turn.read + piece.tokens,
            input_token_details=InputTokenDetails(cache_read=piece.cached),
        )
        message = AIMessageChunk(**said, response_metadata=metadata, usage_metadata=usage, chunk_position="last")
        yield ChatGenerationChunk(message=message)

    def _call_defaults(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _Call.model_fields}

    def _weights(self) -> Loaded:
        with self._lock:
            if self._loaded is None:
                # From float32, whatever the processor would compute in otherwise: int8 replaces it.
                dtype = "float32" if self.quantize and self.dtype == "auto" else self.dtype
                weights, tokenizer = load(self.model, self.device, dtype)
                from langchain_deskhand.loaded import Loaded

                self._loaded = Loaded(
                    self.model,
                    weights,
                    tokenizer,
                    parallel=self.max_parallel,
                    waiting=self.max_queue,
                    remembered=self.prefix_cache_mb * 2**20,
                    int8=self.quantize == "int8",
                )
            return self._loaded


class _Call(BaseModel):
    """What one call may set; whatever else LangChain passes along (names, headers) has no meaning in process."""

    model_config = ConfigDict(extra="ignore")

    max_tokens: int = Field(ge=1)
    temperature: float = Field(ge=0)
    top_p: float = Field(gt=0, le=1)
    seed: int | None
    timeout: float | None = Field(gt=0)
    logprobs: bool
    top_logprobs: int = Field(ge=0, le=20)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One call on its way: its job, the tokens of its prompt and the messages that did not fit into it.

    ``reader`` finds tool calls in the answer, where there may be some.
    """

    job: Job
    read: int
    dropped: int
    reader: CallReader | None


def _piece(item: Piece | Exception) -> Piece:
    if isinstance(item, Exception):
        raise item
    return item


def _said(read: Read) -> dict[str, Any]:
    """The parts of a message."""
    thought = {"reasoning_content": read.reasoning} if read.reasoning else {}
    return {"content": read.text, "tool_call_chunks": list(read.calls), "additional_kwargs": thought}


def _joined(chunks: list[ChatGenerationChunk]) -> ChatResult:
    messages = [chunk.message for chunk in chunks if isinstance(chunk.message, AIMessageChunk)]
    whole = add_ai_message_chunks(*messages)
    message = AIMessage(
        whole.content,
        tool_calls=whole.tool_calls,
        invalid_tool_calls=whole.invalid_tool_calls,
        additional_kwargs=whole.additional_kwargs,
        response_metadata=whole.response_metadata,
        usage_metadata=whole.usage_metadata,
    )
    return ChatResult(generations=[ChatGeneration(message=message)])
