# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Street addresses by their form: a house number beside a street word, in the ways several countries write them.

English, German, Dutch, French, Spanish, Portuguese, Italian and Polish street words, PO boxes, British postcodes. What
follows (flat, postcode, town) is taken along. Not covered: addresses without a street word, towns alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span, matches

_EN_STREET = r"street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|square|sq|terrace|crescent|close|highway|hwy|parkway|pkwy|way|alley|gardens|grove|mews|trail|circle|cir"
_TAIL = (
    r"(?:,?\s+(?i:apt|apartment|suite|ste|unit|flat|floor|no|#)\.?\s*#?\d*[A-Za-z]?\b)?"
    r"(?:,?\s+[A-Z][\w'’.\-]+(?:\s[A-Z][\w'’\-]+){0,2},?\s+[A-Z]{2}\s+\d{5}(?:-\d{4})?)?"
    r"(?:,?\s+(?:[A-Z]{1,2}[- ])?\d{4,5}(?:\s?[A-Z]{2})?\s+[A-ZÄÖÜÉ][\w'’äöüßéè\-]+(?:\s[A-ZÄÖÜÉ][\wäöüßéè\-]+)?)?"
)
_PLAIN_WORD = r"(?:days?|weeks?|hours?|minutes?|months?|years?|times?|of|on|in|at|to|the|a|an|my|your|our|is|was|and|or|for|per|more|other|items?|people|percent|x|by|the|this|that|ways?|it|no|only|business|working|different|pm|am)"
_EN = re.compile(
    rf"(?<![\w#$€£.\-/])(?P<value>\d{{1,5}}(?:[-/]\d{{1,4}})?[A-Za-z]?,?\s+(?:(?:n|s|e|w|ne|nw|se|sw|north|south|east|west)\.?\s+)?"
    rf"(?:(?!{_PLAIN_WORD}\b)[A-Za-z][\w'’\-]*\.?\s+){{1,4}}(?:{_EN_STREET})\b\.?(?-i:{_TAIL}))",
    re.IGNORECASE,
)
_ABBREVIATED = re.compile(
    r"\b(?:st|dr|pl|ct|sq|way|close|place|court|circle|drive|square|cir|trail)\b\.?\s*$", re.IGNORECASE
)

_GERMANIC = re.compile(
    rf"(?<!\w)(?P<value>(?:[A-ZÄÖÜ][\wäöüß.\-]*[ \-]){{0,3}}[A-ZÄÖÜ]?[\wäöüß\-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|damm|ufer|straat|laan|plein|gracht|kade|markt|Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse)\s*\d{{1,4}}\s?[a-zA-Z]?\b{_TAIL})"
)
_ROMANCE_FIRST = re.compile(
    rf"(?<![\w])(?P<value>\d{{1,4}}(?:\s?(?:bis|ter))?,?\s+(?:rue|avenue|boulevard|allée|chemin|impasse|place|quai|cours|route)\s+(?:(?:de|du|des|la|le|les|d['’]|l['’])\s*){{0,2}}[A-ZÉÈÀ][\w'’éèàç\-]*(?:\s[A-ZÉÈÀ][\w'’éèàç\-]*){{0,3}}{_TAIL})"
)
_ROMANCE_LAST = re.compile(
    rf"(?<![\w])(?P<value>(?:Calle|C/|Avenida|Avda\.?|Plaza|Paseo|Carrer|Via|Viale|Piazza|Corso|Rua|Travessa|ul\.|ulica|aleja|al\.)\s+(?:(?:de|del|della|dei|di|da|do|dos|la|las|los|el)\s+){{0,2}}[A-ZÁÉÍÓÚŁŚŻ][\wáéíóúñçãõłńśżź'’\-]*(?:\s[A-ZÁÉÍÓÚŁŚŻ][\wáéíóúñçãõłńśżź'’\-]*){{0,3}},?\s+(?:n[º°.]?\s*)?\d{{1,4}}[a-zA-Z]?\b{_TAIL})"
)
_BOX = re.compile(r"\b(?P<value>P\.?\s?O\.?\s?Box\s+\d{1,7}|Postfach\s+\d[\d ]{1,8}\d)\b", re.IGNORECASE)
_UK_POSTCODE = re.compile(r"\b(?P<value>[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2})\b")


def find(text: str) -> Iterator[Span]:
    """Spans labelled STREET_ADDRESS."""
    for span in matches(_EN, text, "STREET_ADDRESS", 0.7):
        words = text[span.start : span.end]
        # "2 left earbuds close" is none: before an everyday street word the name must be written as a name.
        if not _ABBREVIATED.search(words) or re.search(r"\s[A-Z]", words):
            yield span
    for pattern in (_GERMANIC, _ROMANCE_FIRST, _ROMANCE_LAST, _BOX, _UK_POSTCODE):
        yield from matches(pattern, text, "STREET_ADDRESS", 0.7)
