"""One question on its way to an answer: what was said, what the rails found, what the model wrote, what is recorded."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    InvalidToolCall,
    SystemMessage,
    ToolCall,
)
from langchain_core.messages.ai import UsageMetadata

from deskhand_guardrails import prompt
from deskhand_guardrails.monitor import Turn
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.smalltalk import asks
from deskhand_guardrails.tool_calls import mapped, text_of
from deskhand_guardrails.verdicts import SEVERITY, Context, Decision, Verdict
from langchain_deskhand.conversation import Conversation
from langchain_deskhand.messages import is_tool_result, role_of, written


@dataclass(slots=True)
class Exchange:
    """Gathered step by step by ``ChatDeskhand``; its texts hold placeholders, but for ``messages``."""

    messages: list[BaseMessage]
    """What the caller sent."""
    model: str
    policy: str
    conversation_id: str
    channel: str
    context: Context
    memory: Conversation = field(default_factory=Conversation)
    instructions: str | None = None
    """What the model is told to do with the sources; None gives it the caller's messages and nothing else."""
    access: tuple[str, ...] = ()
    """The labels that whoever asks holds, for the knowledge."""
    as_json: bool = False
    """Whether the answer is a JSON document, which is released in one piece."""
    conversation: list[BaseMessage] = field(default_factory=list)
    """The messages that passed, for the model."""
    question: str = ""
    reply: str = ""
    """What the policy answers itself, so that no model is asked: to a greeting."""
    sources: list[Source] = field(default_factory=list)
    results: list[Source] = field(default_factory=list)
    """What tools returned since the question."""
    confidence: float | None = None
    unsure: Verdict | None = None
    """No source is similar enough; that does not matter when the model asks a tool instead."""
    verdicts: list[Verdict] = field(default_factory=list)
    """Of the question, of the answer, of its tool calls."""
    draft: str = ""
    """What the model has written so far."""
    calls: list[ToolCall] = field(default_factory=list)
    """The tools that the model calls, as it wrote them."""
    broken_calls: list[InvalidToolCall] = field(default_factory=list)
    """Calls whose arguments are no JSON."""
    logprobs: list[float] = field(default_factory=list)
    """Of the draft's tokens, where the model tells them."""
    last: BaseMessage | None = None
    """The model's message, or its last chunk: it carries usage and the finish reason."""
    refused: bool = False
    """Whether the question itself was held back, so that the model is not asked."""
    recorded: bool = False
    turn_id: str = field(default_factory=lambda: uuid4().hex)
    began: float = field(default_factory=time.perf_counter)
    _calling: AIMessageChunk | None = None

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The placeholders of this call."""
        if self.context.pseudonyms is None:
            raise TypeError("an exchange's context always has pseudonyms")
        return self.context.pseudonyms

    @property
    def newest(self) -> int:
        """Where the newest customer message stands, or -1."""
        asked = (at for at, one in enumerate(self.messages) if role_of(one) == "user" and not is_tool_result(one))
        return max(asked, default=-1)

    @property
    def _judged(self) -> list[Verdict]:
        return [*self.verdicts, self.unsure] if self.unsure and not self.calls else self.verdicts

    @property
    def decision(self) -> Decision:
        """The hardest of the verdicts."""
        return max((verdict.decision for verdict in self._judged), key=SEVERITY.__getitem__, default="allow")

    @property
    def held_back(self) -> Verdict | None:
        """The hardest verdict, if it keeps the draft from the customer; its ``text`` is what the customer gets."""
        hardest = max(self._judged, key=lambda verdict: SEVERITY[verdict.decision], default=None)
        return None if hardest is None or hardest.passed else hardest

    @property
    def asks_tools(self) -> bool:
        """Whether the model calls a tool, so that its answer is still to come."""
        return bool(self.calls or self.broken_calls) and not self.held_back

    @property
    def is_answering(self) -> bool:
        """Whether the newest customer message answers a question of the assistant's."""
        before = self.messages[: max(self.newest, 0)]
        return bool(before) and role_of(before[-1]) == "assistant" and asks(written(before[-1]))

    def prompt(self) -> list[BaseMessage]:
        """What the model is given."""
        if self.instructions is None:
            return list(self.conversation)
        own = [str(one.content) for one in self.conversation if isinstance(one, SystemMessage)]
        spoken = [one for one in self.conversation if not isinstance(one, SystemMessage)]
        system = "\n".join([*own, self.instructions, prompt.layout_sources(self.sources)])
        return [SystemMessage(system), *spoken]

    def asked(self) -> list[dict[str, str]]:
        """What the customer and the assistant said, for retrieval."""
        said = (one for one in self.conversation if isinstance(one, HumanMessage | AIMessage))
        return [{"role": role_of(one), "content": one.text} for one in said]

    def listen(self, chunks: Iterable[BaseMessage]) -> Iterator[str]:
        """The text of the model's chunks as they come, noted in ``draft``; stopped early, it stops the model."""
        try:
            for chunk in chunks:
                yield self._note(chunk)
        finally:
            if isinstance(chunks, Generator):
                chunks.close()

    async def alisten(self, chunks: AsyncIterable[BaseMessage]) -> AsyncIterator[str]:
        """As ``listen``."""
        try:
            async for chunk in chunks:
                yield self._note(chunk)
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()

    def _note(self, message: BaseMessage) -> str:
        text = written(message)
        self.draft += text
        self.logprobs += _logprobs(message)
        if isinstance(message, AIMessageChunk):
            if message.tool_call_chunks:
                part = AIMessageChunk(content="", tool_call_chunks=message.tool_call_chunks)
                self._calling = part if self._calling is None else self._calling + part
        elif isinstance(message, AIMessage):
            self.calls, self.broken_calls = list(message.tool_calls), list(message.invalid_tool_calls)
        if self.last is None or message.response_metadata or getattr(message, "usage_metadata", None):
            self.last = message
        return text

    def collect_calls(self) -> None:
        """Reads the tool calls out of the pieces in which they were streamed."""
        if self._calling is not None:
            whole = self._calling + AIMessageChunk(content="", chunk_position="last")
            self.calls, self.broken_calls = list(whole.tool_calls), list(whole.invalid_tool_calls)

    def restored(self, text: str) -> str:
        """A checked text as the customer reads it; in a JSON document values are put back so that it stays one."""
        if self.as_json:
            try:
                document = {"": json.loads(text)}
            except ValueError:
                return self.pseudonyms.restore(text)
            return json.dumps(mapped(document, self.pseudonyms.restore)[""], ensure_ascii=False)
        return self.pseudonyms.restore(text)

    @property
    def spoken(self) -> str:
        """The draft with its tool calls, for the reviewer."""
        made = [*self.calls, *self.broken_calls]
        calls = [text_of(str(call["name"]), "" if call["args"] is None else call["args"]) for call in made]
        return "\n".join(filter(None, [self.draft, *(f"(calls {call})" for call in calls)]))

    def settle(self, verdict: Verdict | None, hand_over: str) -> None:
        """Takes the verdict on the answer. Where that is the model's own hand-over, somebody has to take over.

        Args:
            verdict: what the rails say of the draft.
            hand_over: what the customer reads when a person takes over.

        Raises:
            RuntimeError: there is no verdict, so nothing must be released.
        """
        if verdict is None:
            raise RuntimeError("the rails ended an answer without a verdict")
        self.verdicts.append(verdict)
        if self.hands_over and self.unsure is None:
            self.unsure = Verdict("review", hand_over, reason="the model does not know")

    @property
    def hands_over(self) -> bool:
        """Whether the draft is what models are trained to say when the sources do not hold the answer."""
        return self.draft.strip() == prompt.HAND_OVER

    def turn(self, draft: str, decision: Decision, reason: str) -> Turn:
        """The record of this exchange; ``draft`` is the model's with personal data replaced."""
        return Turn(
            id=self.turn_id,
            conversation_id=self.conversation_id,
            channel=self.channel,
            question=self.question,
            answer=draft,
            decision=decision,
            reason=reason,
            findings=tuple(finding for verdict in self._judged for finding in verdict.findings),
            sources=(*self.sources, *self.results),
            model=self.model,
            policy=self.policy,
            confidence=self.confidence,
            milliseconds=1000 * (time.perf_counter() - self.began),
        )

    @property
    def reason(self) -> str:
        """Why the answer was changed or held back, for the reviewer."""
        return "; ".join(verdict.reason for verdict in self._judged if verdict.reason)

    @property
    def usage(self) -> UsageMetadata | None:
        """Tokens that the model counted; none if it was not asked, or does not count."""
        return self.last.usage_metadata if isinstance(self.last, AIMessage) else None

    def metadata(self) -> dict[str, Any]:
        """``response_metadata`` of the answer."""
        inner = self.last.response_metadata if self.last else {}
        return {
            "model_name": str(inner.get("model_name") or self.model),
            "finish_reason": "content_filter" if self.held_back else str(inner.get("finish_reason") or "stop"),
            "deskhand": {
                "decision": self.decision,
                "turn_id": self.turn_id,
                "confidence": self.confidence,
                "sources": [
                    {"title": source.title, "reference": source.reference, "score": source.score}
                    for source in ([] if self.held_back else self.sources)
                ],
            },
        }


def _logprobs(message: BaseMessage) -> list[float]:
    """Of the message's tokens, in the shape of OpenAI's API."""
    told = message.response_metadata.get("logprobs")
    content = told.get("content") if isinstance(told, dict) else None
    return [float(token["logprob"]) for token in content or ()]
