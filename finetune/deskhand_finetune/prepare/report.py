"""What ``prepare`` did, for people and for programs: ``report.json`` and the dataset card."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deskhand_finetune.prepare.leaks import NAMES
from deskhand_finetune.prepare.residual import Residual

REASONS = {
    "unreadable": "the export's record could not be read",
    "open": "the ticket is not solved or closed",
    "deleted": "the ticket was deleted",
    "spam": "the ticket is tagged as spam",
    "merged": "the ticket was merged into another",
    "bad_rating": "the customer rated the answer as bad",
    "reopened": "the ticket was reopened three times or more",
    "hostile": "an agent's message that the policy calls hostile",
    "too_long": "an answer of more than 400 words",
    "other_language": "the answer is in another language than the question",
    "did_not_help": "the customer wrote that the answer did not help",
    "near_duplicate": "nearly the same conversation as a newer ticket",
    "internal_note": "an internal note, which customers never saw",
    "system_message": "written by an automation",
    "bot_message": "written by a bot",
    "auto_reply": "an automatic reply",
    "acknowledgement": "an acknowledgement of receipt",
    "merge": "a merge notice",
    "survey": "a satisfaction survey",
    "delivery_failure": "a delivery failure notice",
    "cut_message": "what stood after the first 20,000 characters of a message",
    "empty_message": "nothing but quoted text, a signature or an attachment",
    "empty": "no message was left of the ticket",
    "no_question": "no customer message before the answer",
    "no_answer": "no agent message after the question",
    "only_courtesy": "an agent message of pure courtesy",
    "too_short": "an agent message of fewer than six words",
    "asks_back": "the agent only asks something back",
    "promises": "the agent only promises to look into it",
    "second_answer": "a second answer to the same question",
    "unknown_value": "the answer names a person, order or address that the conversation does not",
    "duplicate": "question and answer repeat an earlier ticket",
    "canned": "one copy too many of a canned reply",
    "duplicate_on_other_side": "nearly the same conversation as a newer ticket of another split",
    "customer_on_other_side": "the customer's other tickets are in another split",
}


@dataclass(frozen=True, slots=True)
class PrepareReport:
    """Counts only; nothing a customer wrote."""

    out: str
    fingerprint: str
    """Over the inputs and the settings: the same one means the same dataset."""
    formats: Mapping[str, str]
    """For each export its format and what it was recognised by."""
    tickets: int
    kept: int
    """Tickets that gave at least one record."""
    splits: Mapping[str, int]
    left_out: Mapping[str, int]
    """Tickets and messages by reason; each is a line of ``quarantine.jsonl``."""
    replaced: Mapping[str, int]
    """Pieces of personal data replaced in the kept tickets, by kind."""
    residual: Mapping[str, Any]
    """How much may be left, by a second look: ``residual.Residual``."""
    languages: Mapping[str, int]
    canned: Mapping[str, int]
    hand_overs: int
    """Training records with distractors only, whose answer is to hand over."""
    timeline: Mapping[str, Mapping[str, int]]
    """Kept tickets by side in each day, month or year."""
    kinds: Sequence[Sequence[Any]]
    """Clusters of the kept tickets' questions: name and number of tickets."""
    lengths: Mapping[str, Any]
    """Records by their length in tokens: ``lengths.Lengths``."""
    leaks: Mapping[str, int]
    """What crosses between the splits, counted in the written files; all nothing."""
    split_by: str
    """``organization``, or ``customer`` where organisations could not be kept apart."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any], out: str) -> PrepareReport:
        return cls(**{**record, "out": out})

    def lines(self) -> list[str]:
        """What it found and made, for people."""
        left_out = ", ".join(f"{REASONS[name]}: {count}" for name, count in list(self.left_out.items())[:6])
        replaced = ", ".join(f"{name} {count}" for name, count in self.replaced.items())
        return [
            *(f"{name}: {why}" for name, why in self.formats.items()),
            f"{self.tickets} tickets read, {self.kept} kept",
            "records: " + ", ".join(f"{name} {count}" for name, count in self.splits.items()),
            f"near duplicates on two sides, the older left out: {self.left_out.get('duplicate_on_other_side', 0)}",
            f"leak check (by {self.split_by}): " + ", ".join(f"{NAMES[name]} {n}" for name, n in self.leaks.items()),
            f"personal data replaced: {replaced or 'none found'}",
            f"personal data left: {Residual.from_json(self.residual).line()}",
            f"left out: {left_out or 'nothing'}",
        ]
