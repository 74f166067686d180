"""Each recogniser by example: what it finds, under which label, and what looks alike and must stay readable."""

from __future__ import annotations

import pytest

from deskhand_guardrails import Context
from deskhand_guardrails.detectors.labels import DEFAULT_LABELS, ORDER, PERSONAL
from deskhand_guardrails.detectors.personal_data import PersonalData
from deskhand_guardrails.detectors.roster import ASKED
from deskhand_guardrails.detectors.secrets import Secrets
from deskhand_guardrails.pseudonyms import LABELS

FOUND = {
    "cards": [
        ("5018 0000 0009", "5018 0000 0009", "CREDIT_CARD"),
        ("4111 1111 1111 1111 12/27 123", "12/27 123", "CARD_DETAILS"),
        ("my visa card expires 09/28", "09/28", "CARD_DETAILS"),
        ("card 5555 5555 5555 4445 declined", "5555 5555 5555 4445", "CREDIT_CARD"),
        ("2131 0000 0000 001", "2131 0000 0000 001", "CREDIT_CARD"),
    ],
    "accounts": [
        ("IBAN: DE12 3456 7890 1234 5678 90", "DE12 3456 7890 1234 5678 90", "IBAN_CODE"),
        ("sort code 20-00-00 account 55779911", "20-00-00 account 55779911", "BANK_ACCOUNT"),
        ("routing number 021000021", "021000021", "BANK_ACCOUNT"),
        ("0x52908400098527886E0F7030069857D2E4169EE7", "0x52908400098527886E0F7030069857D2E4169EE7", "CRYPTO"),
    ],
    "identities": [
        ("SSN 536 90 4399", "536 90 4399", "US_SSN"),
        ("Social Security Number: 123-45-6789", "123-45-6789", "US_SSN"),
        ("social security number is 536904399", "536904399", "US_SSN"),
        ("passport no. C01X00T47", "C01X00T47", "PASSPORT"),
        ("driver's license number D1234567", "D1234567", "DRIVER_LICENSE"),
        ("NINO AB 12 34 56 C", "AB 12 34 56 C", "NATIONAL_ID"),
        ("DNI 12345678Z", "12345678Z", "NATIONAL_ID"),
        ("RSSMRA85T10A562S", "RSSMRA85T10A562S", "NATIONAL_ID"),
        ("1 85 05 78 006 084 91", "1 85 05 78 006 084 91", "NATIONAL_ID"),
        ("111.444.777-35", "111.444.777-35", "NATIONAL_ID"),
        ("Steuer-ID: 86 095 742 719", "86 095 742 719", "TAX_ID"),
        ("NHS number 943 476 5919", "943 476 5919", "MEDICAL_ID"),
    ],
    "devices": [
        ("1HGCM82633A004352", "1HGCM82633A004352", "VEHICLE_ID"),
        ("plate: AB12 CDE", "AB12 CDE", "VEHICLE_ID"),
        ("IMEI: 490154203237518", "490154203237518", "DEVICE_ID"),
        ("serial number C02XK1ZZJG5J", "C02XK1ZZJG5J", "DEVICE_ID"),
        ("00:1A:2B:3C:4D:5E", "00:1A:2B:3C:4D:5E", "MAC_ADDRESS"),
    ],
    "handles": [
        ("username: anna_k84", "anna_k84", "USERNAME"),
        ("find me as @annak84", "@annak84", "USERNAME"),
    ],
    "parcels": [
        ("says delivered, is not here JJD000390007834567890", "JJD000390007834567890", "TRACKING_NUMBER"),
        ("9400 1118 9922 3197 4284 90", "9400 1118 9922 3197 4284 90", "TRACKING_NUMBER"),
        ("stuck: TBA123456789012", "TBA123456789012", "TRACKING_NUMBER"),
        ("stuck: QX0123456789FR", "QX0123456789FR", "TRACKING_NUMBER"),
    ],
    "references": [
        ("ORD-2024-998877", "ORD-2024-998877", "ORDER_ID"),
        ("Kundennummer 4711-08", "4711-08", "CUSTOMER_ID"),
        ("12345678 is my account number", "12345678", "CUSTOMER_ID"),
        ("orders 10023 and 10024", "10024", "ORDER_ID"),
    ],
    "phones": [
        ("call me on 22 33 44 55", "22 33 44 55", "PHONE_NUMBER"),
        ("the number is 22334455", "22334455", "PHONE_NUMBER"),
        ("your order with the number 00123842", "00123842", "ORDER_ID"),
        ("tel. 06 12 34 56 78", "06 12 34 56 78", "PHONE_NUMBER"),
        ("ring 555-1234 ext. 12", "555-1234 ext. 12", "PHONE_NUMBER"),
        ("You can reach me on +44 7700 900350.", "+44 7700 900350", "PHONE_NUMBER"),
    ],
    "links": [
        ("my address: ada@home.example", "ada@home.example", "EMAIL_ADDRESS"),
        ("john (at) mail (dot) com", "john (at) mail (dot) com", "EMAIL_ADDRESS"),
    ],
    "dates": [
        ("Mi fecha de nacimiento es 27/08/1961", "27/08/1961", "DATE_OF_BIRTH"),
        ("dob 19840503", "19840503", "DATE_OF_BIRTH"),
        ("née le 3 mai 1984", "3 mai 1984", "DATE_OF_BIRTH"),
    ],
    "addresses": [
        ("PSC 1234, Box 5678\nAPO AE 09876", "PSC 1234, Box 5678\nAPO AE 09876", "STREET_ADDRESS"),
        ("write to 14 Castle Hill, Leeds LS1 4DY", "14 Castle Hill, Leeds LS1 4DY", "STREET_ADDRESS"),
        ("Flat 3, 22 High Street\nLeeds\nLS1 4DY", "Flat 3, 22 High Street\nLeeds\nLS1 4DY", "STREET_ADDRESS"),
        ("Austin, TX 78701", "Austin, TX 78701", "STREET_ADDRESS"),
        ("Am Markt 5, 50667 Köln", "Am Markt 5, 50667 Köln", "STREET_ADDRESS"),
        ("9 Business Rd, Suite 100, Troy, NY 10001", "9 Business Rd, Suite 100, Troy, NY 10001", "STREET_ADDRESS"),
    ],
    "people": [
        ("The parcel is addressed to Ines Moreau.", "Ines Moreau", "PERSON"),
        ("It is under the name Tom Okafor.", "Tom Okafor", "PERSON"),
        ("It was bought by Ines Moreau.", "Ines Moreau", "PERSON"),
    ],
    "passwords": [
        ("log in with my password walnut_13 and look", "walnut_13", "PASSWORD"),
        ("pw: hunter2", "hunter2", "PASSWORD"),
        ("Mein Passwort lautet Sonne99!", "Sonne99!", "PASSWORD"),
        ("contraseña: sol2024", "sol2024", "PASSWORD"),
        ("my password is sunshine.", "sunshine", "PASSWORD"),
        ("the code they texted me is 481923", "481923", "PASSWORD"),
    ],
    "keys": [
        ("key: ABCDE-12345-FGHIJ-67890", "ABCDE-12345-FGHIJ-67890", "API_KEY"),
    ],
}

