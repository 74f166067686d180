"""``ChatDeskhand``: any chat model behind the rails, as a LangChain chat model.

::

    model = ChatDeskhand(model=ChatLocal(model="run/"), rails=Rails(Policy.load()), knowledge=knowledge, store=store)
    answer = model.invoke(messages, conversation_id="c1", channel="web")
    answer.response_metadata["deskhand"]     # {"decision", "turn_id", "confidence", "sources"}

What happens to a question: personal data in the whole history becomes placeholders, consistent over the call; the
customer's messages pass the input rails; passages are retrieved and pass the retrieval rails, or are dropped; the model
writes; every sentence passes the output rails before anybody sees it; placeholders are restored; the turn is recorded;
the last piece is released. If any of this fails, nothing (more) is released and the error is raised: there is no way
around a check.

Not covered: tools (the rails do not see a tool call's arguments; ``bind_tools`` is not offered), and pictures or files
in a message, which the model is told of but never given. Whoever traces this model with LangChain callbacks sees what
the caller sees, real values included; the inner model runs without the caller's callbacks, which would otherwise be
handed its unchecked tokens.
"""

# ruff: noqa: ANN401, ARG002 - the signatures are LangChain's

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any, Literal
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from pydantic import Field, SkipValidation

from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.monitor import Store
from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.rails import Rails
from deskhand_guardrails.verdicts import Context, Verdict
from langchain_deskhand.admission import Admission
from langchain_deskhand.exchange import Exchange
from langchain_deskhand.knowledge import Knowledge
from langchain_deskhand.recording import record, record_unfinished
from langchain_deskhand.steps import Step, Steps, arun, run

# The caller's callbacks must not see the inner model's unchecked tokens.
_ALONE: RunnableConfig = {"callbacks": []}


