"""The rows that train the guard model: a text, where it comes from, and what is known about it.

A row knows some of the four questions (does it attack the instructions, does it plant an order, does it ask for harm,
is it hostile) and perhaps where people, places and addresses stand in it. What a row does not know teaches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

QUESTIONS = ("injection", "planted", "harm", "hostile")
"""The model's scores, in the order of its output."""

TAGS = ("O", "B-PERSON", "I-PERSON", "B-LOCATION", "I-LOCATION", "B-STREET_ADDRESS", "I-STREET_ADDRESS")
"""The model's tags, in the order of its output."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A span of the text that is a ``PERSON``, ``LOCATION`` or ``STREET_ADDRESS``."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One text. ``answers`` maps a question to 0 or 1; ``marks`` is None where nobody has looked for people."""

    text: str
    source: str
    answers: dict[str, int] = field(default_factory=dict)
    marks: tuple[Mark, ...] | None = None


SAFE = dict.fromkeys(QUESTIONS, 0)
"""The answers of a harmless text."""
