# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Dates in figures and in words; a date of birth is one with a word that says so near it.

Months in English, German, Spanish, French, Italian, Portuguese, Dutch and Polish. Not covered: ages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span, any_of, matches

_MONTH = (
    any_of(
        """
        jan | january | feb | february | mar | march | apr | april | may | jun | june | jul | july | aug | august | sep | sept | september | oct | october | nov | november | dec | december
        januar | februar | märz | mai | juni | juli | oktober | dezember | enero | febrero | marzo | abril | mayo | junio | julio | agosto | septiembre | setiembre | octubre | noviembre | diciembre
        janvier | février | mars | avril | juin | juillet | août | septembre | octobre | novembre | décembre | gennaio | febbraio | aprile | maggio | giugno | luglio | settembre | ottobre | dicembre
        janeiro | fevereiro | março | maio | junho | julho | setembro | outubro | novembro | dezembro | januari | februari | maart | mei | augustus
        stycznia | lutego | marca | kwietnia | maja | czerwca | lipca | sierpnia | września | października | listopada | grudnia
        """
    )
    + r"\.?"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:1[89]|20)\d\d"
_FIGURES = rf"{_YEAR}[ ]?[-/.][ ]?(?:0?[1-9]|1[0-2])[ ]?[-/.][ ]?{_DAY}|{_DAY}[ ]?[-/.][ ]?(?:0?[1-9]|[12]\d|3[01])[ ]?[-/.][ ]?(?:{_YEAR}|\d\d)"
_LAST = rf"(?:,?(?:\s+(?:de|del|of))?\s+(?:{_YEAR}|['’]\d\d))"
_WORDS = rf"{_DAY}(?:st|nd|rd|th|er|\.|º)?(?:\s+(?:of|de))?[\s\-]+{_MONTH}(?:{_LAST}|-{_YEAR})?|{_MONTH}\s+(?:the\s+)?{_DAY}(?:st|nd|rd|th)?\b{_LAST}?"
DATE = rf"(?:{_FIGURES}|{_WORDS})"

_ANY = re.compile(rf"(?<![\w.\-/])(?P<value>{DATE})(?![\w]|[-/.]\d)", re.IGNORECASE)

# After the word also forms that would not be a date elsewhere: 19840503, 03051984, "3 5 1984", May 1984, the year alone.
_BIRTH_FORM = rf"{DATE}|{_DAY}\s+(?:0?[1-9]|1[0-2])\s+{_YEAR}|(?:19|20)\d{{6}}|\d{{4}}(?:19|20)\d\d|{_DAY}(?:st|nd|rd|th|\.)?[\s\-]+{_MONTH}[\s\-]+\d\d|{_MONTH},?\s+{_YEAR}|{_YEAR}"
_BIRTH = re.compile(
    rf"(?<!\w)(?:born|birth|births|birthday|birthdate|bday|b-day|d\.?o\.?b\.?|geb\.?|geboren|geburtsdatum|geburtstag|nacimiento|nacid[oa]|nací|cumpleaños|naissance|née?|nascita|nat[oa] (?:il|a)|nascimento|nascid[oa]|geboortedatum|urodzenia|urodzon[ya])(?!\w)"
    rf"[^\n\d]{{0,30}}?(?:\n[ \t]*)?(?P<value>{_BIRTH_FORM})(?![\w])",
    re.IGNORECASE,
)


def find(text: str) -> Iterator[Span]:
    """Spans labelled DATE_TIME for every date."""
    return matches(_ANY, text, "DATE_TIME", 0.6)


def find_births(text: str) -> Iterator[Span]:
    """Spans labelled DATE_OF_BIRTH."""
    return matches(_BIRTH, text, "DATE_OF_BIRTH", 0.9)
