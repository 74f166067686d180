"""A tool call as a text that rails can check, and back.

::

    refund  {"order": "<ORDER_ID_1>", "items": [{"sku": "A-7"}]}

    refund
    order: <ORDER_ID_1>
    sku: A-7

Every text and number of the arguments stands on a line behind its key, so that a check sees what it is ("password: …").
Figures need no support in a call: a limit or an amount is the tool's to judge, and an answer's figures are checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deskhand_guardrails.prompt import Source
from deskhand_guardrails.pseudonyms import mask
from deskhand_guardrails.steps import Steps
from deskhand_guardrails.verdicts import CheckedCall, Context, Decision, Direction, Finding, Verdict

JsonObject = dict[str, Any]
Check = Callable[[Direction, str, Context], Steps[Verdict]]
HeldBack = Callable[[Decision, Sequence[Finding]], str]


@dataclass(frozen=True, slots=True)
class Layout:
    """The text of a call, and where each argument's value stands in it, in the order in which ``filled`` takes them."""

    text: str
    spans: tuple[tuple[int, int], ...]

    @property
    def values(self) -> list[str]:
        """The values as they stand in the text."""
        return [self.text[start:end] for start, end in self.spans]

    def within(self, findings: Iterable[Finding]) -> list[list[Finding]]:
        """For each value, the findings that touch it, by place in the value."""
        found = list(findings)
        return [
            [
                Finding(one.detector, one.label, one.score, max(one.start, start) - start, min(one.end, end) - start)
                for one in found
                if one.start < end and one.end > start
            ]
            for start, end in self.spans
        ]

    def replaced(self, values: Iterable[str]) -> str:
        """The text with other values."""
        pieces: list[str] = []
        at = 0
        for (start, end), value in zip(self.spans, values, strict=True):
            pieces += [self.text[at:start], value]
            at = end
        return "".join([*pieces, self.text[at:]])


def lay_out(name: str, arguments: Mapping[str, Any]) -> Layout:
    """The call as text."""
    pieces = [name]
    spans: list[tuple[int, int]] = []
    length = len(name)
    for key, value in _lines(arguments, ""):
        lead = f"\n{key}" if value is None else f"\n{key}: "
        pieces.append(lead)
        length += len(lead)
        if value is not None:
            pieces.append(value)
            spans.append((length, length + len(value)))
            length += len(value)
    return Layout("".join(pieces), tuple(spans))


def filled(arguments: Mapping[str, Any], values: Iterable[str]) -> JsonObject:
    """``arguments`` with ``values`` in place of its texts and numbers; a number that stays the same stays a number."""
    result: JsonObject = _filled(arguments, iter(values))
    return result


def mapped(arguments: Mapping[str, Any], change: Callable[[str], str]) -> JsonObject:
    """``arguments`` with ``change`` done to each of its texts and numbers."""
    return filled(arguments, map(change, lay_out("", arguments).values))


def text_of(name: str, arguments: Mapping[str, Any] | str) -> str:
    """What is checked of a call; arguments that are no JSON are read as they stand."""
    return f"{name}\n{arguments}" if isinstance(arguments, str) else lay_out(name, arguments).text


def check_call(
    name: str, arguments: Mapping[str, Any] | str, context: Context, check: Check, held_back: HeldBack
) -> Steps[CheckedCall]:
    """Whether and how a model's call may go to the tool; its placeholders stay.

    Args:
        name: of the tool.
        arguments: as the model wrote them; a text when it is no JSON.
        context: what the call may rest on.
        check: checks a text.
        held_back: what the customer reads when something was changed that cannot be put back into the call.
    """
    text = text_of(name, arguments)
    supported = replace(context, sources=[*context.sources, Source("", text)])
    verdict: Verdict = yield from check("output", text, supported)
    if isinstance(arguments, str):
        changed, _, rest = verdict.text.partition("\n")
        return CheckedCall(changed, rest, verdict)
    layout = lay_out(name, arguments)
    values = _masked(layout, verdict)
    if verdict.passed and layout.replaced(values) != verdict.text:  # a key, the tool's name, the whole text
        reason = f"tool call: changed beside a value ({verdict.reason})"
        verdict = replace(verdict, decision="review", text=held_back("review", ()), reason=reason)
    return CheckedCall(name, filled(arguments, values), verdict)


def _masked(layout: Layout, verdict: Verdict) -> list[str]:
    if verdict.decision != "modify":
        return layout.values
    found = layout.within(verdict.findings)
    return [mask(value, findings) for value, findings in zip(layout.values, found, strict=True)]


def _lines(value: Any, key: str) -> Iterator[tuple[str, str | None]]:  # noqa: ANN401 - JSON
    """Every value that can be replaced behind its key, and the other keys alone: the model wrote them too."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not _is_leaf(inner):
                yield str(name), None
            yield from _lines(inner, str(name))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _lines(inner, key)
    elif _is_leaf(value):
        yield key, str(value)


def _filled(value: Any, values: Iterator[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {name: _filled(inner, values) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(inner, values) for inner in value]
    if _is_leaf(value):
        new = next(values)
        return value if new == str(value) else new
    return value


def _is_leaf(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)
