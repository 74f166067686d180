"""``ChatDeskhand``: any chat model behind the rails, as a LangChain chat model.

::

    model = ChatDeskhand(model=ChatLocal(model="run/"), rails=Rails(Policy.load()), knowledge=knowledge, store=store)
    answer = model.invoke(messages, conversation_id="c1", channel="web")
    answer.response_metadata["deskhand"]     # {"decision", "turn_id", "confidence", "sources"}

What happens to a question: personal data in the whole history becomes placeholders, consistent over the call; the
customer's messages pass the input rails, tool results the retrieval rails; passages are retrieved and pass the
retrieval rails, or are dropped; the model writes; every sentence and every tool call passes the output rails before
anybody sees it; placeholders are restored; the turn is recorded; the last piece is released. If any of this fails,
nothing (more) is released and the error is raised: there is no way around a check.

Not covered: pictures or files in a message, which the model is told of but never given, and a model's reasoning, which
is dropped. Whoever traces this model with LangChain callbacks sees what the caller sees, the caller's own messages
included; the inner model runs apart (``apart``), so that its unchecked tokens reach no callback, tracer or stream.
"""

# ruff: noqa: ANN401, ARG002 - the signatures are LangChain's

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Literal, cast
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput, ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field, SkipValidation

from deskhand_guardrails.confidence import Calibration
from deskhand_guardrails.monitor import Store
from deskhand_guardrails.prompt import INSTRUCTIONS
from deskhand_guardrails.rails import Rails
from deskhand_guardrails.steps import Step, Steps, arun, run
from deskhand_guardrails.verdicts import Context, Verdict
from langchain_deskhand import apart, structured
from langchain_deskhand.admission import Admission
from langchain_deskhand.assurance import Assurance
from langchain_deskhand.calling import Calls, release_calls
from langchain_deskhand.conversation import Conversation
from langchain_deskhand.exchange import Exchange
from langchain_deskhand.knowledge import Knowledge
from langchain_deskhand.recording import record, record_unfinished
from langchain_deskhand.saying import Saying

_NO_CALLS: Calls = ([], [])


