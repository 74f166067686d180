"""``ChatLocal``: a transformers model in this process, as a LangChain chat model.

::

    model = ChatLocal(model="runs/2026-11-02", max_tokens=200)
    model.warm()                                  # load the weights now; otherwise the first answer does
    model.invoke("Where is my parcel?").content

A folder is never looked up on the network. It has no tools and no structured output: small support models are not
trained for them. Special tokens that a customer types are taken apart, so that nobody opens a system message by hand.
"""

# ruff: noqa: ANN401, ARG002 - the signatures are LangChain's

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from deskhand_guardrails.errors import ConfigError, InputError
from langchain_deskhand import window
from langchain_deskhand.generation import Piece, Sampling, Writer
from langchain_deskhand.loading import Dtype, load
from langchain_deskhand.messages import role_of, text_of
from langchain_deskhand.offloop import off_loop


class ChatLocal(BaseChatModel):
    """Answers with a causal language model from a folder, a PEFT adapter folder or the Hugging Face hub.

    Weights are loaded once, on first use, whichever thread comes first. ``max_tokens``, ``temperature``, ``top_p`` and
    ``seed`` can also be given per call. ``response_metadata`` holds ``model_name``, ``finish_reason`` (``stop`` or
    ``length``) and, when the conversation was too long for the model, ``dropped_messages`` (see ``window``).

    Raises (on first use):
        UnavailableError: there is no such model.
        InputError: the folder is no model, has no chat template, or one message alone exceeds the context.
    """

    model: str
    """A folder or a hub id."""
    max_tokens: int = Field(default=256, ge=1)
    temperature: float = Field(default=0.0, ge=0)
    """0 always takes the likeliest token."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    seed: int | None = None
    stop: list[str] | None = None
    device: str = "auto"
    dtype: Dtype = "auto"

    _lock: Any = PrivateAttr(default_factory=threading.Lock)
    _loaded: _Loaded | None = PrivateAttr(default=None)

    def warm(self) -> ChatLocal:
        """Loads the weights if that has not happened yet."""
        self._weights()
        return self

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
        return _joined(list(self._chunks(messages, stop, kwargs)))

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
        yield from self._chunks(messages, stop, kwargs)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for chunk in off_loop(lambda cancelled: self._chunks(messages, stop, kwargs, cancelled)):
            yield chunk

    def _chunks(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        options: dict[str, Any],
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[ChatGenerationChunk]:
        if options.get("model", self.model) != self.model:
            raise ConfigError(f"this ChatLocal serves {self.model}: make another one for another model")
        loaded = self._weights()
        wanted = _Call.model_validate({**self._call_defaults(), **options})
        conversation = [{"role": role_of(message), "content": text_of(message)} for message in messages]
        room = window.room_for_prompt(loaded.context, wanted.max_tokens)
        prompt, dropped = window.fit(conversation, room, loaded.encode)
        sampling = Sampling(
            max_tokens=min(wanted.max_tokens, loaded.context - len(prompt)),
            temperature=wanted.temperature,
            top_p=wanted.top_p,
            seed=wanted.seed,
            stop=stop or self.stop or (),
        )
        for piece in loaded.writer.write(prompt, sampling, cancelled):
            if piece.text and not piece.finish:
                yield ChatGenerationChunk(message=AIMessageChunk(content=piece.text))
            if piece.finish:
                yield self._last(piece, len(prompt), dropped)

    def _last(self, piece: Piece, read: int, dropped: int) -> ChatGenerationChunk:
        metadata: dict[str, Any] = {"model_name": self.model, "finish_reason": piece.finish}
        if dropped:
            metadata["dropped_messages"] = dropped
        usage = UsageMetadata(input_tokens=read, output_tokens=piece.tokens, total_tokens=read + piece.tokens)
        message = AIMessageChunk(
            content=piece.text, response_metadata=metadata, usage_metadata=usage, chunk_position="last"
        )
        return ChatGenerationChunk(message=message)

    def _call_defaults(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _Call.model_fields}

    def _weights(self) -> _Loaded:
        with self._lock:
            if self._loaded is None:
                self._loaded = _Loaded(self.model, *load(self.model, self.device, self.dtype))
            return self._loaded


class _Call(BaseModel):
    """What one call may set; whatever else LangChain passes along (timeouts, names) has no meaning in process."""

    model_config = ConfigDict(extra="ignore")

    max_tokens: int = Field(ge=1)
    temperature: float = Field(ge=0)
    top_p: float = Field(gt=0, le=1)
    seed: int | None


class _Loaded:
    """Weights in memory, with what is known about them."""

    def __init__(self, name: str, model: Any, tokenizer: Any) -> None:
        if not tokenizer.chat_template:
            raise InputError(
                f"model {name}: its tokenizer has no chat template; train it with deskhand train, or add "
                "chat_template.jinja to the folder"
            )
        self.writer = Writer(model, tokenizer)
        self._name = name
        self._tokenizer = tokenizer
        # Tokenizers without a limit say 10**30; models without one (recurrent) have no such setting.
        limits = [tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", None)]
        self.context = min((limit for limit in limits if limit and limit < 10**9), default=4096)
        special = sorted(tokenizer.all_special_tokens, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, special)) or r"(?!)")

    def encode(self, conversation: window.Turns) -> list[int]:
        """The prompt as token numbers; the template's own special tokens are the only ones in it."""
        safe = [{**message, "content": self._special.sub(_apart, message["content"])} for message in conversation]
        tokens: list[int] = self._tokenizer(self._layout(safe), add_special_tokens=False)["input_ids"]
        return tokens

    def _layout(self, conversation: window.Turns) -> str:
        from jinja2 import TemplateError

        for attempt in (conversation, _alternating(conversation)):
            try:
                text: str = self._tokenizer.apply_chat_template(attempt, tokenize=False, add_generation_prompt=True)
            except TemplateError:
                continue
            return text
        raise InputError(
            f"model {self._name}: its chat template refuses this order of roles; start with a user message"
        )


def _apart(match: re.Match[str]) -> str:
    """A special token that somebody typed, with a space in it: still readable, no longer special."""
    return f"{match[0][0]} {match[0][1:]}"


def _alternating(conversation: window.Turns) -> list[dict[str, str]]:
    """One system message first, then user and assistant in turn: what the strictest templates ask for."""
    ordered = sorted(conversation, key=lambda message: message["role"] != "system")
    merged: list[dict[str, str]] = []
    for message in ordered:
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1] = {**message, "content": f"{merged[-1]['content']}\n{message['content']}"}
        else:
            merged.append(dict(message))
    return merged


def _joined(chunks: list[ChatGenerationChunk]) -> ChatResult:
    last = chunks[-1].message
    message = AIMessage(
        "".join(str(chunk.message.content) for chunk in chunks),
        response_metadata=last.response_metadata,
        usage_metadata=last.usage_metadata if isinstance(last, AIMessageChunk) else None,
    )
    return ChatResult(generations=[ChatGeneration(message=message)])
