# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Payment cards: 12 to 19 digits with any separators, of an issuer's range, with a right check digit; their expiry.

Presidio's own recogniser misses Mastercard's 2-series, 19 digits, Maestro and separators other than a plain hyphen. A
number after "card number" counts whatever its check digit: people mistype. Not covered: the last four digits alone, which
a desk needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.recognisers.introduced import Introduction
from deskhand_guardrails.detectors.spans import Span, matches

INTRODUCED = (
    Introduction(
        "CREDIT_CARD",
        "card | credit card | debit card | bank card | cc | visa | visa card | mastercard | master card | amex | american express | maestro | discover | diners | jcb | kreditkarte | kreditkartennummer | kartennummer | karte | ec-karte | tarjeta | tarjeta de crédito | tarjeta de débito | carte | carte bancaire | carte bleue | carta di credito | carta | cartão | creditcard | pinpas | karta",
        digits=12,
        bare=12,
        most=19,
        spaced=True,
    ),
)

_RUN = re.compile(r"(?<![\w.,])\d(?:[ \t\u00a0.\-–—/_*]{0,3}\d){11,47}+(?!\w)")
_GROUP = re.compile(r"\d+")

# Issuer ranges (ISO/IEC 7812) and the lengths in use. Without them one long number in ten would pass Luhn by chance.
_ISSUERS = tuple(
    (re.compile(prefix), lengths)
    for prefix, lengths in (
        ("4", (13, 16, 19)),  # Visa
        ("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),  # Mastercard
        ("3[47]", (15,)),  # American Express
        ("30[0-59]|3[689]", (14, 16)),  # Diners
        ("35|2131|1800", (15, 16)),  # JCB
        ("6011|64[4-9]|65|62|81|60|82|508", (16, 17, 18, 19)),  # Discover, UnionPay, RuPay
        ("50|5[6-8]|6304|6390|67", (12, 13, 14, 15, 16, 17, 18, 19)),  # Maestro
        ("220[0-4]|9792|63|66|68|69", (16, 17, 18, 19)),  # Mir, Troy and national schemes
    )
)

_EXPIRY = r"(?:0?[1-9]|1[0-2])[ ]?[/\-.][ ]?(?:20)?[2-4]\d(?![\d]|[/\-.]\d)"
_BESIDE = re.compile(
    rf"[\s,;|:()\-]{{1,6}}(?i:(?:exp(?:iry|ires|iration)?(?: date)?|valid (?:thru|until|through|to)|gültig bis)[.: ]{{0,3}})?(?P<value>{_EXPIRY}(?:[\s,;|/]{{1,4}}(?i:(?:cvv2?|cvc2?|csc|code)[: ]{{0,2}})?\d{{3,4}}(?!\w))?)"
)
_EXPIRES = re.compile(
    rf"\b(?:card|visa|mastercard|amex|karte|tarjeta|carte)\b[^\n]{{0,60}}?\b(?:exp(?:iry|ires|iring|iration)?(?: date)?|valid (?:thru|until|through|to)|good through|gültig bis|caduca|vence|expire)\b[ :.=]*(?:is |on |in |ist |el |date )?(?P<value>{_EXPIRY})",
    re.IGNORECASE,
)


def find(text: str) -> Iterator[Span]:
    """Spans labelled CREDIT_CARD, and CARD_DETAILS for an expiry date (with a security code) beside one."""
    for run in _RUN.finditer(text):
        span = _card(run)
        if span:
            yield span
            yield from _after(text, span.end)
    yield from matches(_EXPIRES, text, "CARD_DETAILS", 0.7)


def _card(run: re.Match[str]) -> Span | None:
    """The first and longest sequence of whole groups in ``run`` that is a card number."""
    groups = [group.span() for group in _GROUP.finditer(run.group())]
    for first, (start, _) in enumerate(groups):
        for _, end in reversed(groups[first : first + 19]):
            digits = re.sub(r"\D", "", run.group()[start:end])
            if 12 <= len(digits) <= 19 and _is_issued(digits) and luhn(digits):
                return Span(run.start() + start, run.start() + end, "CREDIT_CARD", 1.0)
    return None


def _after(text: str, end: int) -> Iterator[Span]:
    match = _BESIDE.match(text, end)
    if match:
        yield Span(match.start("value"), match.end("value"), "CARD_DETAILS", 0.8)


def _is_issued(digits: str) -> bool:
    return any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in _ISSUERS)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and len(set(digits)) > 1
