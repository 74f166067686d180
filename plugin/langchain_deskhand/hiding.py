"""Personal data out of texts on their way to the model, with placeholders that are consistent over the conversation."""

from __future__ import annotations

from langchain_core.messages import ToolCall

from deskhand_guardrails.detectors.spans import Span, merged
from deskhand_guardrails.pseudonyms import Pseudonyms, mask
from deskhand_guardrails.redaction import redact
from deskhand_guardrails.steps import Step, Steps
from deskhand_guardrails.tool_calls import filled, lay_out
from deskhand_guardrails.verdicts import Finding, Verdict
from langchain_deskhand.exchange import Exchange

_REVERSIBLE = "personal_data"


def hide(text: str, exchange: Exchange) -> Steps[str]:
    """A message of the assistant, the developer or a refused customer with everything replaced that is found."""
    context = exchange.context
    step = Step.blocking(lambda: redact(text, names=context.names, pseudonyms=context.pseudonyms)[0])
    hidden: str = yield from exchange.memory.once(("hidden", text), step)
    return hidden


def hide_call(call: ToolCall, exchange: Exchange) -> Steps[ToolCall]:
    """A call of the history, as the model once wrote it: with placeholders in its arguments."""
    layout = lay_out(call["name"], call["args"])
    names = exchange.context.names
    step = Step.blocking(lambda: redact(layout.text, names=names, pseudonyms=Pseudonyms())[1])
    found: tuple[Finding, ...] = yield from exchange.memory.once(("call", layout.text), step)
    within = layout.within([*found, *exchange.pseudonyms.known(layout.text)])
    values = [exchange.pseudonyms.hide(value, findings) for value, findings in zip(layout.values, within, strict=True)]
    return ToolCall(name=call["name"], args=filled(call["args"], values), id=call["id"], type="tool_call")


def hide_result(text: str, verdict: Verdict, pseudonyms: Pseudonyms) -> str:
    """A tool's result that passed, for the model.

    Personal data becomes placeholders, since an answer may need the values ("it goes to <STREET_ADDRESS_1>"). All else
    that was found, secrets above all, is masked for good: no answer can bring it back.
    """
    if _rewritten(verdict):
        return verdict.text  # a rail of the user's changed the text, and places no longer fit
    pieces: list[str] = []
    at = 0
    for span in merged(Span(one.start, one.end, one.label, one.score) for one in _lasting(verdict)):
        pieces += [_placeholders(text, at, span.start, verdict, pseudonyms), f"[{span.label}]"]
        at = span.end
    return "".join([*pieces, _placeholders(text, at, len(text), verdict, pseudonyms)])


def shown_result(text: str, verdict: Verdict) -> str:
    """The same result for the customer and the state: their own data stays, what else was found is masked."""
    return verdict.text if _rewritten(verdict) else mask(text, _lasting(verdict))


def _rewritten(verdict: Verdict) -> bool:
    return any(finding.label == "rewritten" for finding in verdict.findings)


def _lasting(verdict: Verdict) -> list[Finding]:
    return [one for one in verdict.findings if one.detector != _REVERSIBLE and one.end > one.start]


def _placeholders(text: str, start: int, end: int, verdict: Verdict, pseudonyms: Pseudonyms) -> str:
    part = text[start:end]
    found = [
        Finding(one.detector, one.label, one.score, max(one.start, start) - start, min(one.end, end) - start)
        for one in verdict.findings
        if one.detector == _REVERSIBLE and one.start < end and one.end > start
    ]
    return pseudonyms.hide(part, [*found, *pseudonyms.known(part)])
