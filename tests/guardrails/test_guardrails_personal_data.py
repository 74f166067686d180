"""What is hidden and what must stay readable, by example; every row is an attack on the patterns."""

from __future__ import annotations

import pytest

from deskhand_guardrails import Context, redact
from deskhand_guardrails.detectors.personal_data import PersonalData
from deskhand_guardrails.detectors.recognisers.cards import luhn

HIDDEN = [
    ("card 4111111111111111", "4111111111111111", "CREDIT_CARD"),
    ("card 4111 1111 1111 1111.", "4111 1111 1111 1111", "CREDIT_CARD"),
    ("card 4111-1111-1111-1111", "4111-1111-1111-1111", "CREDIT_CARD"),
    ("card 4111.1111.1111.1111", "4111.1111.1111.1111", "CREDIT_CARD"),
    ("card 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "CREDIT_CARD"),
    ("2223 0000 4840 0011", "2223 0000 4840 0011", "CREDIT_CARD"),
    ("3782 822463 10005", "3782 822463 10005", "CREDIT_CARD"),
    ("30569309025904", "30569309025904", "CREDIT_CARD"),
    ("４１１１１１１１１１１１１１１１", "４１１１１１１１１１１１１１１１", "CREDIT_CARD"),
    ("iban DE89 3704 0044 0532 0130 00 ok", "DE89 3704 0044 0532 0130 00", "IBAN_CODE"),
    ("iban de89370400440532013000", "de89370400440532013000", "IBAN_CODE"),
    ("mail ann.smith+x@mail.example.co.uk!", "ann.smith+x@mail.example.co.uk", "EMAIL_ADDRESS"),
    ("ann (at) example (dot) com", "ann (at) example (dot) com", "EMAIL_ADDRESS"),
    ("ann[at]example.com", "ann[at]example.com", "EMAIL_ADDRESS"),
    ("ann at example dot com", "ann at example dot com", "EMAIL_ADDRESS"),
    ("ann＠example.com", "ann＠example.com", "EMAIL_ADDRESS"),
    ("a\u200bnn@exa\u200bmple.com", "a\u200bnn@exa\u200bmple.com", "EMAIL_ADDRESS"),
    ("call +44 20 7946 0958 now", "+44 20 7946 0958", "PHONE_NUMBER"),
    ("call 07911 123456", "07911 123456", "PHONE_NUMBER"),
    ("(415) 555-0132", "(415) 555-0132", "PHONE_NUMBER"),
    ("+49 30 23125 012", "+49 30 23125 012", "PHONE_NUMBER"),
    ("0161 496 0123", "0161 496 0123", "PHONE_NUMBER"),
    ("SSN 536-90-4399", "536-90-4399", "US_SSN"),
    ("from 203.0.113.7", "203.0.113.7", "IP_ADDRESS"),
    ("order FH-20931 please", "FH-20931", "ORDER_ID"),
    ("Where is FH-209310?", "FH-209310", "ORDER_ID"),
    ("order number is: 83921", "83921", "ORDER_ID"),
    ("my order (#83921) is late", "83921", "ORDER_ID"),
    ("Je n'ai rien reçu, commande n°83921", "83921", "ORDER_ID"),
    ("O pedido n.º 83921 não chegou", "83921", "ORDER_ID"),
    ("Dov'è l'ordine n. 83921?", "83921", "ORDER_ID"),
    ("cancel purchase 00004587345?", "00004587345", "ORDER_ID"),
    ("invoice no. INV-2024-0012", "INV-2024-0012", "ORDER_ID"),
    ("Bestellung Nr. 778-1234567", "778-1234567", "ORDER_ID"),
    ("parcel 1Z999AA10123456784", "1Z999AA10123456784", "TRACKING_NUMBER"),
    ("RR 123 456 785 GB", "RR 123 456 785 GB", "TRACKING_NUMBER"),
    ("tracking code PW0123456789GB", "PW0123456789GB", "TRACKING_NUMBER"),
    ("tracking number: 00340434161094042557", "00340434161094042557", "TRACKING_NUMBER"),
    ("ticket #48213 again", "48213", "TICKET_ID"),
    ("my case number is 5512-77", "5512-77", "TICKET_ID"),
    ("born on 3rd of May 1984", "3rd of May 1984", "DATE_OF_BIRTH"),
    ("DOB: 03/05/1984", "03/05/1984", "DATE_OF_BIRTH"),
    ("my birthday is 1984-05-03", "1984-05-03", "DATE_OF_BIRTH"),
    ("I live at 12 Baker Street.", "12 Baker Street", "STREET_ADDRESS"),
    ("221b baker street", "221b baker street", "STREET_ADDRESS"),
    ("7 Orchard Close, Leeds 12345", "7 Orchard Close", "STREET_ADDRESS"),
    ("1600 Pennsylvania Ave, Apt 4", "1600 Pennsylvania Ave, Apt 4", "STREET_ADDRESS"),
    ("Hauptstraße 12, 10115 Berlin", "Hauptstraße 12", "STREET_ADDRESS"),
    ("Lindenweg 7a", "Lindenweg 7a", "STREET_ADDRESS"),
    ("14 rue de la Paix, 75002 Paris", "14 rue de la Paix", "STREET_ADDRESS"),
    ("Calle Mayor 5", "Calle Mayor 5", "STREET_ADDRESS"),
    ("Via Garibaldi 22", "Via Garibaldi 22", "STREET_ADDRESS"),
    ("Keizersgracht 101", "Keizersgracht 101", "STREET_ADDRESS"),
    ("PO Box 1234", "PO Box 1234", "STREET_ADDRESS"),
    ("my postcode is NW1 6XE", "NW1 6XE", "STREET_ADDRESS"),
    ("My name is Anna Kowalska and", "Anna Kowalska", "PERSON"),
    ("my name is anna", "anna", "PERSON"),
    ("Hi Mark,\nthanks", "Mark", "PERSON"),
    ("It broke.\nRegards,\nJohn O'Neil", "John O'Neil", "PERSON"),
    ("How long do I have?\n\nStavros Papadakis", "Stavros Papadakis", "PERSON"),
    ("Kaputt.\n\nDanke im Voraus\nMurat Aksoy", "Murat Aksoy", "PERSON"),
    ("Ist kaputt!\n\nMurat Polat\n\n--\nSent from my phone", "Murat Polat", "PERSON"),
    ("this is Björn Ström.", "Björn Ström", "PERSON"),
    ("Dear Mr. van Houten", "Houten", "PERSON"),
    ("I spoke to Mrs Zhang yesterday", "Zhang", "PERSON"),
    ("https://shop.example/reset?token=abc", "https://shop.example/reset?token=abc", "URL"),
]

READABLE = [
    "It never came.\n\nCustomer Support",
    "Please send me the other one instead:\n\nBlue Tent",
    "Where is my parcel? It should have been here on Monday, 3 May 2024.",
    "I waited 2 days on the road.",
    "The lamp costs $1,299.00 or 1.299,00 EUR, 20% off.",
    "Return it within 30 days; refunds take 5-7 business days.",
    "The WH-1000XM4 headphones need 2 AA batteries and UTF-16.",
    "It is 10:30 am on 2024-05-03, version 3.11.7.",
    "I ordered 3 items in 2024 and order 2 arrived.",
    "I'm Happy with it. Thank you Team!",
    "Hello there, how are you?",
    "Hi Support, this is Urgent.",
    "See https://shop.example/help/returns for more.",
    "4111 1111 1111 1112 is not a card",
    "The size is 120 x 60 x 75 cm and it weighs 12500 g.",
    "ISO-9001 and CVE-2024-12345 and COVID-19",
    "I look at dot com companies at work.",
    "Thanks,\nthe customer",
]


@pytest.mark.parametrize(("text", "value", "label"), HIDDEN, ids=[row[1] for row in HIDDEN])
def test_hidden(text: str, value: str, label: str) -> None:
    start = text.index(value)
    findings = PersonalData().detect(text, Context())
    covering = [one for one in findings if one.start <= start and one.end >= start + len(value)]
    assert [one.label for one in covering] == [label], findings


@pytest.mark.parametrize("text", READABLE)
def test_readable(text: str) -> None:
    assert redact(text) == (text, ())


KNOWN = [
    ("Anna Maria Kowalska", "i am ANNA MARIA KOWALSKA", "i am <PERSON_1>"),
    ("Anna Kowalska", "Ask Anna or Kowalska's son", "Ask <PERSON_1> or <PERSON_2>'s son"),
    ("Anna Kowalska", "annals of anna", "annals of <PERSON_1>"),
    ("Will Green", "Will you paint it Green?", "Will you paint it Green?"),
    ("Will Green", "ask will green", "ask <PERSON_1>"),
    ("Support Team", "The Support desk of our Team", "The Support desk of our Team"),
    ("J.R. Ewing (Ltd.)", "EWING wrote", "<PERSON_1> wrote"),
    ("Łukasz Żak", "Łukasz and ŁUKASZ ŻAK", "<PERSON_1> and <PERSON_2>"),
]


@pytest.mark.parametrize(("name", "text", "expected"), KNOWN)
def test_known_names(name: str, text: str, expected: str) -> None:
    assert redact(text, names=[name])[0] == expected


def test_company_contacts_stay() -> None:
    detector = PersonalData(allow=["shop.example", "+44 20 7946 0958", "help@other.example"])
    text = "Mail care@shop.example, x@eu.shop.example or help@other.example, call 020 7946 0958, not me@notshop.example"
    assert [text[one.start : one.end] for one in detector.detect(text, Context())] == ["me@notshop.example"]


def test_placeholders_are_left_alone() -> None:
    text = "Order <ORDER_ID_1> of <PERSON_12>, phone <PHONE_NUMBER_1>"
    assert PersonalData().detect(text, Context()) == []


def test_dates_only_when_asked_for() -> None:
    text = "It came on 3 May 2024"
    assert [one.label for one in PersonalData(["DATE_TIME"]).detect(text, Context())] == ["DATE_TIME"]


def test_luhn() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
    assert not luhn("0000000000000000")
