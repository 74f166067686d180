"""Who is asked about a text, and when: every recogniser with its labels and a cheap look that calls for it.

A recogniser is a plain function from a text to spans. A new one is one more row of ``_ours``; Presidio's are listed in
``presidio.ENTITIES``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import NamedTuple

from deskhand_guardrails.detectors.presidio import ENTITIES
from deskhand_guardrails.detectors.recognisers import (
    accounts,
    addresses,
    cards,
    dates,
    devices,
    handles,
    identities,
    links,
    parcels,
    people,
    phones,
    references,
)
from deskhand_guardrails.detectors.recognisers.introduced import finder
from deskhand_guardrails.detectors.spans import Recogniser

Gate = Callable[[str], object]


class Asked(NamedTuple):
    """A recogniser and what it is for."""

    name: str
    labels: frozenset[str]
    gate: Gate
    """Whether the text can hold what the recogniser looks for; it sees far less than the recogniser does."""
    find: Recogniser | None = None
    """Ours; None for Presidio's own."""


def _holds(pattern: str) -> Gate:
    return re.compile(pattern, re.IGNORECASE).search


def _anything(_: str) -> bool:
    return True


_DIGIT = _holds(r"\d")
# Three digits on end or apart: fewer name nobody.
_DIGITS = _holds(r"\d\D{0,3}\d\D{0,3}\d")
_LETTERS_AND_DIGITS = _holds(
    r"[a-z]-?\d{6}|[a-z] ?\d\d ?\d\d ?\d\d|\d{6}-?[a-z]|[a-z]{4}\d{2}|\d{6}[+\-]\d{3}|\d[a-z]\d\d"
)

_PRESIDIO: dict[str, Gate] = {
    "EMAIL_ADDRESS": _holds("@"),
    "IBAN_CODE": _holds(r"\b[a-z]{2}\d{2}(?:[ \-]?[a-z0-9]){11}"),
    "IP_ADDRESS": _holds(r"\d\.\d+\.\d|[0-9a-f]:[0-9a-f:]"),
    "MAC_ADDRESS": _holds(r"[0-9a-f]{2}[:\-][0-9a-f]{2}[:\-]|[0-9a-f]{4}\.[0-9a-f]{4}\."),
    "CRYPTO": _holds(r"\b(?:bc1|[13])[a-z0-9]{25}"),
    "US_SSN": _holds(r"\d{3}[- .]\d{2}[- .]\d{4}"),
    "US_ITIN": _holds(r"\b9\d{2}[- ]\d{2}[- ]\d{4}"),
}


def _ours() -> tuple[Asked, ...]:
    introduced = (
        *cards.INTRODUCED,
        *accounts.INTRODUCED,
        *identities.INTRODUCED,
        *devices.INTRODUCED,
        *references.INTRODUCED,
        *addresses.INTRODUCED,
    )
    return (
        Asked("introduced", frozenset(one.label for one in introduced), _DIGITS, finder(introduced)),
        Asked("cards", frozenset({"CREDIT_CARD", "CARD_DETAILS"}), _DIGITS, cards.find),
        Asked("accounts", frozenset({"BANK_ACCOUNT", "CRYPTO"}), _anything, accounts.find),
        Asked("identities", frozenset({"NATIONAL_ID"}), _DIGITS, identities.find),
        Asked("devices", frozenset({"VEHICLE_ID"}), _DIGIT, devices.find),
        Asked("parcels", frozenset({"TRACKING_NUMBER"}), _DIGITS, parcels.find),
        Asked("references", frozenset({"ORDER_ID"}), _DIGITS, references.find),
        Asked("dates", frozenset({"DATE_TIME"}), _DIGIT, dates.find),
        Asked("births", frozenset({"DATE_OF_BIRTH"}), _DIGIT, dates.find_births),
        Asked("addresses", frozenset({"STREET_ADDRESS"}), _DIGIT, addresses.find),
        Asked("phones", frozenset({"PHONE_NUMBER"}), _holds(r"(?:\d[^\da-z]{0,3}){6}"), phones.find),
        Asked("links", frozenset({"URL", "EMAIL_ADDRESS"}), _holds(r"@|\bat\b|https?:|www\."), links.find),
        Asked("handles", frozenset({"USERNAME"}), _anything, handles.find),
        Asked("people", frozenset({"PERSON"}), _anything, people.find),
    )


ASKED: tuple[Asked, ...] = (
    *(
        Asked(entity, frozenset({label}), _PRESIDIO.get(entity, _LETTERS_AND_DIGITS))
        for entity, (_, label) in ENTITIES.items()
    ),
    *_ours(),
)


@functools.lru_cache(maxsize=1)
def recognisers() -> dict[str, Recogniser]:
    """Everyone by name; made once, it costs most of a second of imports."""
    from deskhand_guardrails.detectors import presidio

    return presidio.recognisers() | {one.name: one.find for one in ASKED if one.find is not None}
