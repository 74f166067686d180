"""Requests for help with harm: violence, crime, self-harm, abuse of others. The guard model's opinion of every window.

It asks what somebody wants, not which words are used: killing a process, shooting a portrait and reporting a theft are
none of its business. Somebody who speaks of harming themselves reads the policy's message for ``harm``, which a desk
should fill with a helpline's number.

Not covered: requests whose harm lies in context that the text does not hold; other languages than English.
"""

from __future__ import annotations

from deskhand_guardrails.detectors.opinion import Opinion
from deskhand_guardrails.detectors.settings import Action, DetectorSettings


class HarmSettings(DetectorSettings):
    """Requests for help with harm."""

    retrieved: Action = "ignore"


class Harm(Opinion[HarmSettings]):
    """Finds windows of a text that ask for (or, in an answer, give) help with harm; label ``harmful_request``."""

    name = "harm"
    settings = HarmSettings
    question = "harm"
    label = "harmful_request"
