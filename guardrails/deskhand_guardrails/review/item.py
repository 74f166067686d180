"""What a reviewer sees: an item, its audit trail, the counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from deskhand_guardrails.monitor import Turn

State = Literal["pending", "approved", "corrected", "rejected"]

DECIDED: tuple[State, ...] = ("approved", "corrected", "rejected")

WORDS = {
    "injection": "the message tries to change the assistant's instructions",
    "unsupported_figure": "the draft states a figure or detail that no source holds",
    "unsupported_name": "the draft names something that no source holds",
    "unsupported_claim": "the draft states something that the sources do not",
    "contradicted_claim": "the draft says the opposite of its sources",
    "unknown_placeholder": "the draft speaks of personal data that nobody gave it",
    "personal_data": "it holds personal data",
    "secrets": "it holds a password or key",
    "error": "a check failed, so nothing was let through",
}
"""Labels or detectors of our own checks in words for a person; what others report is shown as they put it."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A flagged turn and, once somebody decided, what and who. Times are UTC."""

    turn: Turn
    state: State
    opened_at: datetime
    reviewer: str | None = None
    decided_at: datetime | None = None
    correction: str | None = None
    note: str = ""
    policy: str = ""
    """Digest of the policy that the decision was checked against."""

    @property
    def why(self) -> str:
        """Why it is in the queue, in words for a person."""
        if self.turn.decision not in ("review", "block"):
            return "the customer gave it a thumb down"
        parts = [part.strip() for part in self.turn.reason.replace(";", ",").split(",") if part.strip()]
        return "; ".join(dict.fromkeys(_worded(part) for part in parts)) or f"the rails said {self.turn.decision}"

    @property
    def text(self) -> str | None:
        """The answer that people stand for: the correction, or the draft when it was approved."""
        if self.state == "corrected":
            return self.correction
        return self.turn.answer if self.state == "approved" else None


@dataclass(frozen=True, slots=True)
class Counts:
    """How far the reviewers are."""

    pending: int
    approved: int
    corrected: int
    rejected: int
    today: int
    """Decided since midnight UTC."""

    @property
    def decided(self) -> int:
        """Everything that is not pending."""
        return self.approved + self.corrected + self.rejected


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to an item, and when (UTC)."""

    at: datetime
    actor: str
    """A reviewer's name; "rails" or "customer" for what put the turn into the queue."""
    action: str
    """flagged, approved, corrected, rejected or reopened."""
    policy: str = ""


def _worded(reason: str) -> str:
    """``grounding: unsupported_figure`` as a sentence."""
    detector, _, label = reason.partition(": ")
    return WORDS.get(label, WORDS.get(detector, reason))
