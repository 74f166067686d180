"""One customer's case: the order behind the ticket, and every value that must be recognised later."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from fernhollow import catalogue, identifiers, people
from fernhollow.people import Person
from fernhollow.plan import Entry
from fernhollow.wording import Words, spin

SUPPORT_ADDRESS = "support@fernhollow.example"
Value = tuple[str, str]
_DAYS = (*range(4, 21), *range(24, 29))  # those spelled with "th"


@dataclass
class Case:
    """What the two sides of a conversation know. `secrets` grows as values are written down."""

    entry: Entry
    words: Words
    agent: Person
    product: catalogue.Product
    colour: str
    order: str
    tracking: str
    amount: str
    city: str
    address: str
    ip: str
    secrets: list[Value] = field(default_factory=list)

    @property
    def language(self) -> str:
        return self.entry.language

    @property
    def customer(self) -> Person:
        return self.entry.requester

    def speak(self, rng: Random, **more: str) -> Callable[[str], str]:
        """A slot filler for customers and agents; `more` adds or overrides slots."""

        def slot(name: str) -> str:
            return more[name] if name in more else self._slot(rng, name)

        return slot

    def _slot(self, rng: Random, name: str) -> str:
        voice = self.words.voices[self.language]
        makers: dict[str, Callable[[], str]] = {
            "product": lambda: self.product.name(rng),
            "model": lambda: self.product.model,
            "item": lambda: f"the {self.product.noun}",
            "Item": lambda: f"The {self.product.noun}",
            "nr": lambda: f" {self.order}" if rng.random() < 0.6 else "",
            "for_nr": lambda: f" for order {self.order}" if rng.random() < 0.6 else "",
            "when": lambda: rng.choice(voice["when"]).replace("{day}", str(rng.choice(_DAYS))),
            "person": lambda: rng.choice(voice["people"]),
            "full": lambda: self.customer.name,
            "first": lambda: self.customer.first,
            "email": lambda: self.customer.email,
            "phone": lambda: self.customer.phone,
            "ticket": lambda: str(self.entry.id),
        }
        return makers[name]() if name in makers else str(getattr(self, name))

    def known_values(self) -> list[Value]:
        """Every personal value of this case, longest first so that full names win over first names."""
        values = [
            ("PERSON", self.customer.name),
            ("PERSON", self.customer.first),
            ("PERSON", self.agent.name),
            ("PERSON", self.agent.first),
            ("EMAIL_ADDRESS", self.customer.email),
            ("EMAIL_ADDRESS", SUPPORT_ADDRESS),
            ("PHONE_NUMBER", self.customer.phone),
            ("ORDER_ID", self.order),
            ("TRACKING_NUMBER", self.tracking),
            ("STREET_ADDRESS", self.address),
            ("IP_ADDRESS", self.ip),
            *self.secrets,
        ]
        return sorted(set(values), key=lambda value: (-len(value[1]), value))

    def found_in(self, text: str) -> Iterator[Value]:
        """The values that stand in `text`; a part of a longer one does not count again."""
        for kind, value in self.known_values():
            if value and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text):
                yield kind, value
                text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", " ", text)


def make(entry: Entry, agents: list[Person], words: Words) -> Case:
    """The case behind a plan entry; the same for a ticket and its duplicate."""
    rng = Random(entry.case_seed)
    product = catalogue.pick(rng, entry.kind.group if entry.kind else None)
    price = product.price * rng.choice((1, 1, 1, 2)) + rng.choice((0, 0.5, 0.9, -0.05))
    amount = f"€{price:.2f}" if entry.language == "en" else f"{price:.2f} €".replace(".", ",")
    city = rng.choice(identifiers.CITIES[entry.language])
    return Case(
        entry=entry,
        words=words,
        agent=rng.choice(agents),
        product=product,
        colour=rng.choice(catalogue.COLOURS),
        order=identifiers.order(rng),
        tracking=identifiers.tracking(rng),
        amount=amount,
        city=city,
        address=identifiers.street_address(rng, entry.language, city),
        ip=identifiers.ip_address(rng),
    )


_USUAL = ("PHONE_NUMBER", "EMAIL_ADDRESS", "STREET_ADDRESS", "ORDER_ID")
_BY_THEME = {
    "returns": ("IBAN_CODE", "IBAN_CODE", "CREDIT_CARD", *_USUAL),
    "orders": ("CREDIT_CARD", "STREET_ADDRESS", "PERSON", "PASSWORD", *_USUAL),
    "delivery": ("TRACKING_NUMBER", "PERSON", *_USUAL),
    "items": ("DATE_OF_BIRTH", "PERSON", *_USUAL),
    "payment": ("CREDIT_CARD", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS", *_USUAL),
    "account": ("PASSWORD", "PASSWORD", "DATE_OF_BIRTH", "IP_ADDRESS", "EMAIL_ADDRESS"),
}


def plant(case: Case, rng: Random) -> tuple[str, str] | None:
    """A sentence pattern with `{value}` and the value a careless customer puts there."""
    kind = case.entry.kind
    if kind is None:
        return None
    name = "API_KEY" if kind.business else rng.choice(_BY_THEME[kind.theme])
    patterns = case.words.plants[case.language].get(name)
    if not patterns:
        return None
    value = _value(case, rng, name)
    case.secrets.append((name, value))
    return spin(rng, rng.choice(patterns)), value


def _value(case: Case, rng: Random, name: str) -> str:
    makers: dict[str, Callable[[], str]] = {
        "PHONE_NUMBER": lambda: case.customer.phone,
        "EMAIL_ADDRESS": lambda: case.customer.email,
        "STREET_ADDRESS": lambda: case.address,
        "CREDIT_CARD": lambda: identifiers.card(rng),
        "IBAN_CODE": lambda: identifiers.iban(rng, case.language),
        "IP_ADDRESS": lambda: case.ip,
        "DATE_OF_BIRTH": lambda: identifiers.birth_date(rng, case.language),
        "PASSWORD": lambda: identifiers.password(rng),
        "TRACKING_NUMBER": lambda: case.tracking,
        "ORDER_ID": lambda: case.order,
        "API_KEY": lambda: identifiers.api_key(rng),
        "PERSON": lambda: people.other_name(rng, case.language),
    }
    return makers[name]()