class ChatDeskhand(BaseChatModel):
    """A chat model that only says what the policy allows.

    A turn that is held back is an ordinary ``AIMessage`` with the policy's message for the customer and the finish
    reason ``content_filter``. Per call: ``conversation_id``, ``channel``, ``names`` (people known to take part, found
    in the text without any model) and ``access`` (labels that whoever asks holds beside the model's); everything else
    is passed to the inner model. Tools and structured output work as the inner model has them.

    With knowledge, ``confidence`` is the similarity of the best source, or with a ``calibration`` the probability that
    the answer is right. Below ``minimum_similarity`` or ``minimum_confidence`` the turn goes to review, unless the
    customer only greets or thanks, or a tool is asked instead; the draft is still written, for the reviewer. Confidence
    is asked twice: of the sources, before anything is released, and of the answer, as long as nothing was; an answer
    that is being streamed is not taken back.

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
    access: tuple[str, ...] = ()
    """Labels that everybody who asks holds: documents of the knowledge with other labels are never looked at."""
    minimum_similarity: float | None = Field(default=None, ge=0, le=1)
    """The policy's, when not given."""
    calibration: SkipValidation[Calibration] | None = None
    """What ``deskhand evaluate`` wrote for the inner model."""
    minimum_confidence: float = Field(default=0.5, ge=0, le=1)
    """With a calibration: an answer that is less probably right goes to review. At 0.5 that is one rather wrong."""
    instructions: str | None = None
    """What the model is told to do with sources; None tells it to answer from them, and without knowledge nothing."""
    channel: str = "api"
    """Where turns come from, for the record, unless a call says else."""
    memory: SkipValidation[Conversation] | None = Field(default=None, exclude=True, repr=False)
    """Placeholders and checks of one conversation, if this model serves only that; else every call starts anew."""
    cache: Literal[False] = False
    """Always off: a cached answer would pass by the rails and the record."""

    @property
    def _llm_type(self) -> str:
        return "deskhand"

    @property
    def model_name(self) -> str:
        """The inner model's name."""
        name = self.model._get_ls_params().get("ls_model_name", "")  # noqa: SLF001 - as wrappers do
        return name or self.model._llm_type  # noqa: SLF001 - as wrappers do

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model_name, "k": self.k, "minimum_similarity": self.minimum_similarity}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        inner = self.model._get_ls_params(stop=stop, **kwargs)  # noqa: SLF001 - a wrapper reports what it wraps
        return {**inner, "ls_provider": "deskhand", "ls_model_name": kwargs.get("model", self.model_name)}

    def _resolve_model_profile(self) -> ModelProfile | None:
        """What the inner model can do, but for pictures, sounds and files: it is never given any."""
        profile = getattr(self.model, "profile", None)
        if profile is None:
            return None
        media = ("image", "audio", "video", "pdf")
        able = {key: value and not key.startswith(media) for key, value in profile.items()}
        return cast("ModelProfile", able)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """A model that may call ``tools``, as the inner model does.

        Raises:
            NotImplementedError: the inner model takes no tools.
        """
        return self.bind(**structured.tool_options(self.model, tools, tool_choice, kwargs))

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """A model that answers in the form of ``schema``, by the inner model's methods (``method=…``, ``strict=…``).

        A turn that is held back has no such answer: ``function_calling`` gives None, the JSON methods raise LangChain's
        ``OutputParserException``; ``include_raw=True`` shows the message.

        Raises:
            NotImplementedError: the inner model has no structured output.
        """
        options = structured.output_options(self.model, schema, kwargs)
        return structured.parsed(self.bind(**options), schema, options, include_raw=include_raw)

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
        answer, calls = "", _NO_CALLS
        try:
            yield from self._admission(exchange).admit(exchange)
            if not exchange.refused:
                given, speaker = exchange.prompt(), self._speaker(exchange)
                written: BaseMessage = yield Step(
                    lambda: apart.invoke(lambda: speaker.invoke(given, apart.ALONE, stop=stop, **options)),
                    lambda: apart.ainvoke(lambda: speaker.ainvoke(given, apart.ALONE, stop=stop, **options)),
                )
                draft = "".join(exchange.listen([written]))
                verdict: Verdict = yield Step(
                    lambda: self.rails.check_output(draft, exchange.context),
                    lambda: self.rails.acheck_output(draft, exchange.context),
                )
                calls = yield from self._settle(exchange, verdict, released=False)
                answer = exchange.restored(verdict.text)
            yield from record(exchange, self.store)
        except (Exception, asyncio.CancelledError) as error:
            yield from record_unfinished(exchange, self.store, error)
            raise
        return ChatResult(generations=[ChatGeneration(message=_message(exchange, answer, calls))])

    def _settle(self, exchange: Exchange, verdict: Verdict | None, *, released: bool) -> Steps[Calls]:
        """Takes the verdict on the text, and checks the tool calls that came with it."""
        exchange.settle(verdict, self.rails.policy.messages.hand_over)
        exchange.collect_calls()
        if self._assurance is not None and self.knowledge is not None:
            self._assurance.after(exchange, released=released)
        if verdict is None or not verdict.passed:
            return _NO_CALLS
        calls: Calls = yield from release_calls(exchange, self.rails)
        return calls

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        if structured.is_json(kwargs):
            yield _whole(run(self._answer(messages, stop, kwargs)))
            return
        exchange, options = self._exchange(messages, kwargs)
        kept, calls, released = "", _NO_CALLS, False
        try:
            run(self._admission(exchange).admit(exchange))
            if not exchange.refused:
                given, speaker = exchange.prompt(), self._speaker(exchange)
                chunks = apart.stream(lambda: speaker.stream(given, apart.ALONE, stop=stop, **options))
                with self.rails.guard_stream(exchange.listen(chunks), exchange.context) as guarded:
                    for piece in guarded:
                        # The last piece waits for the record; all of them do while a person is to take over.
                        if guarded.verdict is not None or exchange.held_back:
                            kept += piece
                        else:
                            released = True
                            yield _chunk(piece)
                calls = run(self._settle(exchange, guarded.verdict, released=released))
            run(record(exchange, self.store))
        except BaseException as error:
            run(record_unfinished(exchange, self.store, error))
            raise
        yield _last_chunk(exchange, kept, calls)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        if structured.is_json(kwargs):
            yield _whole(await arun(self._answer(messages, stop, kwargs)))
            return
        exchange, options = self._exchange(messages, kwargs)
        kept, calls, released = "", _NO_CALLS, False
        try:
            await arun(self._admission(exchange).admit(exchange))
            if not exchange.refused:
                given, speaker = exchange.prompt(), self._speaker(exchange)
                chunks = apart.astream(lambda: speaker.astream(given, apart.ALONE, stop=stop, **options))
                async with self.rails.aguard_stream(exchange.alisten(chunks), exchange.context) as guarded:
                    async for piece in guarded:
                        if guarded.verdict is not None or exchange.held_back:
                            kept += piece
                        else:
                            released = True
                            yield _chunk(piece)
                calls = await arun(self._settle(exchange, guarded.verdict, released=released))
            await arun(record(exchange, self.store))
        except BaseException as error:
            await arun(record_unfinished(exchange, self.store, error))
            raise
        yield _last_chunk(exchange, kept, calls)

    def _speaker(self, exchange: Exchange) -> BaseChatModel:
        return Saying(text=exchange.reply) if exchange.reply else self.model

    def _admission(self, exchange: Exchange) -> Admission:
        policy = self.rails.policy
        minimum = policy.minimum_similarity if self.minimum_similarity is None else self.minimum_similarity
        return Admission(self.rails, self.knowledge, self.k, minimum, exchange.access, self._assurance)

    @property
    def _assurance(self) -> Assurance | None:
        message = self.rails.policy.messages.hand_over
        return Assurance(self.calibration, self.minimum_confidence, message) if self.calibration else None

    def _exchange(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> tuple[Exchange, dict[str, Any]]:
        """A new exchange, and the options that are the inner model's."""
        options = dict(kwargs)
        if (
            self.calibration is not None
            and self.calibration.wants_logprobs
            and "logprobs" in type(self.model).model_fields
        ):
            options.setdefault("logprobs", True)
        memory = self.memory or Conversation()
        instructions = INSTRUCTIONS if self.instructions is None and self.knowledge is not None else self.instructions
        exchange = Exchange(
            messages=messages,
            model=str(options.get("model") or self.model_name),
            policy=self.rails.policy.digest,
            conversation_id=str(options.pop("conversation_id", None) or memory.name or uuid4().hex),
            channel=str(options.pop("channel", None) or self.channel),
            context=Context(
                pseudonyms=memory.pseudonyms,
                names=tuple(options.pop("names", ())),
                instructions=instructions or "",
            ),
            memory=memory,
            instructions=instructions,
            access=(*self.access, *options.pop("access", ())),
            as_json=structured.is_json(options),
        )
        options.pop(structured.AS_JSON, None)
        return exchange, options


def _chunk(text: str) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


def _last_chunk(exchange: Exchange, text: str, calls: Calls) -> ChatGenerationChunk:
    message = _message(exchange, text, calls)
    chunks = [*message.tool_calls, *message.invalid_tool_calls]
    piece = AIMessageChunk(
        content=message.content,
        tool_call_chunks=[_call_chunk(call, at) for at, call in enumerate(chunks)],
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
        chunk_position="last",
    )
    return ChatGenerationChunk(message=piece)


def _call_chunk(call: Any, index: int) -> ToolCallChunk:
    arguments = call["args"]
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return tool_call_chunk(name=call["name"], args=arguments, id=call["id"], index=index)


def _message(exchange: Exchange, text: str, calls: Calls) -> AIMessage:
    held = exchange.held_back
    whole, broken = _NO_CALLS if held else calls
    return AIMessage(
        held.text if held else text,
        tool_calls=whole,
        invalid_tool_calls=broken,
        response_metadata=exchange.metadata(),
        usage_metadata=exchange.usage,
    )


def _whole(result: ChatResult) -> ChatGenerationChunk:
    """A finished answer as the only piece of a stream."""
    message = result.generations[0].message
    if not isinstance(message, AIMessage):
        raise TypeError("an answer is the assistant's message")
    piece = AIMessageChunk(
        content=message.content,
        tool_calls=message.tool_calls,
        invalid_tool_calls=message.invalid_tool_calls,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
        chunk_position="last",
    )
    return ChatGenerationChunk(message=piece)
