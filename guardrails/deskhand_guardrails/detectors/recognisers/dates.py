# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Dates in figures and in words; a date of birth is one with a word that says so near it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span, matches

_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|januar|februar|märz|mai|juni|juli|oktober|dezember)\.?"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:1[89]|20)\d\d"
_FIGURES = rf"{_YEAR}[-/.](?:0?[1-9]|1[0-2])[-/.]{_DAY}|{_DAY}[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:{_YEAR}|\d\d)"
_WORDS = rf"{_DAY}(?:st|nd|rd|th|\.)?(?:\s+of)?\s+{_MONTH}(?:,?\s+{_YEAR})?|{_MONTH}\s+{_DAY}(?:st|nd|rd|th)?(?:,?\s+{_YEAR})?"
DATE = rf"(?:{_FIGURES}|{_WORDS})"

_ANY = re.compile(rf"(?<![\w.\-/])(?P<value>{DATE})(?![\w]|[-/.]\d)", re.IGNORECASE)
_BIRTH = re.compile(
    rf"\b(?:born|birth(?:day|date)?|d\.?o\.?b\.?|geboren|geburtsdatum|geburtstag)\b[^\n\d]{{0,25}}?(?P<value>{DATE})(?![\w])",
    re.IGNORECASE,
)


def find(text: str) -> Iterator[Span]:
    """Spans labelled DATE_OF_BIRTH, and DATE_TIME for every date."""
    yield from matches(_BIRTH, text, "DATE_OF_BIRTH", 0.9)
    yield from matches(_ANY, text, "DATE_TIME", 0.6)
