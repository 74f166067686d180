"""Dates, weekdays and times of day, in the notations that people mix: ``5 March``, ``03/05/2024``, ``2 pm``, ``14:00``.

A date may leave parts open (``None``) and may have two readings (3/5 is in March or in May). English names only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_MONTHS_IN_ORDER = "january february march april may june july august september october november december"
_MONTHS = _MONTHS_IN_ORDER.split()
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_MONTH = "|".join([*_MONTHS, *(f"{month[:3]}\\.?" for month in _MONTHS), "sept\\.?"])
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d\d))?"

_WRITTEN = (
    re.compile(rf"\b{_DAY}\.?\s+(?:of\s+)?(?P<month>{_MONTH})\b{_YEAR}", re.IGNORECASE),
    re.compile(rf"\b(?P<month>{_MONTH})\s+(?:the\s+)?{_DAY}\b(?!\s*(?:%|€|:)){_YEAR}", re.IGNORECASE),
)
_ISO = re.compile(r"\b(?P<year>(?:19|20)\d\d)[-/.](?P<month>[01]?\d)[-/.](?P<day>[0-3]?\d)\b")
_NUMERIC = re.compile(
    r"\b(?P<first>[0-3]?\d)(?P<mark>[/.-])(?P<second>[0-3]?\d)(?P=mark)(?P<year>(?:19|20)?\d\d)\b(?![/.-]?\d)"
    r"|(?<![\d/.])(?P<first_only>[0-3]?\d)/(?P<second_only>[0-3]?\d)(?![\d/])"
)
# "May" and "March" are words too: alone they are months after one of these words only.
_MONTH_ALONE = re.compile(
    rf"\b(?P<month>January|February|April|June|July|September|October|November|December|(?<=\b(?:in|of|by|to|or)\s)(?:March|May|August)|(?<=\b(?:and|mid)[\s-])(?:March|May|August)|(?<=\b(?:from|last|next|this|late)\s)(?:March|May|August)|(?<=\b(?:until|since|early)\s)(?:March|May|August)){_YEAR}\b"
)
_WEEKDAY = re.compile(
    r"\b(?P<day>Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Mon(?=[\s,.–-])|Tues?(?=[\s,.–-])|Wed(?=[\s,.–-])|Thu(?:rs?)?(?=[\s,.–-])|Fri(?=[\s,.–-]))s?\b"
)
_TIME = re.compile(
    r"(?<![\d:.])(?P<hour>[0-2]?\d)[:.h](?P<minute>[0-5]\d)(?:\s?(?P<half>[ap]\.?m\b\.?))?(?![\d:])"
    r"|(?<![\d:.,])(?P<hour_only>[0-2]?\d)\s?(?P<half_only>[ap]\.?m\b\.?|o['’]clock\b)"
    r"|\b(?P<named>noon|midday|midnight)\b",
    re.IGNORECASE,
)


class Date(NamedTuple):
    """A day, or the part of one that a text gives."""

    year: int | None
    month: int | None
    day: int | None

    def agrees(self, other: Date) -> bool:
        """Whether both name the same month (and day and year, where both give them)."""
        return self.month == other.month and all(
            one is None or two is None or one == two for one, two in zip(self, other, strict=True)
        )


def dates(text: str) -> Iterator[tuple[re.Match[str], frozenset[Date]]]:
    """Every date of ``text`` with its readings."""
    for pattern in (_ISO, *_WRITTEN):
        for match in pattern.finditer(text):
            month = match["month"].lower().rstrip(".")
            number = (
                int(month) if month.isdigit() else 1 + next(at for at, m in enumerate(_MONTHS) if m[:3] == month[:3])
            )
            yield from _real(match, [Date(_year(match["year"]), number, int(match["day"]))])
    for match in _NUMERIC.finditer(text):
        first, second = int(match["first"] or match["first_only"]), int(match["second"] or match["second_only"])
        year = _year(match["year"])
        yield from _real(match, [Date(year, first, second), Date(year, second, first)])
    for match in _MONTH_ALONE.finditer(text):
        yield match, frozenset({Date(_year(match["year"]), 1 + _MONTHS.index(match["month"].lower()), None)})


def weekdays(text: str) -> Iterator[tuple[re.Match[str], frozenset[int]]]:
    """Every weekday of ``text``; Monday is 0."""
    for match in _WEEKDAY.finditer(text):
        yield match, frozenset(at for at, name in enumerate(_DAYS) if name[:3] == match["day"].lower()[:3])


def times(text: str) -> Iterator[tuple[re.Match[str], frozenset[int]]]:
    """Every time of day, as minutes after midnight; without am or pm, and before one, it has two readings."""
    for match in _TIME.finditer(text):
        if match["named"]:
            yield match, frozenset({0 if match["named"].lower() == "midnight" else 720})
            continue
        hour = int(match["hour"] or match["hour_only"])
        minute = int(match["minute"] or 0)
        half = (match["half"] or match["half_only"] or "").lower()
        if hour > 24 or (match["hour"] and not half and ":" not in match.group() and "h" not in match.group().lower()):
            continue  # "4.90" is a price
        if half[:1] in ("a", "p"):
            yield match, frozenset({hour % 12 * 60 + minute + (720 if half[0] == "p" else 0)})
        else:
            yield match, frozenset({hour * 60 + minute, *([(hour + 12) % 24 * 60 + minute] if hour <= 12 else [])})


def _real(match: re.Match[str], readings: list[Date]) -> Iterator[tuple[re.Match[str], frozenset[Date]]]:
    real = frozenset(one for one in readings if 1 <= (one.month or 0) <= 12 and 1 <= (one.day or 0) <= 31)
    if real:
        yield match, real


def _year(written: str | None) -> int | None:
    if written is None:
        return None
    return int(written) if len(written) == 4 else 2000 + int(written)
