"""Figures in an answer that nothing supports: numbers, prices, dates, links, e-mail addresses.

An answer is written from sources; a figure that stands in none of them, nor in the question or the conversation, is
made up or remembered from somebody else's ticket. Not covered: claims without a figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.settings import OutputSettings
from deskhand_guardrails.detectors.spans import Span
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding

_LINK = re.compile(r"\b(?:https?://|www\.)[^\s<>\"')\]]+", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_NUMBER = re.compile(r"\d+(?:[.,:/\-]\d+)*")
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*_\d+>|\[[A-Z_]+\]")

# "1." at a line's start numbers a step, and nobody needs a source for "one" or "two".
_STEP = re.compile(r"(?m)^[ \t]*(?:step[ ])?\d{1,2}[.)](?=\s)|\b(?i:step)[ ]\d{1,2}\b")
_SMALL = 2

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TENS = {"twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100"}
_SPELLED = {**{word: str(number) for number, word in enumerate(_WORDS)}, **_TENS}


class Grounding:
    """Finds figures of an answer that none of the context's sources, question and earlier turns holds."""

    name = "grounding"
    settings = OutputSettings

    @classmethod
    def build(cls, setup: Setup[OutputSettings]) -> Grounding:  # noqa: ARG003 - the registry's signature
        """The detector of a policy."""
        return cls()

    def detect(self, text: str, context: Context) -> list[Finding]:
        """Findings labelled ``unsupported_figure``."""
        texts = [context.question, *context.conversation]
        texts += [part for source in context.sources for part in (source.title, source.text, source.reference)]
        known = {figure for one in texts for _, figure in _figures(one, strict=False)}
        return [
            Finding(self.name, "unsupported_figure", 1.0, span.start, span.end)
            for span, figure in _figures(text, strict=True)
            if figure not in known
        ]


def _figures(text: str, *, strict: bool) -> Iterator[tuple[Span, str]]:
    """The figures of ``text`` in a form that can be compared; ``strict`` leaves out what needs no support."""
    rest = _blank(_PLACEHOLDER, text)
    for pattern in (_LINK, _EMAIL):
        for match in pattern.finditer(rest):
            value = match.group().rstrip(".,;:!?")
            yield Span(match.start(), match.start() + len(value), "", 1.0), _plain_link(value)
        if strict:
            rest = _blank(pattern, rest)
    if strict:
        rest = _blank(_STEP, rest)
    else:
        yield from (
            (Span(0, 0, "", 1.0), _SPELLED[word]) for word in re.findall(r"[a-z]+", rest.lower()) if word in _SPELLED
        )
    for match in _NUMBER.finditer(rest):
        value = _plain_number(match.group())
        if strict and value.isdigit() and int(value) <= _SMALL:
            continue
        yield Span(match.start(), match.end(), "", 1.0), value
        if not strict:  # a source's date or range supports its parts
            yield from ((Span(0, 0, "", 1.0), _plain_number(part)) for part in re.split(r"[/:\-]", match.group()))
            yield from ((Span(0, 0, "", 1.0), _plain_number(part)) for part in match.group().split("-"))


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: " " * len(match.group()), text)


def _plain_number(value: str) -> str:
    """``1,299.00``, ``1.299,00`` and ``1299`` are one number; dates and times stay as they are written."""
    if re.search(r"[:/\-]", value):
        return re.sub(r"\b0+(?=\d)", "", value)
    whole = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", value).replace(",", ".")
    return (whole.rstrip("0").rstrip(".") if "." in whole else whole).lstrip("0") or "0"


def _plain_link(value: str) -> str:
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", value.lower()).rstrip("/")
