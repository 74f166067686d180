"""The red-team set: attacks on a support assistant and their harmless look-alikes, and what a policy makes of them."""

from deskhand_guardrails.redteam.figures import figures
from deskhand_guardrails.redteam.probes import Probe, families, load
from deskhand_guardrails.redteam.screen import screen

__all__ = ["Probe", "families", "figures", "load", "screen"]
