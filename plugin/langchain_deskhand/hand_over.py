"""``hand_over_to_person``: a tool with which the model calls for a colleague, and waits for the answer.

The run is interrupted (LangGraph's ``interrupt``) with ``{"type": "hand_over", "reason", "conversation_id",
"turn_id"}``; it goes on with ``Command(resume="what the colleague says")``, today or in a week.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import NAMESPACE_OID, uuid5

from langchain.tools import ToolRuntime
from langchain_core.messages import BaseMessage
from langchain_core.tools import BaseTool, tool
from langgraph.types import interrupt

from deskhand_guardrails.monitor import Store, Turn
from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.redaction import redact
from langchain_deskhand.messages import is_tool_result, role_of, text_of


def hand_over_tool(store: Store | None, policy: str, channel: str) -> BaseTool:
    """The tool; the question goes to the review queue of ``store`` while the run waits."""

    @tool
    def hand_over_to_person(reason: str, runtime: ToolRuntime) -> str:
        """Ask a human colleague, when you cannot or must not answer the customer yourself. Say why in one sentence."""
        information = runtime.execution_info
        thread = (information.thread_id if information else None) or ""
        # Resumed, the tool runs from its start again: the same call is the same turn.
        turn_id = uuid5(NAMESPACE_OID, f"{thread}:{runtime.tool_call_id}").hex
        if store is not None and store.get(turn_id) is None:
            store.add(_turn(turn_id, thread, reason, runtime.state["messages"], policy, channel))
        asked = {"type": "hand_over", "reason": reason, "conversation_id": thread, "turn_id": turn_id}
        # LangGraph keeps what a run was resumed with, so that an error here would come again for ever.
        while not (isinstance(answer := interrupt(asked), str) and answer.strip()):
            asked["error"] = "resume with what the colleague says: Command(resume='…')"
        return f"A colleague has answered: {answer}"

    return hand_over_to_person


def _turn(turn_id: str, thread: str, reason: str, messages: Sequence[BaseMessage], policy: str, channel: str) -> Turn:
    asked = [text_of(one) for one in messages if role_of(one) == "user" and not is_tool_result(one)]
    pseudonyms = Pseudonyms()
    return Turn(
        id=turn_id,
        conversation_id=thread,
        channel=channel,
        question=redact(asked[-1] if asked else "", pseudonyms=pseudonyms)[0],
        answer=f"(asks for a person: {redact(reason, pseudonyms=pseudonyms)[0]})",
        decision="review",
        reason="the assistant asked for a person",
        policy=policy,
    )
