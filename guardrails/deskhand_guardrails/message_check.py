"""A whole chat message through the rails: every text in its direction, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from deskhand_guardrails.detectors.settings import DECISIONS
from deskhand_guardrails.parts import Path, calls, flatten, parts, replaced, unread
from deskhand_guardrails.policy import Settings
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.steps import Steps
from deskhand_guardrails.tool_calls import Check, HeldBack, check_call, text_of
from deskhand_guardrails.verdicts import (
    DIRECTIONS,
    SEVERITY,
    CheckedMessage,
    Context,
    Decision,
    Direction,
    Finding,
    Verdict,
)


def check_message(
    message: Mapping[str, Any], context: Context, settings: Settings, check: Check, held_back: HeldBack
) -> Steps[CheckedMessage]:
    """Checks ``message``; ``held_back`` says what the customer reads when an attachment is not let through."""
    checked: list[tuple[Direction, str, Verdict]] = []
    new: dict[Path, object] = {}
    called: list[Source] = []
    for part in parts(message, trust_system=settings.system_messages == "trusted"):
        if part.direction is not None:
            verdict = yield from check(part.direction, part.text, context)
            checked.append((part.direction, part.text, verdict))
            new[part.path] = verdict.text
    for call in calls(message):
        made = yield from check_call(call.name, call.arguments, context, check, held_back)
        called.append(Source("", text_of(call.name, call.arguments)))
        checked.append(("output", called[-1].text, made.verdict))
        new[call.path] = made.arguments
    verdicts = [verdict for _, _, verdict in checked]
    for direction in DIRECTIONS:
        together = [(text, verdict) for own, text, verdict in checked if own == direction]
        if len(together) > 1:
            supported = replace(context, sources=[*context.sources, *called])
            verdicts.append((yield from _together(together, direction, supported, check, held_back)))
    verdicts.extend(_attachments(message, settings, held_back))
    hardest = max(verdicts, key=lambda one: SEVERITY[one.decision], default=Verdict("allow", ""))
    ignored = settings.attachments == "ignore"
    passed = replaced(message, new, marks=not ignored)
    return CheckedMessage(
        passed if hardest.passed else _instead(message, hardest.text),
        Verdict(
            hardest.decision,
            flatten(passed.get("content") or "") if hardest.passed else hardest.text,
            tuple(finding for one in verdicts for finding in one.findings),
            "; ".join(dict.fromkeys(one.reason for one in verdicts if one.reason)),
            round(sum(one.milliseconds for one in verdicts), 3),
        ),
    )


def _together(
    checked: Sequence[tuple[str, Verdict]], direction: Direction, context: Context, check: Check, held_back: HeldBack
) -> Steps[Verdict]:
    """The verdict on what only shows when texts are read one after the other: split over two, or named by the first."""
    text, known = "", []
    for one_text, verdict in checked:
        known += [(one.start + len(text), one.end + len(text)) for one in verdict.findings]
        text += f"{one_text}\n"
    verdict = yield from check(direction, text.removesuffix("\n"), context)
    if not verdict.passed:
        return verdict
    new = tuple(
        one for one in verdict.findings if not any(start <= one.start and one.end <= end for start, end in known)
    )
    # Nobody can say what to replace in which text.
    decision: Decision = "review" if new else "allow"
    return Verdict(decision, held_back(decision, new), new, verdict.reason if new else "", verdict.milliseconds)


def _attachments(message: Mapping[str, Any], settings: Settings, held_back: HeldBack) -> list[Verdict]:
    findings = tuple(Finding("message", f"unread_{kind}", 1.0) for _, kind in unread(message))
    if not findings:
        return []
    decision = DECISIONS[settings.attachments]
    reason = ", ".join(sorted({f"message: {one.label}" for one in findings}))
    return [Verdict(decision, held_back(decision, findings), findings, reason)]


def _instead(message: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The message that takes the place of one that is held back: who speaks stays, what was said or called does not."""
    kept = {key: message[key] for key in ("role", "type", "id", "name", "tool_call_id") if key in message}
    return {**kept, "content": text}
