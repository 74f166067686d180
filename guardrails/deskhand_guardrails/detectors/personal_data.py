"""Personal data: e-mail addresses, phones, cards, accounts, orders, parcels, addresses, births, names that are known.

Presidio's pattern recognisers and ours run in one engine without any language model. Only the recognisers that a cheap
look at the text calls for are asked (no digits, no phone numbers), which is most of the speed.

Not covered: names in running text that neither the context nor a phrase introduces, towns, health, beliefs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from deskhand_guardrails.detectors.recognisers import addresses, cards, dates, links, people, phones, references
from deskhand_guardrails.detectors.settings import Action, DetectorSettings
from deskhand_guardrails.detectors.spans import Recogniser, Span, merged
from deskhand_guardrails.normalise import plain
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

# Scores are each recogniser's own; a weak form (a bare long number, an unhyphenated SSN) stays below its label's line.
THRESHOLDS = {
    "PERSON": 0.5,
    "EMAIL_ADDRESS": 0.5,
    "PHONE_NUMBER": 0.5,
    "CREDIT_CARD": 0.5,
    "IBAN_CODE": 0.5,
    "IP_ADDRESS": 0.5,
    "US_SSN": 0.5,
    "ORDER_ID": 0.5,
    "TRACKING_NUMBER": 0.5,
    "TICKET_ID": 0.5,
    "STREET_ADDRESS": 0.5,
    "DATE_OF_BIRTH": 0.5,
    "DATE_TIME": 0.5,
    "URL": 0.5,
}
"""Every label that this detector knows, and the score from which one counts."""

# When the delivery was promised is what a support answer is about; only dates of birth are personal.
DEFAULT_LABELS = tuple(label for label in THRESHOLDS if label != "DATE_TIME")

# Of overlapping finds the first of these names the place: the more certain form before the looser one.
_ORDER = (
    "CREDIT_CARD",
    "IBAN_CODE",
    "EMAIL_ADDRESS",
    "DATE_OF_BIRTH",
    "US_SSN",
    "IP_ADDRESS",
    "TRACKING_NUMBER",
    "TICKET_ID",
    "ORDER_ID",
    "PHONE_NUMBER",
    "URL",
    "STREET_ADDRESS",
    "PERSON",
    "DATE_TIME",
)

_OURS: dict[Recogniser, tuple[str, ...]] = {
    cards.find: ("CREDIT_CARD",),
    references.find: ("ORDER_ID", "TRACKING_NUMBER", "TICKET_ID"),
    dates.find: ("DATE_OF_BIRTH", "DATE_TIME"),
    addresses.find: ("STREET_ADDRESS",),
    people.find: ("PERSON",),
    phones.find: ("PHONE_NUMBER",),
    links.find: ("URL", "EMAIL_ADDRESS"),
}

# Three digits on end or apart: fewer name nobody.
_DIGITS = re.compile(r"\d\D{0,3}\d\D{0,3}\d")
_IBAN_LOWER = re.compile(r"\b[A-Za-z]{2}\d{2}(?:[ \-]?[A-Za-z0-9]){11,30}\b")

Gate = Callable[[str], object]
_GATES: dict[str, Gate] = {
    "PHONE_NUMBER": re.compile(r"(?:\d\D{0,3}){7}").search,
    "CREDIT_CARD": re.compile(r"(?:\d\D{0,2}){13}").search,
    "IBAN_CODE": _IBAN_LOWER.search,
    "IP_ADDRESS": re.compile(r"\d\.\d|[0-9a-fA-F]:[0-9a-fA-F:]").search,
    "US_SSN": re.compile(r"\d{3}[- .]\d{2}[- .]\d{4}").search,
    "EMAIL_ADDRESS": re.compile(r"@|\bat\b", re.IGNORECASE).search,
    "URL": re.compile(r"https?:|www\.", re.IGNORECASE).search,
    "ORDER_ID": _DIGITS.search,
    "TRACKING_NUMBER": _DIGITS.search,
    "TICKET_ID": _DIGITS.search,
    "DATE_OF_BIRTH": re.compile(r"\d").search,
    "DATE_TIME": re.compile(r"\d").search,
    "STREET_ADDRESS": re.compile(r"\d").search,
}


class PersonalDataSettings(DetectorSettings):
    """Which labels count as personal data."""

    entities: list[str] = Field(default_factory=lambda: list(DEFAULT_LABELS))
    input: Action = "mask"
    retrieved: Action = "mask"
    output: Action = "mask"

    @field_validator("entities")
    @classmethod
    def _known(cls, entities: list[str]) -> list[str]:
        unknown = sorted(set(entities) - set(THRESHOLDS))
        if unknown:
            raise ValueError(f"unknown {', '.join(unknown)}; known are {', '.join(sorted(THRESHOLDS))}")
        return entities


class PersonalData:
    """Finds personal data; labels are Presidio's where it has one."""

    name = "personal_data"
    settings = PersonalDataSettings

    def __init__(self, labels: Collection[str] = DEFAULT_LABELS, *, allow: Iterable[str] = ()) -> None:
        """Looks for ``labels``.

        Args:
            labels: a subset of ``THRESHOLDS``.
            allow: the company's own e-mail addresses, domains and phone numbers, which are never personal data.
        """
        self._labels = frozenset(labels)
        self._allow = _Allowed(allow)
        self._engine = _engine()

    @classmethod
    def build(cls, setup: Setup[PersonalDataSettings]) -> PersonalData:
        """The detector of a policy: its labels, and the company's own contact data."""
        allow = setup.policy.settings.allow
        return cls(setup.settings.entities, allow=[*allow.domains, *allow.emails, *allow.phones])

    def detect(self, text: str, context: Context) -> list[Finding]:
        """Findings by place, never overlapping."""
        read = plain(text)
        found = [*self._engine_spans(read.text)]
        if "PERSON" in self._labels and context.names:
            found.extend(people.find_known(read.text, context.names))
        findings: list[Finding] = []
        for span in merged(found, _ORDER):
            if not self._allow.covers(read.text[span.start : span.end], span.label):
                start, end = read.span(span.start, span.end)
                findings.append(Finding(self.name, span.label, round(span.score, 2), start, end))
        return findings

    def _engine_spans(self, text: str) -> Iterable[Span]:
        wanted = [label for label in self._labels if label not in _GATES or _GATES[label](text)]
        if not wanted:
            return
        # An upper-case copy finds lower-case account numbers; where an upper case is longer, places would shift.
        upper = text.upper() if "IBAN_CODE" in wanted else text
        for result in self._engine.analyze(text=text, language="en", entities=wanted):
            if result.score >= THRESHOLDS[result.entity_type] and not _in_placeholder(text, result.start, result.end):
                yield Span(result.start, result.end, result.entity_type, result.score)
        if upper != text and len(upper) == len(text):
            for result in self._engine.analyze(text=upper, language="en", entities=["IBAN_CODE"]):
                yield Span(result.start, result.end, "IBAN_CODE", result.score)


