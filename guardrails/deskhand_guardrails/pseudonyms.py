# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Reversible placeholders: ``<EMAIL_ADDRESS_1>`` stands for one value all through a conversation.

The model and the record see placeholders, the customer sees values. One object belongs to one conversation: it never
leaves the process, and nothing in it is logged or stored. What a user types in the form of a placeholder is escaped, so
that nobody can ask for another person's value by its name.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

from deskhand_guardrails.detectors.labels import ORDER
from deskhand_guardrails.detectors.spans import Span, merged
from deskhand_guardrails.verdicts import Finding

# What Deskhand's detectors call things. Other labels are placeholders in the exact form only, or "[image 1]" were one.
LABELS = frozenset((*ORDER, "NAME", "LOCATION"))

# Labels may be any upper-case words; a number makes one a placeholder.
_EXACT = re.compile(r"<([A-Z][A-Z_]*)_(\d{1,4})>")

# What models make of a placeholder: other case, spaces, markdown's backslashes, HTML's entities, other or no brackets.
_LOOSE = re.compile(
    r"(?:<|&lt;|\\<|\[|\{\{?|‹)\s*(?P<bracketed>[A-Za-z]+(?:\\?[_ ][A-Za-z]+)*)\\?[_ ](?P<number>\d{1,4})\s*(?:>|&gt;|\\>|\]|\}\}?|›)"
    r"|(?<![\w#])<?(?P<bare>[A-Z]{3,}(?:\\?_[A-Z]+)*)\\?_(?P<bare_number>\d{1,4})>?(?![\w])"
)

# A shorter value ("Jo", "12") also stands where nobody means it.
_TELLING = 4


class Pseudonyms:
    """The values of one conversation and their placeholders. Safe to use from several threads."""

    def __init__(self) -> None:
        """Starts without any value."""
        self._lock = threading.Lock()
        self._placeholders: dict[tuple[str, str], str] = {}
        self._spellings: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    @property
    def values(self) -> int:
        """How many different values are known."""
        return len(self._values)

    def __repr__(self) -> str:
        """The number of values, none of them."""
        return f"Pseudonyms(values={self.values})"

    def hide(self, text: str, findings: Iterable[Finding]) -> str:
        """``text`` with every finding replaced by its placeholder and every placeholder-like passage escaped.

        The same value (apart from case, and for numbers from separators) gets the same placeholder, whatever a second
        mention is taken for: an order in the question is the same order in the answer. Findings are taken by place,
        whatever their order; overlapping ones become one.
        """
        pieces: list[str] = []
        at = 0
        for span in merged(Span(one.start, one.end, one.label, one.score) for one in findings if one.end > one.start):
            pieces.append(escape(text[at : span.start]))
            pieces.append(self._placeholder(span.label, text[span.start : span.end]))
            at = span.end
        pieces.append(escape(text[at:]))
        return "".join(pieces)

    def restore(self, text: str) -> str:
        """``text`` with every known placeholder replaced by its value, also where a model has bent its form."""
        return _LOOSE.sub(lambda match: self._values.get(_name(match), match.group()), text)

    def unknown(self, text: str) -> list[tuple[int, int]]:
        """Where ``text`` holds a placeholder that stands for nothing in this conversation."""
        return [match.span() for match in _EXACT.finditer(text) if f"{match[1]}_{match[2]}" not in self._values]

    def known(self, text: str) -> list[Finding]:
        """Where ``text`` repeats a value as it was written before; a detector may not see it without its context."""
        with self._lock:
            values = [(name.rpartition("_")[0], value) for name, value in self._values.items()]
        return [
            Finding("pseudonyms", label, 1.0, match.start(), match.end())
            for label, value in values
            if len(value) >= _TELLING
            for match in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", text)
        ]

    def _placeholder(self, label: str, value: str) -> str:
        key, spelling = (label, _same(label, value)), " ".join(value.casefold().split())
        with self._lock:
            held = self._placeholders.get(key) or self._spellings.get(spelling)
            if held is None:
                self._counts[label] = self._counts.get(label, 0) + 1
                name = f"{label}_{self._counts[label]}"
                self._values[name] = value
                held = self._placeholders[key] = f"<{name}>"
                if len(spelling) >= _TELLING:
                    self._spellings[spelling] = held
            return held


def escape(text: str) -> str:
    """``text`` with placeholder-like passages made inert: ``<PERSON_1>`` becomes ``‹PERSON#1›``, never restored."""
    return _rewritten(text, "‹{label}#{number}›")


def anonymous(text: str) -> str:
    """``text`` with placeholders cut down to their label: ``<PERSON_1>`` becomes ``[PERSON]``."""
    return _rewritten(text, "[{label}]")


def _rewritten(text: str, form: str) -> str:
    def one(match: re.Match[str]) -> str:
        label, _, number = _name(match).rpartition("_")
        if label not in LABELS and not _EXACT.fullmatch(match.group()):
            return match.group()
        return form.format(label=label, number=number)

    return _LOOSE.sub(one, text)


def mask(text: str, findings: Iterable[Finding]) -> str:
    """``text`` with every finding replaced by its label in brackets, for good: ``[EMAIL_ADDRESS]``."""
    pieces: list[str] = []
    at = 0
    for span in merged(Span(one.start, one.end, one.label, one.score) for one in findings if one.end > one.start):
        pieces += [text[at : span.start], f"[{span.label}]"]
        at = span.end
    return "".join([*pieces, text[at:]])


def _name(match: re.Match[str]) -> str:
    label = match["bracketed"] or match["bare"]
    number = match["number"] or match["bare_number"]
    return f"{re.sub(r'[^A-Za-z]+', '_', label).upper()}_{int(number)}"


def _same(label: str, value: str) -> str:
    """What two spellings of one value have in common."""
    if label in ("PHONE_NUMBER", "CREDIT_CARD", "US_SSN"):
        return re.sub(r"[^\d+]", "", value)
    return (
        re.sub(r"\W+", "", value).casefold()
        if label in ("IBAN_CODE", "TRACKING_NUMBER", "BANK_ACCOUNT", "NATIONAL_ID", "PASSPORT", "TAX_ID", "VEHICLE_ID")
        else " ".join(value.casefold().split())
    )
