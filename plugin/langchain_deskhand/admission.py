"""The way in: from LangChain messages to a question that may be put to the model, with checked sources.

Every customer message and tool result of the history is checked, since whoever sends the history may have made it up;
earlier customer messages that do not pass are left out of the prompt, tool results are withheld. The assistant's and
the developer's own messages, tool calls included, only have their personal data replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage

from deskhand_guardrails import prompt
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.rails import Rails
from deskhand_guardrails.smalltalk import small_talk
from deskhand_guardrails.steps import Step, Steps
from deskhand_guardrails.verdicts import Verdict
from langchain_deskhand.assurance import Assurance
from langchain_deskhand.exchange import Exchange
from langchain_deskhand.hiding import hide, hide_call, hide_result
from langchain_deskhand.knowledge import Knowledge
from langchain_deskhand.messages import REMOVED, WITHHELD, flatten, is_tool_result, role_of, text_of


@dataclass(frozen=True, slots=True)
class Admission:
    """Checks and completes a question. After ``admit``, ``exchange.refused`` says whether the model may be asked."""

    rails: Rails
    knowledge: Knowledge | None = None
    k: int = 3
    minimum_similarity: float = 0.0
    access: tuple[str, ...] = ()
    """The labels that whoever asks holds, for ``knowledge``."""
    assurance: Assurance | None = None

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
                yield from self.take_question(exchange, message)
            else:
                yield from self._take(exchange, message, since_question=at > newest)
        if not exchange.refused and self.knowledge is not None:
            exchange.reply = self._courtesy(exchange)
            if not exchange.reply:
                yield from self._find_sources(exchange, self.knowledge)
        exchange.context.sources = (*exchange.sources, *exchange.results)

    def _courtesy(self, exchange: Exchange) -> str:
        """The policy's own answer to a message that only greets or thanks; "ok" may answer what the desk asked."""
        kind = None if exchange.as_json else small_talk(exchange.question)
        if kind == "thanks" and exchange.is_answering:
            return ""
        return (getattr(self.rails.policy.messages, kind) or "") if kind else ""

    def take_question(self, exchange: Exchange, message: BaseMessage) -> Steps[None]:
        """Judges the newest customer message; ``exchange.refused`` tells whether it was held back."""
        text = text_of(message)
        verdict = yield from self.judge(exchange, message)
        exchange.verdicts.append(verdict)
        exchange.refused = not verdict.passed
        # A refused question is recorded too: the verdict's text is then the refusal, so it is hidden here.
        exchange.question = verdict.text if verdict.passed else (yield from hide(text, exchange))
        if verdict.passed:
            exchange.context.question = verdict.text
            exchange.conversation.append(HumanMessage(verdict.text))

    def judge(self, exchange: Exchange, message: BaseMessage) -> Steps[Verdict]:
        """The verdict on a customer's message or a tool's result, given once in a conversation."""
        text, context, rails = text_of(message), exchange.context, self.rails
        if is_tool_result(message):
            text = flatten(message.content)
            step = Step(lambda: rails.check_retrieved(text, context), lambda: rails.acheck_retrieved(text, context))
            verdict: Verdict = yield from exchange.memory.once(("retrieved", text), step)
        else:
            step = Step(lambda: rails.check_input(text, context), lambda: rails.acheck_input(text, context))
            verdict = yield from exchange.memory.once(("input", text), step)
        return verdict

    def _take(self, exchange: Exchange, message: BaseMessage, *, since_question: bool) -> Steps[None]:
        taken: BaseMessage | None
        if is_tool_result(message):
            taken = yield from self._result(exchange, message, since_question=since_question)
        elif role_of(message) == "user":
            verdict = yield from self.judge(exchange, message)
            taken = HumanMessage(verdict.text) if verdict.passed and text_of(message) != REMOVED else None
        elif role_of(message) == "system":
            taken = SystemMessage((yield from hide(text_of(message), exchange)))
            exchange.context.instructions = f"{exchange.context.instructions}\n{taken.text}".strip()
        else:
            taken = yield from _assistants(exchange, message)
        if taken is None or not (taken.text.strip() or getattr(taken, "tool_calls", None)):
            return
        exchange.conversation.append(taken)
        exchange.context.conversation = [*exchange.context.conversation, taken.text]

    def _result(self, exchange: Exchange, message: BaseMessage, *, since_question: bool) -> Steps[BaseMessage | None]:
        verdict = yield from self.judge(exchange, message)
        text = hide_result(flatten(message.content), verdict, exchange.pseudonyms) if verdict.passed else WITHHELD
        if since_question:
            name = message.name or "a tool"
            exchange.results.append(Source(f"Result of {name}", text, f"{prompt.TOOL}{name}"))
        if isinstance(message, ToolMessage) and message.tool_call_id in _open_calls(exchange.conversation):
            return ToolMessage(text, tool_call_id=message.tool_call_id, name=message.name, status=message.status)
        # A result that nobody asked for cannot be given to a model as one.
        return HumanMessage(f"Result of {message.name or 'a tool'}: {text}") if verdict.passed and text else None

    def _find_sources(self, exchange: Exchange, knowledge: Knowledge) -> Steps[None]:
        query = prompt.retrieval_query(exchange.asked())
        found: Sequence[Source] = yield Step.blocking(lambda: knowledge.search(query, self.k, self.access))
        for source in found:
            verdict = yield from self._judge_source(exchange, f"{source.title}\n{source.text}")
            if verdict.passed:
                title, _, text = verdict.text.partition("\n")
                exchange.sources.append(Source(title, text, source.reference, source.score))
        exchange.confidence = max((source.score for source in exchange.sources), default=0.0)
        exchange.sources = prompt.distinct(exchange.sources)
        exchange.context.sources = exchange.sources
        unlike = exchange.confidence < self.minimum_similarity
        if unlike and not exchange.results and not small_talk(exchange.question):
            reason = f"nearest source {exchange.confidence:.2f}, below {self.minimum_similarity:.2f}"
            exchange.unsure = Verdict("review", self.rails.policy.messages.hand_over, reason=reason)
        if self.assurance is not None:
            self.assurance.before(exchange)

    def _judge_source(self, exchange: Exchange, text: str) -> Steps[Verdict]:
        context, rails = exchange.context, self.rails
        step = Step(lambda: rails.check_retrieved(text, context), lambda: rails.acheck_retrieved(text, context))
        verdict: Verdict = yield from exchange.memory.once(("retrieved", text), step)
        return verdict


def _assistants(exchange: Exchange, message: BaseMessage) -> Steps[BaseMessage]:
    text = yield from hide(text_of(message), exchange)
    hidden: list[ToolCall] = []
    for call in message.tool_calls if isinstance(message, AIMessage) else ():
        hidden += [(yield from hide_call(call, exchange))]
    return AIMessage(text, tool_calls=hidden)


def _open_calls(conversation: Sequence[BaseMessage]) -> set[str | None]:
    """The calls of the newest assistant message, if nothing but results follows it."""
    for message in reversed(conversation):
        if isinstance(message, AIMessage):
            return {call["id"] for call in message.tool_calls}
        if not isinstance(message, ToolMessage):
            break
    return set()