class ChatDeskhand(BaseChatModel):
    """A chat model that only says what the policy allows.

    A turn that is held back is an ordinary ``AIMessage`` with the policy's message for the customer and the finish
    reason ``content_filter``. Per call: ``conversation_id``, ``channel`` and ``names`` (people known to take part,
    found in the text without any model); everything else is passed to the inner model.

    With knowledge, ``confidence`` is the similarity of the best source. Below ``minimum_similarity`` the turn goes to
    review, unless the customer only greets or thanks; the draft is still written, for the reviewer.

    Raises (per call):
        InputError: there is no customer message.
        UnavailableError: the turn could not be recorded, so the rest of the answer was not released.
    """

    model: SkipValidation[BaseChatModel]
    """Writes the drafts. It is given placeholders, never personal data."""
    rails: SkipValidation[Rails]
    knowledge: SkipValidation[Knowledge] | None = None
    """What to answer from; without it there are no sources and no confidence."""
    store: SkipValidation[Store] | None = None
    """Where turns are recorded; without it nothing is."""
    k: int = Field(default=3, ge=1)
    """Sources in the prompt, at most."""
    minimum_similarity: float | None = Field(default=None, ge=0, le=1)
    """The policy's, when not given."""
    cache: Literal[False] = False
    """Always off: a cached answer would pass by the rails and the record."""

    @property
    def _llm_type(self) -> str:
        return "deskhand"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self._model_name, "k": self.k, "minimum_similarity": self.minimum_similarity}

    @property
    def _model_name(self) -> str:
        return self.model._get_ls_params().get("ls_model_name", "") or self.model._llm_type  # noqa: SLF001 - as wrappers do

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        inner = self.model._get_ls_params(stop=stop, **kwargs)  # noqa: SLF001 - a wrapper reports what it wraps
        return {**inner, "ls_provider": "deskhand", "ls_model_name": kwargs.get("model", self._model_name)}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return run(self._answer(messages, stop, kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await arun(self._answer(messages, stop, kwargs))

    def _answer(self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]) -> Steps[ChatResult]:
        exchange, options = self._exchange(messages, kwargs)
        answer = ""
        try:
            yield from self._admission.admit(exchange)
            if not exchange.refused:
                given = exchange.prompt()
                written: BaseMessage = yield Step(
                    lambda: self.model.invoke(given, _ALONE, stop=stop, **options),
                    lambda: self.model.ainvoke(given, _ALONE, stop=stop, **options),
                )
                draft = "".join(exchange.listen([written]))
                verdict: Verdict = yield Step(
                    lambda: self.rails.check_output(draft, exchange.context),
                    lambda: self.rails.acheck_output(draft, exchange.context),
                )
                exchange.settle(verdict)
                answer = exchange.pseudonyms.restore(verdict.text)
            yield from record(exchange, self.store)
        except (Exception, asyncio.CancelledError) as error:
            yield from record_unfinished(exchange, self.store, error)
            raise
        return _result(exchange, answer)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        exchange, options = self._exchange(messages, kwargs)
        last = ""
        try:
            run(self._admission.admit(exchange))
            if not exchange.refused:
                chunks = self.model.stream(exchange.prompt(), _ALONE, stop=stop, **options)
                guarded = self.rails.guard_stream(exchange.listen(chunks), exchange.context)
                for piece in guarded:
                    if guarded.verdict is not None:
                        last = piece  # released when the turn is recorded
                    elif not exchange.held_back:
                        yield _chunk(piece)
                exchange.settle(guarded.verdict)
            run(record(exchange, self.store))
        except BaseException as error:
            run(record_unfinished(exchange, self.store, error))
            raise
        yield _last_chunk(exchange, last)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        exchange, options = self._exchange(messages, kwargs)
        last = ""
        try:
            await arun(self._admission.admit(exchange))
            if not exchange.refused:
                chunks = self.model.astream(exchange.prompt(), _ALONE, stop=stop, **options)
                guarded = self.rails.aguard_stream(exchange.alisten(chunks), exchange.context)
                async with aclosing(guarded):
                    async for piece in guarded:
                        if guarded.verdict is not None:
                            last = piece
                        elif not exchange.held_back:
                            yield _chunk(piece)
                exchange.settle(guarded.verdict)
            await arun(record(exchange, self.store))
        except BaseException as error:
            await arun(record_unfinished(exchange, self.store, error))
            raise
        yield _last_chunk(exchange, last)

    @property
    def _admission(self) -> Admission:
        policy = self.rails.policy
        minimum = policy.minimum_similarity if self.minimum_similarity is None else self.minimum_similarity
        return Admission(self.rails, self.knowledge, self.k, minimum, policy.messages.hand_over)

    def _exchange(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> tuple[Exchange, dict[str, Any]]:
        """A new exchange, and the options that are the inner model's."""
        options = dict(kwargs)
        if options.get("tools"):
            raise ConfigError("ChatDeskhand takes no tools: the rails do not see what a tool call carries")
        exchange = Exchange(
            messages=messages,
            model=self._model_name,
            policy=self.rails.policy.digest,
            conversation_id=str(options.pop("conversation_id", None) or uuid4().hex),
            channel=str(options.pop("channel", None) or "api"),
            context=Context(pseudonyms=Pseudonyms(), names=tuple(options.pop("names", ()))),
        )
        return exchange, options


def _chunk(text: str) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


def _last_chunk(exchange: Exchange, text: str) -> ChatGenerationChunk:
    held = exchange.held_back
    message = AIMessageChunk(
        content=held.text if held else text,
        response_metadata=exchange.metadata(),
        usage_metadata=exchange.usage,
        chunk_position="last",
    )
    return ChatGenerationChunk(message=message)


def _result(exchange: Exchange, text: str) -> ChatResult:
    held = exchange.held_back
    message = AIMessage(
        held.text if held else text, response_metadata=exchange.metadata(), usage_metadata=exchange.usage
    )
    return ChatResult(generations=[ChatGeneration(message=message)])
