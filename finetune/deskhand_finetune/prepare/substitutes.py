"""Realistic values in place of placeholders: drawn by Faker, the same for one value all through a ticket.

A value is drawn from the seed and the ticket, in the ticket's language; it is never one of the ticket's own. Where a
real person could be reached, only what is set aside for examples is drawn: domains of RFC 2606, addresses of RFC 5737
and 3849, hardware addresses of RFC 7042, the phone numbers that Ofcom, the Bundesnetzagentur, Arcep and the North
American plan keep for fiction, card numbers that payment providers publish for tests, IBANs of the registry's
examples. Reference numbers keep their form, but begin with a zero. Names and streets are combinations that may exist
by chance. Secrets keep their placeholders: a model should not learn to write them.
"""

from __future__ import annotations

import functools
import random
import re
import string
from collections.abc import Callable, Mapping
from typing import Any

from deskhand_guardrails.errors import ConfigError

PLACEHOLDER = re.compile(r"<([A-Z][A-Z_]*)_(\d+)>")
LOCALES = {
    "en": "en_US", "de": "de_DE", "es": "es_ES", "fr": "fr_FR", "it": "it_IT", "nl": "nl_NL", "pt": "pt_PT",
    "pl": "pl_PL", "sv": "sv_SE", "da": "da_DK", "no": "no_NO", "fi": "fi_FI", "cs": "cs_CZ", "ro": "ro_RO",
    "hu": "hu_HU", "tr": "tr_TR", "el": "el_GR", "ru": "ru_RU", "uk": "uk_UA", "ja": "ja_JP", "zh": "zh_CN",
    "ko": "ko_KR",
}  # fmt: skip
# Set aside for films and books; "#" is any digit.
PHONES = {
    "de": ("030 23125 ###", "089 99998 ###", "0221 4710 ###"),
    "fr": ("01 99 00 ## ##", "06 39 98 ## ##"),
    "gb": ("020 7946 0###", "07700 900###"),
    "us": ("(202) 555-01##", "+1 415-555-01##"),
}
ABROAD = {"+49": "de", "0049": "de", "+33": "fr", "0033": "fr", "+44": "gb", "0044": "gb", "07": "gb", "+1": "us"}
CARDS = (
    "4242 4242 4242 4242",
    "4111 1111 1111 1111",
    "5555 5555 5555 4444",
    "5105 1051 0510 5100",
    "4012 8888 8888 1881",
)
IBANS = {
    "de": "DE89 3704 0044 0532 0130 00", "en": "GB29 NWBK 6016 1331 9268 19", "es": "ES91 2100 0418 4502 0005 1332",
    "fr": "FR14 2004 1010 0505 0001 3M02 606", "it": "IT60 X054 2811 1010 0000 0123 456",
    "nl": "NL91 ABNA 0417 1643 00", "pt": "PT50 0002 0123 1234 5678 9015 4",
}  # fmt: skip
KEPT = frozenset({"PASSWORD", "API_KEY", "CARD_DETAILS", "CRYPTO"})
MOST_DRAWS = 20


def require_faker() -> None:
    """Raises ``ConfigError`` where Faker is not installed."""
    try:
        import faker  # noqa: F401
    except ImportError:
        raise ConfigError("substitutes need Faker; install it with: pip install 'deskhand[substitutes]'") from None


def draw(values: Mapping[str, str], *, language: str, seed: str) -> dict[str, str]:
    """For each placeholder of a ticket the value to write.

    Args:
        values: placeholder (``<PERSON_1>``) to what it stands for; nothing of it is ever drawn.
        language: the ticket's, two letters.
        seed: of the ticket.
    """
    return _Draw(values, language, seed).all()


def put(text: str, substitutes: Mapping[str, str]) -> str:
    """``text`` with the values for its placeholders."""
    return PLACEHOLDER.sub(lambda match: substitutes.get(match.group(), match.group()), text)


@functools.cache
def _faker(locale: str) -> Any:  # noqa: ANN401 - Faker's methods are made at run time
    from faker import Faker

    return Faker(locale)


