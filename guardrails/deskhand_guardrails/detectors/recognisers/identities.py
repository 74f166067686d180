# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Numbers that the state gave a person: passports, driving licences, tax and insurance numbers, identity cards.

By the phrase before them in English, German, Spanish, French, Italian, Portuguese, Dutch and Polish, whatever the
country; and without one where form and check digit are certain: France's NIR, Brazil's CPF, Switzerland's AHV, Poland's
PESEL with its birth date. Presidio's recognisers add Britain's, Spain's, Italy's, Finland's, Singapore's and India's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from deskhand_guardrails.detectors.recognisers.introduced import Introduction
from deskhand_guardrails.detectors.spans import Span

INTRODUCED = (
    Introduction(
        "US_SSN", "ssn | ss | social | social security | soc sec | social sec", digits=9, bare=9, most=9, spaced=True
    ),
    Introduction(
        "PASSPORT",
        "passport | pass | reisepass | reisepassnummer | passnummer | pasaporte | passeport | passaporto | passaporte | paspoort | paszport",
        digits=5,
        bare=6,
        most=12,
        spaced=True,
    ),
    Introduction(
        "DRIVER_LICENSE",
        "driver license | driver's license | drivers license | driver licence | driver's licence | drivers licence | driving licence | driving license | dl | dln | license | licence | führerschein | führerscheinnummer | permiso de conducir | carné de conducir | carnet de conducir | permis de conduire | patente | carta de condução | rijbewijs | prawo jazdy",
        digits=5,
        bare=6,
        most=18,
        spaced=True,
    ),
    Introduction(
        "TAX_ID",
        "tax | tax id | tax identification | taxpayer | tin | itin | ein | tfn | vat | utr | steuer | steuer-id | steuernummer | steueridentifikationsnummer | idnr | ust-id | ust-idnr | nif | cif | siret | siren | nip | partita iva | p.iva | contribuinte | btw | gstin | pan",
        digits=7,
        bare=8,
        most=16,
        spaced=True,
    ),
    Introduction(
        "NATIONAL_ID",
        "national id | national identity | national insurance | ni | nino | id card | identity card | identification card | identity | personal id | citizen id | government id | personalausweis | ausweis | ausweisnummer | personalausweisnummer | sozialversicherung | sozialversicherungsnummer | rentenversicherungsnummer | dni | nie | documento de identidad | carte d'identité | nir | sécurité sociale | insee | carta d'identità | codice fiscale | cf | cpf | rg | bsn | burgerservicenummer | pesel | dowód osobisty | personnummer | cpr | hetu | aadhaar | aadhar | nric | fin | sin | curp | pps | ppsn | alien | visa | green card | residence permit",
        digits=6,
        bare=7,
        most=20,
        spaced=True,
    ),
    Introduction(
        "MEDICAL_ID",
        "nhs | medicare | medicaid | health card | health insurance | health insurance card | medical record | mrn | patient id | krankenversicherung | krankenversichertennummer | versichertennummer | ehic | tarjeta sanitaria | carte vitale | npi",
        digits=5,
        bare=7,
        most=16,
        spaced=True,
    ),
)

_NIR = re.compile(r"(?<!\w)[12][ ]?\d\d[ ]?(?:0[1-9]|1[0-2]|[2-9]\d)[ ]?(?:\d\d|2[AB])[ ]?\d{3}[ ]?\d{3}[ ]?\d\d(?!\w)")
_CPF = re.compile(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d\d(?!\w)")
_AHV = re.compile(r"(?<![\w.])756[. ]?\d{4}[. ]?\d{4}[. ]?\d\d(?!\w)")
_PESEL = re.compile(r"(?<![\w.,+\-/])\d\d(?:[02468][1-9]|[13579][0-2])(?:0[1-9]|[12]\d|3[01])\d{5}(?![\w\-/]|[.,]\d)")


def find(text: str) -> Iterator[Span]:
    """Spans labelled NATIONAL_ID for the forms that need no word before them."""
    for pattern, is_right in _FORMS:
        for match in pattern.finditer(text):
            if is_right(re.sub(r"[. \-]", "", match.group())):
                yield Span(match.start(), match.end(), "NATIONAL_ID", 0.9)


def _nir(number: str) -> bool:
    """INSEE: the last two digits are 97 minus the others modulo 97; Corsica's letters stand for 19 and 18."""
    body = number[:-2].replace("2A", "19").replace("2B", "18")
    return body.isdigit() and 97 - int(body) % 97 == int(number[-2:])


def _cpf(number: str) -> bool:
    """Receita Federal: two check digits modulo 11, weights from 10 and from 11 down."""
    for length in (9, 10):
        total = sum(int(number[index]) * (length + 1 - index) for index in range(length))
        if total * 10 % 11 % 10 != int(number[length]):
            return False
    return len(set(number)) > 1


def _ahv(number: str) -> bool:
    """Switzerland's AHV number carries EAN-13's check digit."""
    return sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(number)) % 10 == 0


def _pesel(number: str) -> bool:
    """Poland: weights 1, 3, 7, 9, modulo 10."""
    return (
        sum(int(digit) * weight for digit, weight in zip(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), strict=True)) % 10
        == 0
    )


_FORMS: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (_NIR, _nir),
    (_CPF, _cpf),
    (_AHV, _ahv),
    (_PESEL, _pesel),
)
