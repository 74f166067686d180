"""Secrets: keys of well-known vendors, private keys, tokens, passwords and codes that somebody typed, random strings.

Labels are API_KEY and PASSWORD. Not covered: a password without a word that says so, and secrets in pictures.
"""

from __future__ import annotations

from deskhand_guardrails.detectors.labels import SECRETS
from deskhand_guardrails.detectors.recognisers import keys, passwords
from deskhand_guardrails.detectors.settings import Action, DetectorSettings
from deskhand_guardrails.detectors.spans import merged
from deskhand_guardrails.growing import REACH
from deskhand_guardrails.normalise import plain
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding


class SecretsSettings(DetectorSettings):
    """Keys and passwords: customers' are hidden from the model, one in an answer stops it."""

    input: Action = "mask"
    retrieved: Action = "mask"


class Secrets:
    """Finds what opens a door: keys, tokens, passwords."""

    name = "secrets"
    settings = SecretsSettings
    reach = REACH

    @classmethod
    def build(cls, setup: Setup[SecretsSettings]) -> Secrets:  # noqa: ARG003 - the registry's signature
        """The detector of a policy."""
        return cls()

    def detect(self, text: str, context: Context) -> list[Finding]:  # noqa: ARG002 - the protocol's
        """Findings labelled API_KEY or PASSWORD, by place, never overlapping."""
        read = plain(text)
        spans = merged((*keys.find(read.text), *passwords.find(read.text)), SECRETS)
        return [Finding(self.name, span.label, span.score, *read.span(span.start, span.end)) for span in spans]
