"""Personal data: contacts, cards, accounts, identity numbers, orders, parcels, addresses, births, names that are known.

Presidio's pattern recognisers and ours run without any language model. Only the recognisers that a cheap look at the
text calls for are asked (no digits, no phone numbers), which is most of the speed; see ``roster``.

Names and addresses in running text are the guard model's finds (``recognisers.names``).

Not covered: towns alone, ages, health, beliefs;
short numbers without a word that says what they are; phrases and addresses in other alphabets than the Latin one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from pydantic import Field, field_validator

from deskhand_guardrails.detectors.labels import DEFAULT_LABELS, ORDER, THRESHOLDS
from deskhand_guardrails.detectors.recognisers import names, people
from deskhand_guardrails.detectors.roster import ASKED, Gate, recognisers
from deskhand_guardrails.detectors.settings import Action, DetectorSettings
from deskhand_guardrails.detectors.spans import Span, merged
from deskhand_guardrails.growing import REACH
from deskhand_guardrails.normalise import plain
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding

__all__ = ["DEFAULT_LABELS", "THRESHOLDS", "PersonalData"]


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
    """Finds personal data; labels are those of ``labels.PERSONAL``."""

    name = "personal_data"
    settings = PersonalDataSettings
    reach = REACH

    def __init__(
        self, labels: Collection[str] = DEFAULT_LABELS, *, allow: Iterable[str] = (), by_sentence: bool = False
    ) -> None:
        """Looks for ``labels``.

        Args:
            labels: a subset of ``THRESHOLDS``.
            allow: the company's own e-mail addresses, domains and phone numbers, which are never personal data.
            by_sentence: reads each sentence apart when it looks for names, so that what is found in one never changes
                with the next: for an answer that is released as it is written.
        """
        self._labels = frozenset(labels)
        self._asked: dict[Gate, list[str]] = {}
        for one in ASKED:
            if one.labels & self._labels:
                self._asked.setdefault(one.gate, []).append(one.name)
        self._allow = _Allowed(allow)
        self._by_sentence = by_sentence
        self._find = recognisers()

    @classmethod
    def build(cls, setup: Setup[PersonalDataSettings]) -> PersonalData:
        """The detector of a policy: its labels, and the company's own contact data."""
        allow = setup.policy.settings.allow
        own = [*allow.domains, *allow.emails, *allow.phones]
        return cls(setup.settings.entities, allow=own, by_sentence=setup.direction == "output")

    def detect(self, text: str, context: Context) -> list[Finding]:
        """Findings by place, never overlapping."""
        read = plain(text)
        found = [*self._patterned(read.text)]
        if not self._labels.isdisjoint(names.LEAST):
            found.extend(self._named(read.text))
        if "PERSON" in self._labels and context.names:
            found.extend(people.find_known(read.text, context.names))
        findings: list[Finding] = []
        for span in merged(found, ORDER):
            if not self._allow.covers(read.text[span.start : span.end], span.label):
                start, end = read.span(span.start, span.end)
                findings.append(Finding(self.name, span.label, round(span.score, 2), start, end))
        return findings

    def _named(self, text: str) -> Iterator[Span]:
        taken = [match.span() for match in _PLACEHOLDER.finditer(text)]
        for span in names.find_apart(text) if self._by_sentence else names.find(text):
            if span.label in self._labels and not any(one < span.end and span.start < two for one, two in taken):
                yield span

    def _patterned(self, text: str) -> Iterator[Span]:
        """What the recognisers find whose gates the text opens."""
        taken = [match.span() for match in _PLACEHOLDER.finditer(text)]
        names = [name for gate, behind in self._asked.items() if gate(text) for name in behind]
        for name in names:
            yield from self._answers(text, name, taken)
        # An upper-case copy finds lower-case account numbers; where an upper case is longer, places would shift.
        if "IBAN_CODE" in names and not text.isupper() and len(upper := text.upper()) == len(text):
            yield from self._answers(upper, "IBAN_CODE", taken)

    def _answers(self, text: str, name: str, taken: Collection[tuple[int, int]]) -> Iterator[Span]:
        for span in self._find[name](text):
            if span.label not in self._labels or span.score < THRESHOLDS[span.label]:
                continue
            # Some of Presidio's patterns find a number inside a longer word.
            if span.label == "NATIONAL_ID" and text[max(0, span.start - 1)].isalnum() and span.start:
                continue
            if not any(start < span.end and span.start < end for start, end in taken):
                yield span


# A placeholder of ours holds an underscore and a number ("<ORDER_ID_1>"): it is what personal data was replaced by.
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*_\d+>")


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
