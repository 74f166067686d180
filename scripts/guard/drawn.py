"""Names, addresses, companies and numbers for the slots of the written rows."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

PLACES = (
    "az_AZ cs_CZ da_DK de_AT de_CH de_DE en_AU en_CA en_GB en_GB en_IE en_IN en_KE en_NG en_NZ en_PK en_TH en_US en_US "
    "en_US es_AR es_CL es_CO es_ES es_MX et_EE fi_FI fr_BE fr_CA fr_DZ fr_FR ga_IE ha_NG hr_HR hu_HU id_ID ig_NG is_IS "
    "it_IT lt_LT lv_LV nl_BE nl_NL no_NO pl_PL pt_BR pt_PT ro_RO sk_SK sl_SI sv_SE sw tr_TR tw_GH uz_UZ yo_NG zu_ZA"
)
LISTED, WORDS_TOO = 0.4, 0.08
"""Shares of the names that come from our own lists, and of those that are everyday words as well."""
_FIRMS = "Ltd GmbH Inc Group AG Store Bank Media Systems Shop Services Foods Travel BV SA Energy"
FIRMS = _FIRMS.split()
CAPITALS = "ABCDEFGHJKLMNPRSTW"


class Drawn:
    """Names, places, companies and numbers, from Faker's lists and our own."""

    def __init__(self, draw: random.Random, lists: Mapping[str, str]) -> None:
        from faker import Faker

        self._draw = draw
        self._fakers = [Faker(place) for place in PLACES.split()]
        for number, one in enumerate(self._fakers):
            one.seed_instance(draw.getrandbits(32) + number)
        self._firsts, self._lasts, self._words = (lists[name].title().split() for name in ("first", "last", "word"))

    def _any(self, what: str) -> str:
        return str(getattr(self._draw.choice(self._fakers), what)()).strip()

    def first(self) -> str:
        kind = self._draw.random()
        if kind < WORDS_TOO:
            return self._draw.choice(self._words)
        return self._draw.choice(self._firsts) if kind < WORDS_TOO + LISTED else self._any("first_name")

    def last(self) -> str:
        if self._draw.random() < LISTED:
            return self._draw.choice(self._lasts).replace("-", self._draw.choice("- "))
        return self._any("last_name")

    def name(self) -> str:
        form = self._draw.random()
        if form < 0.75:
            return f"{self.first()} {self.last()}"
        if form < 0.85:
            return f"{self.first()} {self._draw.choice(CAPITALS)}. {self.last()}"
        return f"{self.first()} {self.last()}-{self.last()}" if form < 0.9 else self._any("name")

    def initials(self) -> str:
        letters = self._draw.choices(CAPITALS, k=2)
        return "".join(letters) if self._draw.random() < 0.3 else f"{letters[0]}. {letters[1]}. {self.last()}"

    def address(self) -> str:
        form = self._draw.random()
        if form < 0.35:
            return self._any("street_address").replace("\n", ", ")
        if form < 0.45:
            return f"PO Box {self._draw.randrange(1, 9999)}, {self.city()}"
        return self._any("address").replace("\n", self._draw.choice(("\n", ", ", ", ", " ")))

    def city(self) -> str:
        return self._any("city")

    def country(self) -> str:
        return str(self._fakers[ENGLISH].country())

    def company(self) -> str:
        name = self._any("company")
        # Some lists hold bare family names, which would teach that those are nobody's.
        return name if len(name.split()) > 1 and name[-1] in ".)" else f"{name} {self._draw.choice(FIRMS)}"

    def email(self) -> str:
        if self._draw.random() < 0.2:
            return f"{self._any('first_name').lower()}@{self._draw.choice(('mail', 'shop', 'work', 'home'))}.example"
        return self._any(self._draw.choice(("email", "free_email", "company_email")))

    def phone(self) -> str:
        return self._any("phone_number")

    def url(self) -> str:
        return self._any("uri")

    def number(self) -> str:
        return self._shaped(("######", "########", "#####", "??-#####", "#???##", "???-####-##"))

    def id(self) -> str:
        return self._shaped(("??######", "########", "?#?#?#?#", "????-####-????", "####-####-####", "CUS##########"))

    def amount(self) -> str:
        value = f"{self._draw.expovariate(0.01) + 1:.2f}"
        return self._draw.choice(("${}", "{} €", "£{}", "EUR {}", "{} USD", "{}")).format(value)

    def date(self) -> str:
        form = self._draw.choice(("%Y-%m-%d", "%d/%m/%Y", "%d %B %Y", "%b %d", "%A", "%d.%m.", "%Y-%m-%d %H:%M:%S"))
        return str(self._fakers[ENGLISH].date_time_this_decade().strftime(form))

    def ip(self) -> str:
        return self._any("ipv4")

    def card(self) -> str:
        number = self._any("credit_card_number")
        return self._draw.choice(
            (number, number[-4:], " ".join(number[at : at + 4] for at in range(0, len(number), 4)))
        )

    def iban(self) -> str:
        return str(self._fakers[ENGLISH].iban())

    def _shaped(self, forms: Sequence[str]) -> str:
        return str(self._fakers[ENGLISH].bothify(self._draw.choice(forms)).upper())


ENGLISH = PLACES.split().index("en_GB")
NAMES = "name first last initials address city country company"
NUMBERS = "email phone url number id amount date ip card iban"
DRAWN = frozenset(f"{NAMES} {NUMBERS}".split())
