# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Figures of a text in a form that can be compared: links, addresses, codes, dates, times, prices, durations, numbers.

``figures`` reads what a text states; ``Known`` holds what others state and says whether a figure stands there, whatever
the notation. A figure with a unit needs the same amount of the same thing, or its bare number; a bare number needs that
number anywhere. Nothing is computed: a sum or a deadline worked out from the sources stands in none of them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from deskhand_guardrails.detectors.dates import Date, dates, times, weekdays
from deskhand_guardrails.detectors.numerals import has_unit, quantities
from deskhand_guardrails.kept import Kept

# Without those that are words: "it", "at", "be", "us" after a full stop begin a sentence.
_SUFFIXES = "com|org|net|io|ai|app|dev|shop|store|info|biz|eu|de|ch|fr|es|nl|pl|se|dk|uk|ca|au|example|test"
_LINK = re.compile(
    rf"\b(?:https?://|www\.)[^\s<>\"')\]]+|(?<![@\w.-])(?:[a-z0-9-]+\.)+(?-i:{_SUFFIXES})\b(?:/[^\s<>\"')\]]*)?",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_PHONE = re.compile(r"(?<![\w.,])(?:\+|00)?\(?\d{1,5}\)?(?:[ \u00a0./-]?\(?\d{2,}\)?){2,}(?![\w])")
_ALWAYS = re.compile(r"\b24\s?/\s?7\b")
# Letters and figures in one run, or in pieces of which one is upper case: XJ-900, FH209310, 3-D; not 16-digit, 2nd, 30cm.
_CODE = re.compile(
    r"(?<![\w/.])(?=[A-Za-z\-_/]*\d)(?=[\d\-_/]*[A-Za-z])(?!\d+(?:st|nd|rd|th|k|x)\b)(?:[A-Z0-9]+(?:[-_/][A-Za-z0-9]+)+|[A-Za-z]+\d\w*|\d+[A-Za-z]\w*)(?![\w])"
)
_MIXED = re.compile(r"[A-Z]|[a-z]\d|\d[a-z]")
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*_\d+>|\[[A-Z_]+\]")

# "1." at a line's start numbers a step, "[1]" cites a source, and nobody needs a source for "one" or "two".
_STEP = re.compile(r"(?m)^[ \t]*(?:[*_-]+[ ]*)?(?:step[ ])?\(?\d{1,2}[.):](?=\s)|\b(?i:step)[ ]\d{1,2}\b|\[\d{1,2}\]")
_SMALL = 2

_TO = re.compile(r"[^\W\d]{0,9}\s*(?P<word>-|–|—|to|through|until|till|and)\s*", re.IGNORECASE)

# Shorter runs of digits are amounts; from here on a number identifies something.
_LONG_NUMBER = 7
_SHORTEST_COMMON_TAIL = 6

# Words that state a figure without one: of which kind, and its readings.
_IN_WORDS: tuple[tuple[re.Pattern[str], str, frozenset[Hashable]], ...] = (
    (re.compile(r"\bhalf\b", re.IGNORECASE), "percent", frozenset({50.0})),
    (re.compile(r"\bquarter\b", re.IGNORECASE), "percent", frozenset({25.0})),
    (re.compile(r"\bweekdays?\b", re.IGNORECASE), "weekday", frozenset(range(5))),
    (re.compile(r"\bweekends?\b", re.IGNORECASE), "weekday", frozenset({5, 6})),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """What stands at ``text[start:end]``: of which kind, and its readings in a comparable form."""

    kind: str
    readings: frozenset[Hashable]
    start: int
    end: int
    numbers: frozenset[float] = frozenset()
    """The bare numbers in it, which support the same number with no unit."""
    thing: str = ""
    """What a bare number counts or names."""


def figures(text: str, *, strict: bool = False) -> list[Figure]:
    """The figures of ``text`` by place; ``strict`` leaves out what needs no support (step numbers, "one", "two")."""
    rest = _blank(text, (match.span() for match in _PLACEHOLDER.finditer(text)))
    if strict:
        rest = _blank(rest, (match.span() for match in _STEP.finditer(rest)))
    found: list[Figure] = []
    for read in _READERS:
        fresh = list(read(rest))
        found += fresh
        rest = _blank(rest, ((one.start, one.end) for one in fresh))
    for one in quantities(rest):
        bare = not one.dimension
        if strict and bare and (one.own_count or (min(one.plain) <= _SMALL and not one.named)):
            continue
        kind = one.dimension or "number"
        readings: frozenset[Hashable] = one.plain if bare else one.values
        found.append(Figure(kind, readings, one.start, one.end, one.plain, one.thing))
    return sorted([*found, *_ranges(text, found)], key=lambda figure: (figure.start, figure.end))


_InWords = tuple[str, frozenset[Hashable]]
_STATED: Kept[tuple[tuple[Figure, ...], tuple[_InWords, ...]]] = Kept(512)


def _stated(text: str) -> tuple[tuple[Figure, ...], tuple[_InWords, ...]]:
    in_words = ((kind, readings) for pattern, kind, readings in _IN_WORDS if pattern.search(text))
    return tuple(figures(text)), tuple(in_words)


class Known:
    """The figures of several texts, for looking up others."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Reads ``texts``: sources, the question, earlier turns."""
        self._readings: dict[str, set[Hashable]] = {}
        self._numbers: set[float] = set()
        self._bare: set[float] = set()
        self._things: dict[str, set[float]] = {}
        for text in texts:
            # Every answer of a conversation is held against the same sources and all earlier turns.
            stated, in_words = _STATED.get(text, partial(_stated, text))
            for one in stated:
                self._add(one)
            for kind, readings in in_words:
                self._readings.setdefault(kind, set()).update(readings)

    def _add(self, one: Figure) -> None:
        self._readings.setdefault(one.kind, set()).update(one.readings)
        if one.kind == "range":
            self._add_days_between(one)
        self._numbers |= one.numbers
        if one.kind == "number":
            self._bare |= set() if one.thing else {number for number in one.numbers if number > _SMALL}
            self._things.setdefault(one.thing, set()).update(one.numbers)
        if one.kind in ("link", "email"):
            host = str(next(iter(one.readings))).rpartition("@")[2].partition("/")[0]
            self._readings.setdefault("link", set()).add(host)

    def _add_days_between(self, one: Figure) -> None:
        for ends in one.readings:
            match ends:
                case ("weekday", int(first), int(last)):
                    between = {(first + step) % 7 for step in range((last - first) % 7)}
                    self._readings.setdefault("weekday", set()).update(between)

    def supports(self, one: Figure) -> bool:
        """Whether the figure stands in the texts."""
        held = self._readings.get(one.kind, set())
        if one.kind == "weekday":
            return one.readings <= held
        if one.kind == "range":
            return self._supports_range(one, held)
        if one.kind == "number":
            same_thing = self._things.get(one.thing) if one.thing else None
            return bool(one.numbers & (same_thing or self._numbers))
        if one.readings & held:
            return True
        if one.kind == "date":
            return self._supports_date(one, held)
        if one.kind == "id":
            return any(_same_tail(str(mine), str(theirs)) for mine in one.readings for theirs in held)
        return bool(one.numbers & self._bare)

    @staticmethod
    def _supports_range(one: Figure, held: set[Hashable]) -> bool:
        """Its ends are figures of their own; as a pair it is wrong where a known range has only one end in common."""
        if one.readings & held:
            return True
        own = [mine for mine in one.readings if isinstance(mine, tuple)]
        same_kind = [theirs for mine in own for theirs in held if isinstance(theirs, tuple) and mine[0] == theirs[0]]
        ends = {end for mine in own for end in mine[1:]}
        return not any(ends & set(theirs[1:]) for theirs in same_kind)

    def _supports_date(self, one: Figure, held: set[Hashable]) -> bool:
        """A year that the same date lacks may stand elsewhere ("the 2024 sale ends on 5 March")."""
        for mine in one.readings:
            for theirs in held:
                if isinstance(mine, Date) and isinstance(theirs, Date) and mine.agrees(theirs):
                    given = mine.day is None or theirs.day is not None
                    if given and (mine.year is None or theirs.year is not None or mine.year in self._numbers):
                        return True
        return False


def _links(text: str) -> Iterator[Figure]:
    for match in _LINK.finditer(text):
        value = match.group().rstrip(".,;:!?*_")
        plain = re.sub(r"^(?:https?://)?(?:www\.)?", "", value.lower()).rstrip("/")
        yield Figure("link", frozenset({plain}), match.start(), match.start() + len(value))


def _emails(text: str) -> Iterator[Figure]:
    for match in _EMAIL.finditer(text):
        value = match.group().rstrip(".")
        yield Figure("email", frozenset({value.lower()}), match.start(), match.start() + len(value))


def _always(text: str) -> Iterator[Figure]:
    for match in _ALWAYS.finditer(text):
        yield Figure("always", frozenset({"24/7"}), *match.span())


def _dates(text: str) -> Iterator[Figure]:
    taken: list[tuple[int, int]] = []
    for match, readings in dates(text):
        if not any(match.start() < end and start < match.end() for start, end in taken):
            taken.append(match.span())
            numbers = {float(part) for one in readings for part in (one.year, one.day) if part is not None}
            yield Figure("date", readings, *match.span(), frozenset(numbers))


def _weekdays(text: str) -> Iterator[Figure]:
    for match, days in weekdays(text):
        yield Figure("weekday", days, *match.span())


def _times(text: str) -> Iterator[Figure]:
    for match, minutes in times(text):
        hours = {hour for value in minutes if value % 60 == 0 for hour in (value / 60, value / 60 % 12)}
        yield Figure("time of day", minutes, *match.span(), frozenset(hours))


def _phones(text: str) -> Iterator[Figure]:
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        separated = len(digits) < len(match.group())
        if _LONG_NUMBER <= len(digits) <= 15 and separated and not re.fullmatch(r"\d+(?:[.,]\d{3})+", match.group()):
            yield Figure("id", frozenset({digits}), *match.span())


def _codes(text: str) -> Iterator[Figure]:
    for match in _CODE.finditer(text):
        if not _MIXED.search(match.group()) or has_unit(match.group()):
            continue
        numbers = frozenset(float(run) for run in re.findall(r"\d+", match.group()))
        yield Figure("id", frozenset({re.sub(r"[-_/]", "", match.group()).upper()}), *match.span(), numbers)


def _long_numbers(text: str) -> Iterator[Figure]:
    for match in re.finditer(rf"(?<![\w.,])\d{{{_LONG_NUMBER},}}(?![\w])", text):
        yield Figure("id", frozenset({match.group()}), *match.span(), frozenset({float(match.group())}))


# Each reads what those before it left; a link's digits are no date, a date's no phone number.
_READERS: tuple[Callable[[str], Iterator[Figure]], ...] = (
    _emails,
    _links,
    _always,
    _dates,
    _weekdays,
    _times,
    _phones,
    _long_numbers,
    _codes,
)


def _ranges(text: str, found: Iterable[Figure]) -> Iterator[Figure]:
    """Two neighbours of one kind that a text joins: "3 to 5 days", "Monday to Friday", "9:00-17:30"."""
    for left, right in itertools.pairwise(sorted(found, key=lambda figure: figure.start)):
        link = _TO.fullmatch(text[left.end : right.start])
        if not link or left.kind != right.kind or left.kind in ("link", "email", "id"):
            continue
        if link["word"].lower() != "and" or text[: left.start].lower().endswith("between "):
            ends = frozenset((left.kind, one, two) for one in left.readings for two in right.readings)
            yield Figure("range", ends, left.start, right.end)


def _same_tail(one: str, other: str) -> bool:
    """Whether two codes differ in a prefix only: +49 30 1234567 and 030 1234567, FH-209310 and 209310."""
    short, long = sorted((one.lstrip("0"), other.lstrip("0")), key=len)
    return len(short) >= _SHORTEST_COMMON_TAIL and long.endswith(short)


def _blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text
