"""Guardrails for a support assistant: text in, verdict out. Policy, rails, pseudonyms; the record; the review queue.

Names load on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deskhand_guardrails.detectors.settings import DetectorSettings
    from deskhand_guardrails.encoder import Encoder
    from deskhand_guardrails.policy import Policy
    from deskhand_guardrails.prompt import Source
    from deskhand_guardrails.pseudonyms import Pseudonyms
    from deskhand_guardrails.rails import Rails
    from deskhand_guardrails.redaction import redact
    from deskhand_guardrails.registry import Setup
    from deskhand_guardrails.verdicts import Context, Detector, Finding, Verdict

_HOMES = {
    "Context": "verdicts",
    "Detector": "verdicts",
    "DetectorSettings": "detectors.settings",
    "Encoder": "encoder",
    "Finding": "verdicts",
    "Policy": "policy",
    "Pseudonyms": "pseudonyms",
    "Rails": "rails",
    "Setup": "registry",
    "Source": "prompt",
    "Verdict": "verdicts",
    "redact": "redaction",
}

__all__ = [
    "Context",
    "Detector",
    "DetectorSettings",
    "Encoder",
    "Finding",
    "Policy",
    "Pseudonyms",
    "Rails",
    "Setup",
    "Source",
    "Verdict",
    "redact",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
