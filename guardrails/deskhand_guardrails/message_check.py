"""A whole chat message through the rails: every text in its direction, and all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deskhand_guardrails.detectors.settings import DECISIONS
from deskhand_guardrails.parts import Part, flatten, parts, replaced, unread
from deskhand_guardrails.policy import Settings
from deskhand_guardrails.steps import Steps
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

Check = Callable[[Direction, str, Context], Steps[Verdict]]
HeldBack = Callable[[Decision, Sequence[Finding]], str]


def check_message(
    message: Mapping[str, Any], context: Context, settings: Settings, check: Check, held_back: HeldBack
) -> Steps[CheckedMessage]:
    """Checks ``message``; ``held_back`` says what the customer reads when an attachment is not let through."""
    found = parts(message, trust_system=settings.system_messages == "trusted")
    checked: list[tuple[Part, Verdict]] = []
    for part in found:
        if part.direction is not None:
            verdict = yield from check(part.direction, part.lead + part.text, context)
            checked.append((part, verdict))
    verdicts = [verdict for _, verdict in checked]
    texts = {part.path: verdict.text.removeprefix(part.lead) for part, verdict in checked if verdict.passed}
    for direction in DIRECTIONS:
        together = [(part, verdict) for part, verdict in checked if part.direction == direction]
        if len(together) > 1:
            verdicts.append((yield from _together(together, direction, context, check, held_back)))
    verdicts.extend(_attachments(message, settings, held_back))
    hardest = max(verdicts, key=lambda one: SEVERITY[one.decision], default=Verdict("allow", ""))
    ignored = settings.attachments == "ignore"
    passed = replaced(message, texts, marks=not ignored)
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
    checked: Sequence[tuple[Part, Verdict]], direction: Direction, context: Context, check: Check, held_back: HeldBack
) -> Steps[Verdict]:
    """The verdict on what only shows when texts are read one after the other: split over two, or named by the first."""
    text, known = "", []
    for part, verdict in checked:
        known += [(one.start + len(text), one.end + len(text)) for one in verdict.findings]
        text += f"{part.lead}{part.text}\n"
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
