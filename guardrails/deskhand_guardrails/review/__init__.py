"""Flagged answers, what people made of them, and the training data that comes of it."""

from deskhand_guardrails.review.confidence import refit
from deskhand_guardrails.review.item import AuditEntry, Counts, ReviewItem, State
from deskhand_guardrails.review.queue import ReviewQueue

__all__ = ["AuditEntry", "Counts", "ReviewItem", "ReviewQueue", "State", "refit"]
