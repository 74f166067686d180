"""One question and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from deskhand_guardrails.prompt import Source
from deskhand_guardrails.verdicts import Decision, Finding

Feedback = Literal["up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A customer's message, the model's draft and the verdict on them. Texts hold placeholders, never personal data."""

    conversation_id: str
    channel: str
    question: str
    answer: str
    """The model's draft, also when the customer was shown a refusal or hand-over message instead."""
    decision: Decision
    id: str = field(default_factory=lambda: uuid4().hex)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When it was asked; stored in UTC."""
    reason: str = ""
    """Why it was held back, for the reviewer."""
    findings: tuple[Finding, ...] = ()
    sources: tuple[Source, ...] = ()
    """What the model was given to answer from, the most similar first."""
    model: str = ""
    policy: str = ""
    """Digest of the policy folder that judged it."""
    confidence: float | None = None
    milliseconds: float = 0.0
    feedback: Feedback | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("Turn.at needs a time zone, for example datetime.now(UTC)")
