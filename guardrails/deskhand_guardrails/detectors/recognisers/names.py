"""People and postal addresses in running text, as the guard model tags them.

The model reads no capitals (nor do many customers write any). Where a text has them, they count: a word without one is
a name there only if the model is nearly sure, so that "mark it as paid" stays readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span
from deskhand_guardrails.guard import Guard
from deskhand_guardrails.sentences import sentences

LEAST = {"PERSON": 0.5, "STREET_ADDRESS": 0.6}
"""The model's probability from which a span counts, by label. Places alone name nobody and are left out."""

UNCAPITALISED = 0.9

MOST = 0.65
"""A learnt opinion gives way to any find by form: "@annak84" is a user name, whoever it looks like."""

_CAPITAL_WITHIN = re.compile(r"[a-z][ ,]+[A-ZÀ-Þ][a-zß-ÿ]")
_WORD = re.compile(r"[^\W\d_]{2,}")


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
    marked = [span for window in Guard.shipped().windows(text) for span in window.spans]
    for first, last in sentences(text):
        if _PLAIN.fullmatch(text, first, last) and not any(one.start < last and first < one.end for one in marked):
            continue
        for span in find(text[first:last]):
            yield span._replace(start=span.start + first, end=span.end + first)


def find(text: str) -> Iterator[Span]:
    """Spans labelled PERSON and STREET_ADDRESS; windows overlap, so the same span may come twice."""
    is_cased = _CAPITAL_WITHIN.search(text) is not None
    for window in Guard.shipped().windows(text):
        for span in window.spans:
            if span.label not in LEAST or not _WORD.search(text, span.start, span.end):
                continue
            least = LEAST[span.label]
            if span.label == "PERSON" and is_cased and text[span.start : span.end].islower():
                least = UNCAPITALISED
            if span.score >= least:
                yield span._replace(score=min(span.score, MOST))
