"""One question on its way to an answer: what was said, what the rails found, what the model wrote, what is recorded."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata

from deskhand_guardrails import prompt
from deskhand_guardrails.monitor import Turn
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.verdicts import SEVERITY, Context, Decision, Verdict
from langchain_deskhand.messages import flatten, role_of

_KINDS: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


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
    conversation: list[dict[str, str]] = field(default_factory=list)
    question: str = ""
    sources: list[Source] = field(default_factory=list)
    confidence: float | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    """Of the question, of the sources' similarity, of the answer."""
    draft: str = ""
    """What the model has written so far."""
    last: BaseMessage | None = None
    """The model's message, or its last chunk: it carries usage and the finish reason."""
    refused: bool = False
    """Whether the question itself was held back, so that the model is not asked."""
    recorded: bool = False
    turn_id: str = field(default_factory=lambda: uuid4().hex)
    began: float = field(default_factory=time.perf_counter)

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The placeholders of this call."""
        if self.context.pseudonyms is None:
            raise TypeError("an exchange's context always has pseudonyms")
        return self.context.pseudonyms

    @property
    def newest(self) -> int:
        """Where the newest customer message stands, or -1."""
        return max((at for at, message in enumerate(self.messages) if role_of(message) == "user"), default=-1)

    @property
    def decision(self) -> Decision:
        """The hardest of the verdicts."""
        return max((verdict.decision for verdict in self.verdicts), key=SEVERITY.__getitem__, default="allow")

    @property
    def held_back(self) -> Verdict | None:
        """The hardest verdict, if it keeps the draft from the customer; its ``text`` is what the customer gets."""
        hardest = max(self.verdicts, key=lambda verdict: SEVERITY[verdict.decision], default=None)
        return None if hardest is None or hardest.passed else hardest

    def prompt(self) -> list[BaseMessage]:
        """What the model is given."""
        composed = prompt.compose(self.conversation, self.sources)
        return [_KINDS[message["role"]](message["content"]) for message in composed]

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

    def _note(self, chunk: BaseMessage) -> str:
        text = flatten(chunk.content)
        self.draft += text
        if self.last is None or chunk.response_metadata or getattr(chunk, "usage_metadata", None):
            self.last = chunk
        return text

    def settle(self, verdict: Verdict | None) -> None:
        """Takes the verdict on the answer.

        Raises:
            RuntimeError: there is none, so nothing must be released.
        """
        if verdict is None:
            raise RuntimeError("the rails ended an answer without a verdict")
        self.verdicts.append(verdict)

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
            findings=tuple(finding for verdict in self.verdicts for finding in verdict.findings),
            sources=tuple(self.sources),
            model=self.model,
            policy=self.policy,
            confidence=self.confidence,
            milliseconds=1000 * (time.perf_counter() - self.began),
        )

    @property
    def reason(self) -> str:
        """Why the answer was changed or held back, for the reviewer."""
        return "; ".join(verdict.reason for verdict in self.verdicts if verdict.reason)

    @property
    def usage(self) -> UsageMetadata | None:
        """Tokens that the model counted; none if it was not asked, or does not count."""
        return self.last.usage_metadata if isinstance(self.last, AIMessage) else None

    def metadata(self) -> dict[str, Any]:
        """``response_metadata`` of the answer."""
        inner = self.last.response_metadata if self.last else {}
        return {
            "model_name": self.model,
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