READABLE = [
    "How many dollars can I exchange for 5000 yen?",
    "I get two tickets for the 725 pm show.",
    "They took money from my account for 500 dollars.",
    "My transfer is pending at this point and I do not like it.",
    "I will bring 3 guests, and an engineer is considering 5 options.",
    "The rounds were 74-69-72-73 and the oven stays at 130–140 °F.",
    "The fix of (2026-01-19) is in version 1.3.",
    "What does traffic look like at 9 en route to the shop?",
    "My password is showing as wrong.",
    "My password is not accepted and the token expired.",
    "I need a password to log in.",
    "The lamp costs 1 000 000 points.",
    "I was promised an answer within 48 hours, case closed in 2024.",
    "const token = process.env.SHOP_TOKEN",
    "I'm Leaving on Monday.",
    "My card ending in 4242 was declined.",
]

CASES = [(group, *row) for group, rows in FOUND.items() for row in rows]


def _found(text: str) -> list[tuple[str, str]]:
    detectors = (PersonalData(), Secrets())
    return [(text[one.start : one.end], one.label) for each in detectors for one in each.detect(text, Context())]


def test_tables_are_whole() -> None:
    assert (len(FOUND), len(CASES), len(READABLE)) == (14, 63, 16)


@pytest.mark.parametrize(("group", "text", "value", "label"), CASES, ids=[f"{row[0]}-{row[2]}" for row in CASES])
def test_found(group: str, text: str, value: str, label: str) -> None:
    assert (value, label) in _found(text), group


@pytest.mark.parametrize("text", READABLE)
def test_readable(text: str) -> None:
    assert _found(text) == []


def test_one_list_of_labels() -> None:
    known = {label.name for label in PERSONAL}
    assert {label for one in ASKED for label in one.labels} == known
    assert set(ORDER) <= LABELS
    assert known - set(DEFAULT_LABELS) == {"DATE_TIME"}
