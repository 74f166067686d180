"""The way back from a tool: its result passes the retrieval rails before anybody else has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from langchain_core.messages import BaseMessage, ToolMessage
from langgraph.types import Command

from deskhand_guardrails.monitor import Store
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.steps import Steps
from deskhand_guardrails.verdicts import Verdict
from langchain_deskhand.admission import Admission
from langchain_deskhand.exchange import Exchange
from langchain_deskhand.hiding import hide, shown_result
from langchain_deskhand.messages import WITHHELD, flatten, is_tool_result, text_of
from langchain_deskhand.recording import record


@dataclass(frozen=True, slots=True)
class ResultCheck:
    """Checks what one tool call brings, in whatever form the tool returns it."""

    admission: Admission
    exchange: Exchange
    store: Store | None

    def result(self, value: Any) -> Steps[Any]:  # noqa: ANN401 - tools return what they like
        """``value`` with everything masked that must not be shown; what does not pass is withheld and recorded."""
        if isinstance(value, Command):
            update = yield from self.result(value.update)
            return replace(value, update=update)
        if isinstance(value, dict) and "messages" in value:
            messages = yield from self.result(value["messages"])
            return {**value, "messages": messages}
        if isinstance(value, list):
            checked: list[Any] = []
            for one in value:
                checked += [(yield from self.result(one))]
            return checked
        if isinstance(value, BaseMessage) and is_tool_result(value):
            return (yield from self._message(value))
        return value

    def text(self, text: str, name: str) -> Steps[str | None]:
        """``text`` as it may be shown; None when it must not be."""
        message = ToolMessage(text, tool_call_id="", name=name)
        verdict = yield from self.admission.judge(self.exchange, message)
        if verdict.passed:
            return shown_result(text, verdict)
        yield from self._withhold(message, verdict)
        return None

    def _message(self, message: BaseMessage) -> Steps[BaseMessage]:
        text = flatten(message.content)
        if not text.strip() or text == WITHHELD:
            return message
        shown = yield from self.text(text, message.name or "a tool")
        if shown is None:
            withheld: dict[str, Any] = {
                "content": WITHHELD,
                "status": "error",
                "artifact": None,
                "additional_kwargs": {},
            }
            return message.model_copy(update=withheld)
        return message if shown == text else message.model_copy(update={"content": shown})

    def _withhold(self, message: ToolMessage, verdict: Verdict) -> Steps[None]:
        """Records what was withheld, for review, beside the question that the tool was called for."""
        asked = self.exchange
        question = text_of(asked.messages[asked.newest]) if asked.newest >= 0 else ""
        held = replace(asked, turn_id=uuid4().hex, verdicts=[], results=[], recorded=False)
        held.question = yield from hide(question, held)
        hidden = yield from hide(flatten(message.content), held)
        held.results = [Source(f"Result of {message.name}", hidden, f"tool:{message.name}")]
        held.verdicts = [replace(verdict, reason=f"result of {message.name}: {verdict.reason}")]
        yield from record(held, self.store)
