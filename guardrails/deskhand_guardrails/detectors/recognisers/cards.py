"""Payment card numbers: 13 to 19 digits with any separators, of an issuer's range, with a right check digit (Luhn).

Presidio's own recogniser misses Mastercard's 2-series, 19 digits, Maestro and separators other than a plain hyphen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span

_DIGITS = re.compile(r"(?<![\w.,])\d(?:[ \t\u00a0.\-–/_]{0,2}\d){12,18}(?![\w]|[.,]\d)")

# Issuer ranges (ISO/IEC 7812): American Express and Diners and JCB 3, Visa 4, Mastercard 2221-2720 and 51-55,
# Maestro 50 and 56-69, Discover and UnionPay 60-65. Without them one long number in ten would pass Luhn by chance.
_ISSUER = re.compile(r"3[0-9]|4|5[0-9]|6[0-9]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720")

_LENGTHS = {"3": (14, 15, 16), "4": (13, 16, 19)}
_OTHER_LENGTHS = (13, 14, 15, 16, 17, 18, 19)


def find(text: str) -> Iterator[Span]:
    """Spans labelled CREDIT_CARD; a run of digits that is longer or shorter than a card is none."""
    for match in _DIGITS.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if _ISSUER.match(digits) and len(digits) in _LENGTHS.get(digits[0], _OTHER_LENGTHS) and luhn(digits):
            yield Span(match.start(), match.end(), "CREDIT_CARD", 1.0)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and len(set(digits)) > 1
