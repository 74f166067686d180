"""The way out for tool calls: their arguments pass the output rails before a tool, a stream or a state sees them.

Placeholders in the arguments become the customer's values again, since the tools are the caller's own. Figures need no
support here: a limit or an amount is the tool's to judge, and an answer's figures are still checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from langchain_core.messages import InvalidToolCall, ToolCall

from deskhand_guardrails.prompt import Source
from deskhand_guardrails.pseudonyms import mask
from deskhand_guardrails.rails import Rails
from deskhand_guardrails.steps import Step, Steps
from deskhand_guardrails.verdicts import Verdict
from langchain_deskhand.exchange import Exchange
from langchain_deskhand.tool_calls import Layout, called, filled, lay_out

Calls = tuple[list[ToolCall], list[InvalidToolCall]]


def release_calls(exchange: Exchange, rails: Rails) -> Steps[Calls]:
    """The model's calls as the caller may have them; none when ``exchange.held_back`` afterwards."""
    whole: list[ToolCall] = []
    broken: list[InvalidToolCall] = []
    for call in exchange.calls:
        layout = lay_out(call["name"], call["args"])
        verdict: Verdict = yield _check(layout.text, exchange, rails)
        values = _masked(layout, verdict)
        exchange.verdicts.append(_contained(layout, values, verdict, rails))
        whole.append(called(call, filled(call["args"], map(exchange.pseudonyms.restore, values))))
    for wrong in exchange.broken_calls:
        verdict = yield _check(f"{wrong['name']}\n{wrong['args']}", exchange, rails)
        exchange.verdicts.append(verdict)
        name, _, arguments = exchange.pseudonyms.restore(verdict.text).partition("\n")
        broken.append(InvalidToolCall(name=name, args=arguments, id=wrong["id"], error=None, type="invalid_tool_call"))
    return ([], []) if exchange.held_back else (whole, broken)


def _check(text: str, exchange: Exchange, rails: Rails) -> Step:
    context = replace(exchange.context, sources=[*exchange.context.sources, Source("", text)])
    return Step(lambda: rails.check_output(text, context), lambda: rails.acheck_output(text, context))


def _masked(layout: Layout, verdict: Verdict) -> list[str]:
    if verdict.decision != "modify":
        return layout.values
    found = layout.within(verdict.findings)
    return [mask(value, findings) for value, findings in zip(layout.values, found, strict=True)]


def _contained(layout: Layout, values: Sequence[str], verdict: Verdict, rails: Rails) -> Verdict:
    """The verdict, or a harder one when a rail changed more than values: a key, the tool's name, the whole text."""
    if not verdict.passed or layout.replaced(values) == verdict.text:
        return verdict
    reason = f"tool call: changed beside a value ({verdict.reason})"
    return replace(verdict, decision="review", text=rails.policy.messages.hand_over, reason=reason)
