# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Tracking numbers by the forms of carriers, with their check digits where the form alone could be another number.

UPS ``1Z``, the postal union's S10 and its look-alikes, USPS, FedEx, DHL, Amazon, DPD, GLS, Evri, Yodel, PostNL, Correos,
Colissimo, InPost, Canada Post, China's consolidators, SSCC. Sources: UPU S10-12; USPS Publication 199 (IMpb); the
carriers' own pages. Numbers of digits only are taken from the word before them ("tracking 123456789012"), see
``references``; here they count when the check digit is right and nothing shorter would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span, matches

_LETTERED = re.compile(
    r"""
    (?<![\w\-])(?:
      1Z[ ]?(?:[0-9A-Z][ ]?){15}[0-9A-Z]                # UPS
    | (?:T\d{10}|9\d{17})(?=\b.{0,40}\bups\b)           # UPS Mail Innovations, only beside the name
    | [A-Z]{2}[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}[ ]?[A-Z]{2}   # postal union S10, and national posts' copies of it
    | [A-Z]{2}[ ]?\d{8,14}[ ]?[A-Z]{2}                  # parcel services that copy the form
    | JJ?D\d{16,20} | JVGL\d{10,20} | GM\d{16,18} | LX\d{9,12}[A-Z]{0,2} | RX\d{12}[A-Z]{2}   # DHL
    | TB[ACM]\d{12}                                     # Amazon
    | [A-Z]{2}[A-Z0-9]{2}\d{7}\d{3}                     # Parcelforce
    | H[A-Z0-9]{3}[A-Z]\d{10,11} | T00[A-Z0-9]{13}      # Evri
    | JD\d{16}                                          # Yodel
    | 3S[A-Z0-9]{11,15}                                 # PostNL
    | P[A-Z0-9]\d[A-Z0-9]{8,10}\d{7}[A-Z]               # Correos
    | [68][A-Z]\d{11}                                   # Colissimo
    | (?:YT|LP|SF|UB|SY|WNB|YD|ZT|ST|CNBR|4PX|JT|SPX)[A-Z]{0,4}\d{11,18}[A-Z]{0,2}   # YunExpress, Cainiao, SF, J&T ...
    | 1LS\d{12,15} | [CD]\d{14}                         # LaserShip, OnTrac
    | Z[A-Z0-9]{7}(?=\b.{0,40}\bgls\b)                  # GLS, only beside the name
    )(?![\w\-])
    """,
    re.VERBOSE,
)
_DIGITS = re.compile(r"(?<![\w.,+\-/])\d(?:[ ]?\d){11,33}(?![\w\-/]|[.,]\d)")


def find(text: str) -> Iterator[Span]:
    """Spans labelled TRACKING_NUMBER."""
    yield from matches(_LETTERED, text, "TRACKING_NUMBER", 0.8)
    for match in _DIGITS.finditer(text):
        score = _digits_score(match.group().replace(" ", ""))
        if score:
            yield Span(match.start(), match.end(), "TRACKING_NUMBER", score)


def _digits_score(number: str) -> float:
    """How likely a number of digits only is a parcel's; 0 when it has no carrier's form and check digit."""
    if len(number) in (20, 22) and number.startswith(("91", "92", "93", "94", "95")):
        return 0.9 if _mod10(number) else 0.6  # USPS
    if len(number) in (30, 34) and number.startswith("420"):
        return 0.9  # USPS with the postcode in front
    if len(number) in (18, 20) and (len(number) == 18 or number.startswith("00")):
        return 0.8 if _mod10(number) else 0.0  # SSCC: DHL Paket, DPD, FedEx SmartPost
    if len(number) == 24 and number.startswith(("5", "6", "3232")):
        return 0.7  # InPost, bpost
    if len(number) == 12 and _fedex(number):
        return 0.5
    return 0.0


def _mod10(number: str) -> bool:
    """GS1's check digit: weights 3 and 1 from the right."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(number[:-1])))
    return (total + int(number[-1])) % 10 == 0


def _fedex(number: str) -> bool:
    """FedEx Express: weights 3, 1, 7 from the left over eleven digits, modulo 11, 10 counts as 0."""
    total = sum(int(digit) * (3, 1, 7)[index % 3] for index, digit in enumerate(number[:-1]))
    return total % 11 % 10 == int(number[-1])
