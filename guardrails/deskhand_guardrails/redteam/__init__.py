"""The red-team set, attacks on a support assistant and their harmless look-alikes, and what is made of them.

::

    screen(rails, load())                        # the rails alone, in seconds
    drive(target, load(), Judge(), out=file)     # whatever answers: replies are had, kept and judged
"""

from deskhand_guardrails.redteam.answers import Target, drive
from deskhand_guardrails.redteam.figures import OF_ANSWERS, OF_RAILS, figures
from deskhand_guardrails.redteam.judge import CANARY, DETECTORS, GIVEN, Judge, Judgement, Opinion
from deskhand_guardrails.redteam.probes import Probe, families, load
from deskhand_guardrails.redteam.replies import Reply, read, reply
from deskhand_guardrails.redteam.screen import screen

__all__ = [
    "CANARY",
    "DETECTORS",
    "GIVEN",
    "OF_ANSWERS",
    "OF_RAILS",
    "Judge",
    "Judgement",
    "Opinion",
    "Probe",
    "Reply",
    "Target",
    "drive",
    "families",
    "figures",
    "load",
    "read",
    "reply",
    "screen",
]
