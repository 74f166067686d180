"""What ``prepare`` did, for people and for programs: ``report.json`` and the dataset card."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
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
            f"leak check (by {self.split_by}): " + ", ".join(f"{NAMES[name]} {n}" for name, n in self.leaks.items()),
            f"personal data replaced: {replaced or 'none found'}",
            f"personal data left: {Residual.from_json(self.residual).line()}",
            f"left out: {left_out or 'nothing'}",
        ]


def card(report: PrepareReport) -> str:
    """The dataset card, ``README.md``."""
    files = "\n".join(f"  - split: {name}\n    path: {name}.jsonl" for name in report.splits)
    sizes = "\n".join(f"| {name} | {count} |" for name, count in report.splits.items())
    reasons = "\n".join(f"| `{name}` | {count} | {REASONS[name]} |" for name, count in report.left_out.items())
    kinds = "\n".join(f"| {name} | {count} |" for name, count in report.replaced.items())
    sources = "\n".join(f"- `{name}`: {why}" for name, why in report.formats.items())
    residual = Residual.from_json(report.residual)
    looked = "\n".join(f"| {name} | {own['found']} | {own['left']} |" for name, own in residual.kinds.items())
    how = "realistic values of the same kind" if report.settings.get("substitutes") else "numbered placeholders"
    languages = ", ".join(f"{name or 'unknown'} {count}" for name, count in report.languages.items())
    return f"""---
configs:
- config_name: default
  data_files:
{files}
---
# Support tickets, prepared for training

{report.tickets} tickets were read, {report.kept} gave records. Made by `deskhand prepare`.
Fingerprint of inputs and settings: `{report.fingerprint}`.

{sources}

Each record is one answer of a human agent, with the conversation before it and the sources that retrieval would have
brought. The splits follow time and customers: the test is on the newest tickets, from customers training never met.

| split | records |
|---|---|
{sizes}

Languages of the tickets: {languages}.
{report.hand_overs} training records hold distractors only; their answer hands over.

## Left out
Every ticket and message that did not enter is a line of `quarantine.jsonl`.

| reason | count | meaning |
|---|---|---|
{reasons}

## Personal data
Replaced by {how}, consistent within a ticket. Detection is not perfect: read a sample before you share
the dataset, and treat it as personal data until you have.

| kind | replaced |
|---|---|
{kinds}

What may be left, estimated by a second look that shares no rule with the first, over the originals of the kept tickets:
{residual.line()}. It cannot see what both miss.

| second look | found | left |
|---|---|---|
{looked}
"""
