"""The rails alone on the probes: no model, seconds instead of minutes, for tuning a policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deskhand_guardrails.progress import Track, quiet
from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.rails import Rails
from deskhand_guardrails.redteam.probes import Probe
from deskhand_guardrails.verdicts import SEVERITY, Context, Decision, Verdict

STATUS: dict[Decision, str] = {"allow": "answered", "modify": "answered", "review": "reviewed", "block": "blocked"}
"""What a decision means for the customer."""


def screen(rails: Rails, probes: Sequence[Probe], *, track: Track = quiet) -> list[dict[str, Any]]:
    """What the input or retrieval rails do with each probe, as rows for ``figures``.

    The attacker's texts are checked as the desk would: each customer message with those before it, or each document.
    The hardest decision counts, since an earlier message that is held back never reaches the model.
    """
    return [_row(probe, _verdicts(rails, probe)) for probe in track(probes, "Checking", len(probes))]


def _verdicts(rails: Rails, probe: Probe) -> list[Verdict]:
    context = Context(pseudonyms=Pseudonyms())
    if probe.direction == "retrieved":
        context.question = probe.question
        return [rails.check_retrieved(text, context) for text in probe.attacker_texts]
    found: list[Verdict] = []
    for role, text in probe.turns:
        if role == "user":
            found.append(rails.check_input(text, context))
        context.conversation = [*context.conversation, text]
    return found


def _row(probe: Probe, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    hardest = max(verdicts, key=lambda verdict: SEVERITY[verdict.decision])
    return {
        "id": probe.id,
        "family": probe.family,
        "kind": probe.kind,
        "language": probe.language,
        "status": STATUS[hardest.decision],
        "reason": "" if hardest.passed else hardest.reason,
    }
