"""The way out for tool calls: their arguments pass the output rails before a tool, a stream or a state sees them.

Placeholders in the arguments become the customer's values again, since the tools are the caller's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import InvalidToolCall, ToolCall

from deskhand_guardrails.rails import Rails
from deskhand_guardrails.steps import Step, Steps
from deskhand_guardrails.tool_calls import mapped
from deskhand_guardrails.verdicts import CheckedCall
from langchain_deskhand.exchange import Exchange

Calls = tuple[list[ToolCall], list[InvalidToolCall]]


def release_calls(exchange: Exchange, rails: Rails) -> Steps[Calls]:
    """The model's calls as the caller may have them; none when ``exchange.held_back`` afterwards."""
    whole: list[ToolCall] = []
    broken: list[InvalidToolCall] = []
    for call in [*exchange.calls, *exchange.broken_calls]:
        checked = yield from _checked(str(call["name"]), "" if call["args"] is None else call["args"], exchange, rails)
        restore = exchange.pseudonyms.restore
        if isinstance(checked.arguments, str):
            name, arguments = restore(checked.name), restore(checked.arguments)
            broken.append(
                InvalidToolCall(name=name, args=arguments, id=call["id"], error=None, type="invalid_tool_call")
            )
        else:
            values = mapped(checked.arguments, restore)
            whole.append(ToolCall(name=checked.name, args=values, id=call["id"], type="tool_call"))
    return ([], []) if exchange.held_back else (whole, broken)


def _checked(name: str, arguments: Mapping[str, Any] | str, exchange: Exchange, rails: Rails) -> Steps[CheckedCall]:
    context = exchange.context
    checked: CheckedCall = yield Step(
        lambda: rails.check_call(name, arguments, context), lambda: rails.acheck_call(name, arguments, context)
    )
    exchange.verdicts.append(checked.verdict)
    return checked
