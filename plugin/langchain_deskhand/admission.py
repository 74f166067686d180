"""The way in: from LangChain messages to a question that may be put to the model, with checked sources.

Every customer message and tool result of the history is checked again, since whoever sends the history may have made it
up; earlier ones that do not pass are left out of the prompt. The assistant's and the developer's own messages only have
their personal data replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import BaseMessage

from deskhand_guardrails import prompt
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.rails import Rails
from deskhand_guardrails.redaction import redact
from deskhand_guardrails.verdicts import Verdict
from langchain_deskhand.exchange import Exchange
from langchain_deskhand.knowledge import Knowledge
from langchain_deskhand.messages import is_tool_result, role_of, text_of
from langchain_deskhand.smalltalk import is_small_talk
from langchain_deskhand.steps import Step, Steps


@dataclass(frozen=True, slots=True)
class Admission:
    """Checks and completes a question. After ``admit``, ``exchange.refused`` says whether the model may be asked."""

    rails: Rails
    knowledge: Knowledge | None
    k: int
    minimum_similarity: float
    hand_over: str
    """What the customer reads when no source is similar enough."""

    def admit(self, exchange: Exchange) -> Steps[None]:
        """Fills in the conversation, the question, the sources and their confidence.

        Raises:
            InputError: there is no customer message.
        """
        newest = exchange.newest
        if newest < 0:
            raise InputError("no customer message to answer: the last turn of a conversation has the role user")
        for at, message in enumerate(exchange.messages):
            if at == newest:
                yield from self._take_question(exchange, message)
            else:
                yield from self._take_history(exchange, message)
        if not exchange.refused and self.knowledge is not None:
            yield from self._find_sources(exchange, self.knowledge)

    def _take_question(self, exchange: Exchange, message: BaseMessage) -> Steps[None]:
        text = text_of(message)
        verdict: Verdict = yield self._check_input(text, exchange)
        exchange.verdicts.append(verdict)
        exchange.refused = not verdict.passed
        # A refused question is recorded too: the verdict's text is then the refusal, so it is hidden here.
        exchange.question = verdict.text if verdict.passed else (yield hide(text, exchange))
        if verdict.passed:
            exchange.context.question = verdict.text
            exchange.conversation.append({"role": "user", "content": verdict.text})

    def _take_history(self, exchange: Exchange, message: BaseMessage) -> Steps[None]:
        role, text = role_of(message), text_of(message)
        if not text.strip():
            return
        if role == "user":
            check = self._check_retrieved if is_tool_result(message) else self._check_input
            verdict: Verdict = yield check(text, exchange)
            if not verdict.passed:
                return
            text = verdict.text
        else:
            text = yield hide(text, exchange)
        exchange.conversation.append({"role": role, "content": text})
        exchange.context.conversation = [*exchange.context.conversation, text]

    def _find_sources(self, exchange: Exchange, knowledge: Knowledge) -> Steps[None]:
        query = prompt.retrieval_query(exchange.conversation)
        found: Sequence[Source] = yield Step.blocking(lambda: knowledge.search(query, self.k))
        for source in found:
            verdict: Verdict = yield self._check_retrieved(f"{source.title}\n{source.text}", exchange)
            if verdict.passed:
                title, _, text = verdict.text.partition("\n")
                exchange.sources.append(Source(title, text, source.reference, source.score))
        exchange.context.sources = exchange.sources
        exchange.confidence = max((source.score for source in exchange.sources), default=0.0)
        if exchange.confidence < self.minimum_similarity and not is_small_talk(exchange.question):
            reason = f"nearest source {exchange.confidence:.2f}, below {self.minimum_similarity:.2f}"
            exchange.verdicts.append(Verdict("review", self.hand_over, reason=reason))

    def _check_input(self, text: str, exchange: Exchange) -> Step:
        context = exchange.context
        return Step(lambda: self.rails.check_input(text, context), lambda: self.rails.acheck_input(text, context))

    def _check_retrieved(self, text: str, exchange: Exchange) -> Step:
        context = exchange.context
        return Step(
            lambda: self.rails.check_retrieved(text, context), lambda: self.rails.acheck_retrieved(text, context)
        )


def hide(text: str, exchange: Exchange) -> Step:
    """Replaces the personal data in ``text``, consistently with the rest of the exchange."""
    context = exchange.context
    return Step.blocking(lambda: redact(text, names=context.names, pseudonyms=context.pseudonyms)[0])
