"""Placeholders in an answer that stand for nothing: a model that learnt from redacted tickets may write one itself."""

from __future__ import annotations

from deskhand_guardrails.detectors.settings import OutputSettings
from deskhand_guardrails.growing import REACH
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding


class Placeholders:
    """Finds ``<PERSON_2>`` and the like when the conversation holds no such value; needs ``context.pseudonyms``."""

    name = "placeholders"
    settings = OutputSettings
    reach = REACH

    @classmethod
    def build(cls, setup: Setup[OutputSettings]) -> Placeholders:  # noqa: ARG003 - the registry's signature
        """The detector of a policy."""
        return cls()

    def detect(self, text: str, context: Context) -> list[Finding]:
        """Findings labelled ``unknown_placeholder``."""
        if context.pseudonyms is None:
            return []
        return [
            Finding(self.name, "unknown_placeholder", 1.0, start, end)
            for start, end in context.pseudonyms.unknown(text)
        ]
