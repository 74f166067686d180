"""People and postal addresses in running text, as the guard model tags them.

The model reads no capitals (nor do many customers write any). Where a text has them, they count: a word without one is
a name there only if the model is nearly sure, so that "mark it as paid" stays readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span
from deskhand_guardrails.guard import Guard, Tagged
from deskhand_guardrails.sentences import sentences

LEAST = {"PERSON": 0.5, "STREET_ADDRESS": 0.75}
"""The model's probability from which a span counts, by label. Places alone name nobody and are left out. Addresses from
0.6 on would be right in 82 and 84 of 100 cases of the two sets ``benchmarks/people_*.txt``, these in 87 and 90."""

UNCAPITALISED, CAPITALISED = 0.9, 0.2
"""The same for a person's word without a capital, and for one with a capital inside a sentence, in a text that has
them. The latter finds 2 more of 100 names of ``benchmarks/people_unusual.txt``; precision 0.90 for 0.92."""

MOST = 0.65
"""A learnt opinion gives way to any find by form: "@annak84" is a user name, whoever it looks like."""

_CAPITAL_WITHIN = re.compile(r"[a-z][ ,]+[A-ZÀ-Þ][a-zß-ÿ]")
_WORD = re.compile(r"[^\W\d_]{2,}")
# Where a capital says nothing: at the beginning of a text, a sentence, a line, a value.
_BEGINS = re.compile(r"(?:^|[.!?:;\n>|\-–—•*\"“(\[])[^\w\n]*$")

# A sentence whose only capitals are those of a word that often begins one, of "I" and of placeholders.
_PLAIN = re.compile(
    r"\W*(?:(?:A|All|Also|An|And|Any|As|At|Because|But|By|Can|Could|Do|For|From|Have|He|Here|How|However|If|In|Is|It|Just|Let"
    r"|My|No|Not|Now|Of|On|Once|One|Or|Our|Please|She|Since|So|Some|Sorry|Thank|Thanks|That|The|Then|There|These|They|This"
    r"|To|Until|We|What|When|Where|Which|While|With|Yes|You|Your)\b)?(?:[^A-ZÀ-Þ]|\bI\b|<[A-Z][A-Z_]*_\d+>)*"
)


def find_apart(text: str) -> Iterator[Span]:
    """As ``find``, each sentence read apart, so that what is found in one does not change with the next.

    A sentence without a capital that asks for it is read only where the model marks something in it as it reads the
    whole text, which other checks have it read in any case: reading every sentence would double a check's cost.
    """
    marked = list(find(text))
    for first, last in sentences(text):
        if _PLAIN.fullmatch(text, first, last) and not any(one.start < last and first < one.end for one in marked):
            continue
        for span in find(text[first:last]):
            yield span._replace(start=span.start + first, end=span.end + first)


def find(text: str) -> Iterator[Span]:
    """Spans labelled PERSON and STREET_ADDRESS; windows overlap, so the same span may come twice."""
    is_cased = _CAPITAL_WITHIN.search(text) is not None
    for window in Guard.shipped().windows(text):
        span: Span | None = None
        for word in window.words:
            goes_on = word.goes_on and span is not None and span.label == word.label
            if word.label not in LEAST or word.score < _least(text, word, is_cased=is_cased, goes_on=goes_on):
                continue
            if span and goes_on and not text[span.end : word.start].strip():
                span = Span(span.start, word.end, span.label, min(span.score, word.score))
                continue
            yield from _whole(text, span)
            span = Span(word.start, word.end, word.label, word.score)
        yield from _whole(text, span)


def _least(text: str, word: Tagged, *, is_cased: bool, goes_on: bool) -> float:
    """The probability from which ``word`` counts."""
    if word.label != "PERSON" or not is_cased:
        return LEAST[word.label]
    written = text[word.start : word.end]
    if written.islower() and not goes_on:  # "van" in "Jan van Dyk" goes on
        return UNCAPITALISED
    return CAPITALISED if written.istitle() and not _BEGINS.search(text, 0, word.start) else LEAST["PERSON"]


def _whole(text: str, span: Span | None) -> Iterator[Span]:
    if span and _WORD.search(text, span.start, span.end):
        yield span._replace(score=min(span.score, MOST))