class _Allowed:
    """The company's own contact data."""

    def __init__(self, values: Iterable[str]) -> None:
        listed = [value.strip().lower() for value in values]
        self._digits = {digits for value in listed if len(digits := re.sub(r"\D", "", value)) >= 5}
        self._texts = {value.removeprefix("@") for value in listed}

    def covers(self, value: str, label: str) -> bool:
        """Whether ``value`` is the company's: the address itself, any address at its domain, its phone number."""
        lower = value.strip().lower()
        if label == "PHONE_NUMBER":
            digits = re.sub(r"\D", "", value)
            return any(digits.endswith(own[-9:]) or own.endswith(digits[-9:]) for own in self._digits)
        if label == "EMAIL_ADDRESS":
            domain = lower.rpartition("@")[2]
            return lower in self._texts or any(domain == own or domain.endswith("." + own) for own in self._texts)
        if label == "URL":
            host = re.sub(r"^https?://(?:[^/@]*@)?", "", lower).split("/")[0].split(":")[0].removeprefix("www.")
            return any(host == own or host.endswith("." + own) for own in self._texts)
        return lower in self._texts


@functools.lru_cache(maxsize=1)
def _engine() -> AnalyzerEngine:
    from deskhand_guardrails.detectors.presidio import analyzer

    return analyzer(_OURS)


# A placeholder of ours holds an underscore and a number ("<ORDER_ID_1>"): it is what personal data was replaced by.
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*_\d+>")


def _in_placeholder(text: str, start: int, end: int) -> bool:
    return any(match.start() <= start and end <= match.end() for match in _PLACEHOLDER.finditer(text))
