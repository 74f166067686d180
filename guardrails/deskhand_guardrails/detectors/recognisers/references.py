# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Numbers that lead to one customer's business: orders, parcels, tickets.

Mostly by the word before them ("order no. 10023"), because every shop has its own form; well-known carrier forms and
``AB-12345`` stand for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span, matches

# "number is: ", "no. ", "# ", " id " between the word and the value; a few plain words may stand between.
_LINK = r"(?:[ \t]*(?:(?:numbers?|nummer|num|no|nr|id|code|ref(?:erence)?)\b|#|№)\.?){0,2}[ \t]*(?:(?:is|was|are|ist)\b)?[ \t]*[:#=]?[ \t]*[\"'(\[]?"
_VALUE = r"(?P<value>(?=[A-Za-z0-9\-_/]*\d[A-Za-z0-9\-_/]*\d[A-Za-z0-9\-_/]*\d)[A-Za-z0-9](?:[A-Za-z0-9\-_/]{1,30}[A-Za-z0-9]))(?![\w@])"

_ORDER = re.compile(
    r"\b(?:order|purchase|invoice|booking|reservation|bestellung|bestell|rechnung|receipt|transaction|confirmation|account|customer|contract|policy|pedido|commande)s?"
    + _LINK
    + _VALUE,
    re.IGNORECASE,
)
_TICKET = re.compile(r"\b(?:ticket|case|request|incident|complaint|enquiry|claim)s?" + _LINK + _VALUE, re.IGNORECASE)
_TRACKING = re.compile(
    r"\b(?:tracking|shipment|parcel|package|consignment|waybill|awb|sendung(?:s)?)s?" + _LINK + _VALUE, re.IGNORECASE
)

# FH-10023, INV-2024-00123; at least five digits, so that UTF-16, ISO-9001 and WH-1000 are none.
_PREFIXED = re.compile(
    r"(?<![\w\-/.])(?!(?:CVE|ISO|RFC|IEC|DIN|IEEE|UTF|SHA|COVID)\b)(?P<value>[A-Z]{2,5}-(?:\d{5,12}|\d{2,6}(?:-\d{2,8}){1,2}))(?![\w\-]*\w)"
)
_HASHED = re.compile(r"(?<![\w&/])(?P<value>#\d{4,12})\b")
_LONG = re.compile(r"(?<![\w.,+\-/])(?P<value>\d{10,20})(?![\w\-/]|[.,]\d)")

_CARRIERS = re.compile(
    r"""
    \b(?:
      1Z[ ]?(?:[0-9A-Z][ ]?){16}                      # UPS
    | [A-Z]{2}[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}[ ]?[A-Z]{2} # postal union S10
    | 9[2-5]\d{2}(?:[ ]?\d{4}){4}(?:[ ]?\d{2,4})?     # USPS
    | J?JD\d{16,20}                                   # DHL
    | TBA\d{12}                                       # Amazon
    | 00\d{18}                                        # SSCC
    )\b
    """,
    re.VERBOSE,
)


# Words that a token after "order" may be and that hold three digits without naming anyone's order.
_UNIT = re.compile(
    r"\d+(?:mm|cm|kg|ml|gb|mb|tb|mah|wh|w|v|px|k|ish|th|st|nd|rd|p|usd|eur|gbp|am|pm)|(?:19|20)\d\d|\d{3}",
    re.IGNORECASE,
)


def find(text: str) -> Iterator[Span]:
    """Spans labelled ORDER_ID, TRACKING_NUMBER or TICKET_ID."""
    for pattern, label in ((_TICKET, "TICKET_ID"), (_TRACKING, "TRACKING_NUMBER"), (_ORDER, "ORDER_ID")):
        for span in matches(pattern, text, label, 0.8):
            if not _UNIT.fullmatch(text, span.start, span.end):
                yield span
    yield from matches(_CARRIERS, text, "TRACKING_NUMBER", 0.9)
    yield from matches(_PREFIXED, text, "ORDER_ID", 0.7)
    yield from matches(_HASHED, text, "ORDER_ID", 0.6)
    yield from matches(_LONG, text, "ORDER_ID", 0.4)
