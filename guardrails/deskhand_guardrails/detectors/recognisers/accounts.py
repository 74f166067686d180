# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Where money goes: bank accounts, sort codes and routing numbers by the phrase before them; wallets by their form.

An IBAN with a right checksum is Presidio's to find; here one that was mistyped after the word. Not covered: a bank
account without any word that says so, unless it has ten digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.recognisers.introduced import Introduction
from deskhand_guardrails.detectors.spans import Span, matches

INTRODUCED = (
    Introduction("IBAN_CODE", "iban", digits=10, bare=10, most=34, spaced=True),
    Introduction(
        "BANK_ACCOUNT",
        """
        bank account | checking account | savings account | current account | account and routing | beneficiary account | account holder number | giro account | direct debit | mandate
        routing | aba | aba routing | sort code | sortcode | transit | ifsc | bsb | swift | bic | bankverbindung | kontonummer | kontonr | konto-nr | bankleitzahl | blz | cuenta bancaria | compte bancaire | rib | clabe | conto corrente | rekeningnummer | numer konta | numer rachunku
        """,
        digits=5,
        bare=6,
        most=28,
        spaced=True,
    ),
)

# Six digits in pairs are a sort code only before or after an account number; beside it they are one find.
_SORT_CODE = re.compile(
    r"(?<![\w\-/.])(?P<value>\d\d-\d\d-\d\d[ ,;/]{1,3}(?:(?i:acc(?:ount|t)?(?: (?:no|number))?)[.: ]{0,3})?\d{7,8})(?![\w\-/])"
)
_BIC = re.compile(
    r"\b(?i:swift|bic)\b(?i:[ /]?(?:bic|swift|code|number))*[ :=is]{1,6}(?P<value>[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b"
)
_WALLET = re.compile(
    r"(?<![A-Za-z0-9])(?P<value>0x[0-9a-fA-F]{40}|[LM][1-9A-HJ-NP-Za-km-z]{33}|r[1-9A-HJ-NP-Za-km-z]{27,34}(?=\b.{0,60}\b(?:xrp|ripple)\b)|T[1-9A-HJ-NP-Za-km-z]{33}|addr1[0-9a-z]{50,100}|[48][1-9A-HJ-NP-Za-km-z]{94}|(?:bc1|ltc1|cosmos1|bnb1)[0-9a-z]{25,60})(?![A-Za-z0-9])"
)


def find(text: str) -> Iterator[Span]:
    """Spans labelled BANK_ACCOUNT and CRYPTO for the forms that need no word before them."""
    yield from matches(_SORT_CODE, text, "BANK_ACCOUNT", 0.8)
    yield from matches(_BIC, text, "BANK_ACCOUNT", 0.8)
    for span in matches(_WALLET, text, "CRYPTO", 0.7):
        if any(map(str.isdigit, text[span.start + 1 : span.end])):
            yield span