class _Draw:
    def __init__(self, values: Mapping[str, str], language: str, seed: str) -> None:
        self._values = values
        self._language = language if language in LOCALES else "en"
        self._random = random.Random(seed)
        self._faker = _faker(LOCALES[self._language])
        self._faker.seed_instance(self._random.getrandbits(64))
        self._real = {word for value in values.values() for word in _words(value)}
        self._words: dict[str, str] = {}
        """Each word of a real name and what stands for it: "Ada" and "Ada Obi" are one person."""

    def all(self) -> dict[str, str]:
        # The longest names first: their parts then follow.
        order = sorted(
            self._values, key=lambda one: (not one.startswith("<PERSON"), -len(self._values[one].split()), one)
        )
        drawn: dict[str, str] = {}
        for placeholder in order:
            label = placeholder.strip("<>").rpartition("_")[0]
            if label not in KEPT:
                drawn[placeholder] = self._other(label, self._values[placeholder])
        return drawn

    def _other(self, label: str, value: str) -> str:
        """Draws until nothing of it is among the ticket's own words."""
        for _ in range(MOST_DRAWS):
            drawn = self._one(label, value)
            if label not in ("PERSON", "STREET_ADDRESS", "EMAIL_ADDRESS", "USERNAME") or not self._is_real(drawn):
                return drawn
        return f"[{label.lower()}]"

    def _is_real(self, drawn: str) -> bool:
        return any(word in self._real for word in _words(drawn.partition("@")[0]) if not word.isdigit())

    def _one(self, label: str, value: str) -> str:
        drawers: dict[str, Callable[[str], str]] = {
            "PERSON": self._person,
            "EMAIL_ADDRESS": self._email,
            "USERNAME": lambda _: self._slug(),
            "PHONE_NUMBER": self._phone,
            "CREDIT_CARD": self._card,
            "IBAN_CODE": self._iban,
            "STREET_ADDRESS": lambda _: str(self._faker.street_address()).replace("\n", ", "),
            "IP_ADDRESS": self._ip,
            "MAC_ADDRESS": lambda _: f"00:00:5E:00:53:{self._random.randrange(256):02X}",
            "URL": lambda _: f"https://example.com/{self._faker.word()}",
            "DATE_OF_BIRTH": self._birth,
            "US_SSN": lambda _: f"987-65-43{self._random.randrange(20, 30)}",
        }
        return drawers.get(label, self._same_form)(value)

    def _person(self, value: str) -> str:
        parts = value.split()
        first, last = str(self._faker.first_name()), str(self._faker.last_name())
        if self._is_real(f"{first} {last}"):
            return f"{first} {last}"  # drawn again, and not remembered
        for place, part in enumerate(parts):
            is_surname = place and place == len(parts) - 1
            self._words.setdefault(
                part.casefold(), last if is_surname else first if not place else part[:1].upper() + "."
            )
        said = " ".join(self._words[part.casefold()] for part in parts)
        return said.upper() if value.isupper() else said.lower() if value.islower() else said

    def _slug(self) -> str:
        return f"{self._faker.word()}{self._random.randrange(10, 100)}".lower()

    def _email(self, value: str) -> str:
        written = [self._words.get(word, "") for word in _words(value.partition("@")[0])]
        local = ".".join(_ascii(word) for word in written if word) or f"{_ascii(str(self._faker.first_name()))}"
        return f"{local or 'customer'}{self._random.randrange(10, 100)}@example.com"

    def _phone(self, value: str) -> str:
        digits = re.sub(r"\D", "", value)
        region = self._language if self._language in PHONES else ""
        region = next((own for start, own in ABROAD.items() if value.lstrip("(").startswith(start)), region)
        form = self._random.choice(PHONES.get(region, PHONES["us"]))
        drawn = re.sub("#", lambda _: str(self._random.randrange(10)), form)
        code = {"de": "+49 ", "fr": "+33 ", "gb": "+44 "}.get(region)
        is_abroad = value.lstrip("( ").startswith(("+", "00")) and len(digits) > 9
        return code + drawn.removeprefix("0") if is_abroad and code else drawn

    def _card(self, value: str) -> str:
        card = self._random.choice(CARDS)
        if " " in value.strip():
            return card
        return card.replace(" ", "-") if "-" in value else card.replace(" ", "")

    def _iban(self, value: str) -> str:
        iban = IBANS.get(self._language, IBANS["de"])
        return iban if " " in value.strip() else iban.replace(" ", "")

    def _ip(self, value: str) -> str:
        if ":" in value:
            return f"2001:db8::{self._random.randrange(1, 65536):x}"
        return f"{self._random.choice(('192.0.2', '198.51.100', '203.0.113'))}.{self._random.randrange(1, 255)}"

    def _birth(self, value: str) -> str:
        day, month, year = (
            self._random.randrange(1, 29),
            self._random.randrange(1, 13),
            self._random.randrange(1950, 2005),
        )
        if re.match(r"\d{4}-", value):
            return f"{year}-{month:02}-{day:02}"
        sign = next((one for one in "./-" if one in value), "")
        return f"{day:02}{sign}{month:02}{sign}{year}" if sign else str(self._faker.date(pattern="%d %B")) + f" {year}"

    def _same_form(self, value: str) -> str:
        """Other digits, and other letters where the value mixes them; a prefix such as "FH-" stays."""
        prefix = re.match(r"[A-Za-z#]{1,4}[-#: ]?(?=\d)", value)
        kept = prefix.end() if prefix else 0
        drawn = list(value)
        first = True
        for place in range(kept, len(value)):
            if value[place].isdigit():
                drawn[place] = "0" if first else str(self._random.randrange(10))
                first = False
            elif value[place].isalpha():
                letter = self._random.choice(string.ascii_uppercase)
                drawn[place] = letter if value[place].isupper() else letter.lower()
        return "".join(drawn)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\W_\d]+", text.casefold()) if len(word) > 1]


def _ascii(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.casefold().encode("ascii", "ignore").decode())
