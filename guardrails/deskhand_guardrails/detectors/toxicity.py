"""Hostility: hate, insults, threats, harassment. The guard model's opinion of every window.

A customer may be rude about a product, and even to the assistant: that is noted and answered kindly. An answer may not.
Not covered: irony, hostility that only the conversation shows; in other languages than English most of it is missed.
"""

from __future__ import annotations

from deskhand_guardrails.detectors.opinion import Opinion
from deskhand_guardrails.detectors.settings import Action, DetectorSettings


class ToxicitySettings(DetectorSettings):
    """Hostility: noted where a customer shows it, never said to one."""

    input: Action = "note"
    retrieved: Action = "ignore"
    output: Action = "block"


class Toxicity(Opinion[ToxicitySettings]):
    """Finds windows of a text that are hostile; label ``hostile``."""

    name = "toxicity"
    settings = ToxicitySettings
    question = "hostile"
    label = "hostile"
