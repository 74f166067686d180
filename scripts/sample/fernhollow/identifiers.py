"""Invented but well-formed identifiers: they pass every checksum and belong to nobody.

Phone numbers come from ranges kept free for fiction, cards from the prefixes that payment
companies publish for testing, IP addresses from the documentation ranges of RFC 5737.
"""

import calendar
from random import Random

_CARD_PREFIXES = (
    ("411111", 16),
    ("424242", 16),
    ("555555", 16),
    ("222300", 16),
    ("378282", 15),
    ("601111", 16),
    ("356600", 16),
    ("305693", 14),
)
_PHONE_SHAPES = {
    "en": (
        "+44 7700 900###",
        "07700 900 ###",
        "020 7946 0###",
        "+1 202-555-01##",
        "(415) 555-01##",
        "+1 (312) 555 01##",
        "0161 496 0###",
        "+61 491 570 ###",
        "20255501##",
    ),
    "de": ("030 23125 ###", "+49 30 23125 ###", "0221 4710 ###", "+49 171 3920 0##"),
    "es": ("+34 600 000 ###", "600 000 ###", "+34 910 000 ###"),
}
_IBAN_SHAPES = {
    "en": (("GB", "FERN####" + "#" * 10), ("IE", "FERN" + "#" * 14), ("NL", "FERN" + "#" * 10)),
    "de": (("DE", "#" * 18), ("AT", "#" * 16)),
    "es": (("ES", "#" * 20), ("FR", "#" * 23)),
}
_STREETS = {
    "en": (
        "Alder Lane",
        "Mill Road",
        "Station Street",
        "Chapel Hill",
        "Orchard Close",
        "Quarry Avenue",
        "Ferry Terrace",
    ),
    "de": ("Lindenweg", "Mühlenstraße", "Am Bahndamm", "Kirchgasse", "Erlenallee", "Hafenstraße"),
    "es": ("Calle del Olivo", "Avenida del Puerto", "Calle Mayor", "Paseo de la Sierra", "Calle de la Fuente"),
}
CITIES = {
    "en": ("Bristol", "Leeds", "Galway", "Portland", "Utrecht", "Aberdeen", "Denver", "Cork", "Ghent", "Sheffield"),
    "de": ("Kassel", "Graz", "Bremen", "Ulm", "Rostock", "Basel"),
    "es": ("Gijón", "Granada", "Vigo", "Zaragoza", "Murcia", "Cádiz"),
}
_WORDS = ("Biscuit", "Lantern", "Otter", "Pebble", "Saturn", "Walnut", "Maple", "Falcon", "Teapot", "Glacier")


def digits(rng: Random, shape: str) -> str:
    """Replace every # in `shape` by a digit."""
    return "".join(str(rng.randrange(10)) if char == "#" else char for char in shape)


def luhn_digit(number: str) -> str:
    """The check digit that makes `number` + digit a valid card number."""
    total = 0
    for position, char in enumerate(reversed(number)):
        value = int(char) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def card(rng: Random) -> str:
    """A test card number, written the ways people write them."""
    prefix, length = rng.choice(_CARD_PREFIXES)
    number = digits(rng, prefix + "#" * (length - 1 - len(prefix)))
    number += luhn_digit(number)
    separator = rng.choice(("", " ", " ", "-"))
    cuts = (4, 10) if length < 16 else (4, 8, 12)
    pieces = [number[start:end] for start, end in zip((0, *cuts), (*cuts, length), strict=True)]
    return separator.join(pieces)


def iban(rng: Random, language: str) -> str:
    """An account number with valid check digits at a bank that does not exist."""
    country, shape = rng.choice(_IBAN_SHAPES[language])
    account = digits(rng, shape)
    as_number = "".join(str(int(char, 36)) for char in account + country + "00")
    whole = f"{country}{98 - int(as_number) % 97:02d}{account}"
    if rng.random() < 0.6:
        return " ".join(whole[start : start + 4] for start in range(0, len(whole), 4))
    return whole


def phone(rng: Random, language: str) -> str:
    """A phone number from a range reserved for fiction."""
    return digits(rng, rng.choice(_PHONE_SHAPES[language]))


def ip_address(rng: Random) -> str:
    """An address from the documentation ranges."""
    return f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randint(1, 254)}"


def street_address(rng: Random, language: str, city: str) -> str:
    """Street, house number, postcode and town in the order of the language."""
    street, house = rng.choice(_STREETS[language]), rng.randint(1, 140)
    if language == "en":
        return f"{house} {street}, {city} {digits(rng, '#####')}"
    if language == "de":
        return f"{street} {house}, {digits(rng, '####')}{rng.randint(1, 9)} {city}"
    return f"{street} {house}, {digits(rng, '#####')} {city}"


def order(rng: Random) -> str:
    """An order number of the shop."""
    return f"FH-{rng.randint(200_000, 989_999)}"


def tracking(rng: Random) -> str:
    """A tracking number of the invented carrier Parcelwing."""
    return digits(rng, "PW##########") + rng.choice(("GB", "IE", "DE", "NL"))


def password(rng: Random) -> str:
    """What people really choose: a word, some digits, a sign."""
    word = rng.choice(_WORDS)
    long, short, year = rng.randint(10, 9999), rng.randint(10, 99), rng.randint(1950, 2015)
    return rng.choice((f"{word}{long}!", f"{word.lower()}_{short}", f"{word}#{year}"))


def api_key(rng: Random) -> str:
    """A key of the shop's business API."""
    return f"fh_{rng.choice(('live', 'test'))}_{rng.getrandbits(128):032x}"


def birth_date(rng: Random, language: str) -> str:
    """A date of birth in one of the usual spellings."""
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1946, 2005)
    if language == "de":
        return f"{day:02d}.{month:02d}.{year}"
    if language == "es":
        return f"{day:02d}/{month:02d}/{year}"
    written = f"{day} {calendar.month_name[month]} {year}"
    return rng.choice((f"{day:02d}/{month:02d}/{year}", f"{year}-{month:02d}-{day:02d}", written))
