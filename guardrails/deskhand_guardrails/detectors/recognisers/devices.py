# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Things that belong to one person: devices (IMEI, serial numbers) and vehicles (VIN, licence plates).

Serial numbers and plates only by the phrase before them. A VIN counts by itself when its check digit is right (ISO 3779,
as North America computes it), an IMEI beside its word. MAC addresses are Presidio's to find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.recognisers.introduced import Introduction
from deskhand_guardrails.detectors.spans import Span, matches

INTRODUCED = (
    Introduction(
        "DEVICE_ID",
        "imei | imei1 | imei2 | imsi | iccid | meid | eid | udid | device id | device | serial | serial number | s/n | sn | sim | sim card | asset tag | seriennummer | gerätenummer | número de serie | numéro de série | numero di serie | serienummer | numer seryjny",
        digits=4,
        bare=5,
        most=32,
        spaced=True,
    ),
    Introduction(
        "VEHICLE_ID",
        "vin | chassis | vehicle identification | vehicle | license plate | licence plate | number plate | plate | plates | registration | car registration | vehicle registration | reg | fahrgestellnummer | fahrzeug-ident-nummer | kennzeichen | nummernschild | matrícula | bastidor | immatriculation | plaque d'immatriculation | targa | kenteken",
        digits=4,
        bare=5,
        most=17,
        spaced=True,
    ),
)

_VIN = re.compile(r"(?<!\w)(?=[A-Z0-9]*\d{4})[A-HJ-NPR-Z0-9]{17}(?!\w)")
# After the word, also a plate whose letters come first: "plate: AB12 CDE", "Kennzeichen B-XY 1234".
_PLATE = re.compile(
    r"\b(?i:(?:licen[cs]e|number) plates?|plates?|(?:car |vehicle )?registration|reg|kennzeichen|nummernschild|matrícula|immatriculation|targa|kenteken)\b(?:[ ](?i:numbers?|no\.?|is|ist|es|est|nr\.?))*[ :=#]{1,3}(?P<value>(?=[A-ZÄÖÜ0-9 \-]{0,8}\d)[A-ZÄÖÜ]{1,3}[ \-]?[A-Z0-9]{1,4}(?:[ \-][A-Z0-9]{1,4}){0,2})(?!\w)"
)
_LETTER_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def find(text: str) -> Iterator[Span]:
    """Spans labelled VEHICLE_ID."""
    yield from matches(_PLATE, text, "VEHICLE_ID", 0.7)
    for match in _VIN.finditer(text):
        if _is_vin(match.group()):
            yield Span(match.start(), match.end(), "VEHICLE_ID", 0.8)


def _is_vin(number: str) -> bool:
    """ISO 3779 with the check digit that 49 CFR 565 puts in the ninth place."""
    total = sum(
        weight * (int(char) if char.isdigit() else _LETTER_VALUES[char])
        for char, weight in zip(number, _WEIGHTS, strict=True)
    )
    return number[8] == "0123456789X"[total % 11]
