# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Numbers that lead to one customer's business: orders, tickets, contracts; parcels by the word before them.

Mostly by that word ("order no. 10023"), because every shop has its own form; ``AB-12345``, ``#12345`` and numbers of ten
digits or more stand for themselves. Not covered: a short number without any such word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.recognisers.introduced import Introduction
from deskhand_guardrails.detectors.spans import Span, matches

INTRODUCED = (
    Introduction(
        "ORDER_ID",
        """
        order | ordre | purchase | purchase order | po | invoice | bill | booking | reservation | itinerary | receipt | transaction | txn | payment
        confirmation | order confirmation | payment reference | refund | return | rma | voucher | gift card | quote | auction | delivery note
        bestellung | bestellnummer | bestell | auftrag | auftragsnummer | rechnung | rechnungsnummer | buchung | buchungsnummer | beleg | retoure | vorgang | vorgangsnummer
        pedido | factura | compra | reserva | commande | facture | réservation | ordine | fattura | prenotazione | bestelling | factuur | encomenda | fatura | zamówienie | zamówienia | faktura
        """,
        bare=4,
    ),
    Introduction(
        "TICKET_ID",
        "ticket | support ticket | case | request | incident | complaint | enquiry | inquiry | claim | issue | dispute | fall | fallnummer | anfrage | anfragenummer | schadensnummer | incidencia | caso | reclamación | réclamation | dossier",
        bare=4,
    ),
    Introduction(
        "TRACKING_NUMBER",
        """
        tracking | tracking order | shipment | parcel | package | consignment | waybill | airway bill | awb | courier | delivery | ups | fedex | dhl | dpd | gls | usps | hermes | evri | royal mail
        sendung | sendungsnummer | sendungsverfolgung | paket | paketnummer | trackingnummer | lieferung | seguimiento | envío | paquete | colis | suivi | spedizione | pacco | zending | pakket | przesyłka | paczka
        """,
        bare=5,
        most=40,
        spaced=True,
    ),
    Introduction(
        "CUSTOMER_ID",
        """
        account | acct | acc | a/c | customer | client | member | membership | policy | contract | subscription | subscriber | user id | userid | loyalty | loyalty card | rewards | frequent flyer | employee id | employee number | staff id | staff number | student id | student number
        library card | meter | supply | mpan | mprn | licence key | license key | insurance | enrollment | profile | kunden | kundennummer | kunde | kundenkonto | konto | vertrag | vertragsnummer | mitglied | mitgliedsnummer | zählernummer | versicherungsnummer
        cliente | cuenta | contrato | póliza | abonado | client | contrat | compte | abonné | adhérent | police | conto | contratto | polizza | klantnummer | klant | contract | numer klienta
        """,
        spaced=True,
    ),
)

# FH-10023, INV-2024-00123; at least five digits, so that UTF-16, ISO-9001 and WH-1000 are none.
_PREFIXED = re.compile(
    r"(?<![\w\-/.])(?!(?:CVE|ISO|RFC|IEC|DIN|IEEE|UTF|SHA|COVID|EN|BS|ASTM|USB|HTTP)\b)(?P<value>[A-Z]{1,6}\d?[-_](?:\d{5,14}|\d{2,6}(?:-\d{2,8}){1,2}))(?![\w\-]*\w)"
)
# ORD987654321, TXN00012345: models and articles have fewer digits.
_GLUED = re.compile(r"(?<![\w\-/.@#])(?P<value>[A-Z]{2,6}\d{6,14})(?![\w@]|-\w)")
_HASHED = re.compile(r"(?<![\w&/#])#(?P<value>[A-Z]{0,4}-?\d{4,15})\b(?![\-.]?\d)")
_LONG = re.compile(r"(?<![\w.,+\-/$€£#])(?P<value>\d{10,24})(?![\w\-/]|[.,]\d)")


def find(text: str) -> Iterator[Span]:
    """Spans labelled ORDER_ID, for the forms that need no word before them."""
    yield from matches(_PREFIXED, text, "ORDER_ID", 0.7)
    yield from matches(_GLUED, text, "ORDER_ID", 0.6)
    yield from matches(_HASHED, text, "ORDER_ID", 0.6)
    yield from matches(_LONG, text, "ORDER_ID", 0.5)
