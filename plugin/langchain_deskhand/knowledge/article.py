"""``Article``: what the readers of the formats make of a file, before it is cut into passages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """Plain text below one heading; paragraphs stand apart by an empty line."""

    heading: str
    text: str
    place: str = ""
    """What the reference points at; made from the heading when empty."""


@dataclass(frozen=True, slots=True)
class Article:
    """A title and sections from top to bottom."""

    title: str
    sections: tuple[Section, ...]
    access: tuple[str, ...] = ()
    """The labels that the file names itself."""
