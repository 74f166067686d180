"""Where something stands in a text: what recognisers yield, and how overlapping ones become one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """``text[start:end]`` is a ``label``, with a ``score`` from 0 to 1."""

    start: int
    end: int
    label: str
    score: float


Recogniser = Callable[[str], Iterable[Span]]
"""Finds one family of things in a text; pure."""


def matches(pattern: re.Pattern[str], text: str, label: str, score: float) -> Iterator[Span]:
    """A span for every match: of the group called ``value`` where the pattern has one, else of the whole match."""
    group: str | int = "value" if "value" in pattern.groupindex else 0
    for match in pattern.finditer(text):
        yield Span(match.start(group), match.end(group), label, score)


# A phrase or a check digit said so; below it only the form did. "Order 415-555-0132" is an order.
_CERTAIN = 0.7


def merged(spans: Iterable[Span], order: tuple[str, ...] = ()) -> list[Span]:
    """Spans that do not overlap, by start. Overlapping ones are joined, so that no part of any of them stays visible.

    The joined span takes the label and score of the span that comes first: a certain find before a guess, then by
    ``order``, then the longest, then the more certain.
    """
    rank = {label: index for index, label in enumerate(order)}
    joined: list[Span] = []
    best: list[tuple[bool, int, int]] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end, -one.score)):
        weight = (span.score < _CERTAIN, rank.get(span.label, len(rank)), span.start - span.end)
        if joined and span.start < joined[-1].end:
            last = joined[-1]
            winner = span if weight < best[-1] else last
            joined[-1] = Span(last.start, max(last.end, span.end), winner.label, winner.score)
            best[-1] = min(best[-1], weight)
        else:
            joined.append(span)
            best.append(weight)
    return joined


def words(text: str) -> frozenset[str]:
    """The words of ``text`` as a set: a long list reads better as a paragraph."""
    return frozenset(text.split())


def phrases(text: str) -> list[str]:
    """The phrases of ``text``: one or several a line, with ``|`` between."""
    return [form for part in text.replace("\n", "|").split("|") if (form := " ".join(part.split()))]


def any_of(text: str) -> str:
    """A pattern of the phrases in ``text``; a space is any white space.

    Longer ones go first, so that "phone number" wins over "phone" wherever both could stand.
    """
    longest_first = sorted(set(phrases(text)), key=lambda form: (-len(form), form))
    return "(?:" + "|".join(form.replace(" ", r"\s+") for form in longest_first) + ")"
