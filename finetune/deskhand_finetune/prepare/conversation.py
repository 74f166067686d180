"""A ticket as the later steps see it: cleaned, redacted, in the order it was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Turn:
    """One public message: plain text with placeholders."""

    role: str
    """``user`` or ``assistant``, the words of training data; ``note`` for an internal note."""
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A ticket or one of its messages that does not enter, and why."""

    ticket_id: str
    reason: str
    """A code such as ``open`` or ``auto_reply``; every one is explained in ``report.REASONS``."""
    where: str = ""
    """The export's file and line, or the message's time."""

    def to_json(self) -> dict[str, str]:
        return {"ticket_id": self.ticket_id, "reason": self.reason, "where": self.where}


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is left of one ticket."""

    ticket_id: str
    customer: str
    created_at: str
    subject: str
    tags: tuple[str, ...]
    language: str
    turns: tuple[Turn, ...]
    replaced: Mapping[str, int] = field(default_factory=Counter)
    """How many pieces of personal data were replaced, by kind."""
    notes: tuple[Turn, ...] = ()
    """Internal notes, where they were asked for."""
    substitutes: Mapping[str, str] = field(default_factory=dict)
    """For each placeholder the value to write in its place; empty where placeholders stay."""
    organization: str = ""
    """Who the customer belongs to: the help desk's id, or the domain of a company's mail address."""
    rating: str = ""
    """``good`` or nothing."""
    messages: int = 0
    """How many texts of the ticket were kept, the subject included."""
    looked: Mapping[str, int] = field(default_factory=dict)
    """What a second look found in the originals, by kind."""
    suspects: tuple[Mapping[str, Any], ...] = ()
    """Those of its finds that are left; see ``residual.Suspect``."""

    def to_json(self) -> dict[str, Any]:
        return {
            "ticket_id": self.ticket_id,
            "customer": self.customer,
            "created_at": self.created_at,
            "subject": self.subject,
            "tags": list(self.tags),
            "language": self.language,
            "turns": [[turn.role, turn.text, turn.at] for turn in self.turns],
            "replaced": dict(self.replaced),
            "notes": [[note.role, note.text, note.at] for note in self.notes],
            "substitutes": dict(self.substitutes),
            "organization": self.organization,
            "rating": self.rating,
            "messages": self.messages,
            "looked": dict(self.looked),
            "suspects": [dict(suspect) for suspect in self.suspects],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Conversation:
        held = {key: tuple(Turn(*turn) for turn in record[key]) for key in ("turns", "notes")}
        return cls(**{**record, **held, "tags": tuple(record["tags"]), "suspects": tuple(record["suspects"])})
