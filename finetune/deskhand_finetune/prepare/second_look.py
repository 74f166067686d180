"""A second, independent look for personal data, to learn what the first one leaves behind.

It shares no pattern, model or list with the detectors of ``deskhand_guardrails``: a dictionary of first names
(``first_names.txt``, made from Faker's) beside a surname or a word of address, and the words of the writers' own
names; any run of seven digits or more; the e-mail form of the HTML standard; Python's ``ipaddress``; entropy for
secrets; postcodes beside a capital. It finds less and guesses more than the first look, but what it misses it misses
for other reasons, so the share of its finds that the first look hid says how much that one hides.
"""

from __future__ import annotations

import functools
import ipaddress
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

KINDS = ("name", "number", "email", "address", "ip_address", "secret")


class Seen(NamedTuple):
    """Something that looks like personal data."""

    kind: str
    start: int
    end: int


# The HTML standard's pattern for <input type=email>, https://html.spec.whatwg.org/#valid-e-mail-address, with a dot.
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_DIGITS = re.compile(r"(?<![\w.,/-])[+(]?\d(?:[ ()./-]{0,3}\d){6,24}(?![\w])")
_DATE = re.compile(
    r"\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4}|\d{1,3}(?:[., ]\d{3})+|\d+[.,]\d+"
)
_WORD = re.compile(r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)?")
_TOKEN = re.compile(r"\S{16,200}")
_RANDOM = re.compile(r"[A-Za-z0-9_+=-]{16,}")
_IP = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{3,39})(?![\w:]|\.\d)")
_POSTCODE = re.compile(
    r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|(?<![\d.,])\d{5}(?:-\d{4})? [A-ZÀ-Þ][a-zß-ÿ]{2,}|"
    r"\b\d{4} ?[A-Z]{2} [A-Z][a-z]{2,}"
)
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*_\d+>")
# Random letters and digits reach this in 16 characters; words, paths and identifiers of several words stay below.
LEAST_ENTROPY = 3.6
FEWEST_OF_PHONE = 5
# "OAuth2AccessTokenRequest" has one.
FEWEST_DIGITS = 3
# "DAG" and "ADAL" are shouted abbreviations, "MARIA" is a shouted name.
SHOUTED = 5

_CUES = """
    hi hello hey dear thanks thank mr mrs ms miss dr wife husband son daughter mother father mom mum dad brother
    sister friend colleague partner boss neighbour neighbor named hallo liebe lieber herr frau danke mann sohn
    tochter mutter vater bruder schwester freund freundin kollege kollegin nachbar hola gracias señor señora sra sr
    esposa esposo marido mujer hijo hija madre padre hermano hermana amigo amiga bonjour merci monsieur madame femme
    mari fils fille mère père frère soeur ami amie collègue ciao grazie signor signora moglie marito figlio figlia
    hoi beste bedankt mevrouw meneer zoon dochter vriend collega olá obrigado obrigada senhor senhora filho filha
"""
CUES = frozenset(_CUES.split())
"""Words of address and kinship before a name."""
_NO_SURNAMES = """
    hotel college road street avenue lane drive way park center centre airport station restaurant cafe bar pub house
    club church school university hospital bridge square market city county beach island museum theatre theater
    cinema stadium company inc ltd gmbh group team support shop store brand version edition pro plus max mini lamp
    tent the and or of in on at to for from with is was has i we you my your monday tuesday wednesday thursday
    friday saturday sunday asap bed guest
"""
NO_SURNAMES = frozenset(_NO_SURNAMES.split())
"""Capitalised words that make a place or a thing of the first name before them."""


def look(text: str, names: Collection[str] = (), ignore: Collection[str] = ()) -> list[Seen]:
    """What looks like personal data in ``text``, by place; placeholders are passed over.

    Args:
        text: a message before anything was replaced.
        names: the display names of those who take part.
        ignore: what is none, see ``ignored``.
    """
    taken = [match.span() for match in _PLACEHOLDER.finditer(text)]
    found: list[Seen] = []
    for seen in (
        *_emails(text),
        *_ips(text),
        *_postcodes(text),
        *_secrets(text),
        *_numbers(text),
        *_names(text, names),
    ):
        is_free = all(seen.end <= start or end <= seen.start for start, end in taken)
        if is_free and not _is_ignored(text[seen.start : seen.end], ignore):
            found.append(seen)
            taken.append((seen.start, seen.end))
    return sorted(found, key=lambda seen: seen.start)


def ignored(words: Iterable[str]) -> frozenset[str]:
    """Words, e-mail addresses, domains and phone numbers that are nobody's personal data, in any spelling."""
    held = [word.strip().casefold().removeprefix("@") for word in words]
    return frozenset([*held, *(digits for word in held if len(digits := re.sub(r"\D", "", word)) >= FEWEST_OF_PHONE)])


def _is_ignored(value: str, ignore: Collection[str]) -> bool:
    word = value.casefold()
    forms = {word, word.rpartition("@")[2], re.sub(r"\D", "", word), *word.split()}
    return not forms.isdisjoint(ignore)


@functools.lru_cache(maxsize=1)
def first_names() -> frozenset[str]:
    """The shipped dictionary."""
    return frozenset(Path(__file__).with_name("first_names.txt").read_text(encoding="utf-8").split())


def _emails(text: str) -> Iterator[Seen]:
    if "@" in text:
        yield from (Seen("email", *match.span()) for match in _EMAIL.finditer(text))


def _ips(text: str) -> Iterator[Seen]:
    for match in _IP.finditer(text):
        try:
            ipaddress.ip_address(match.group())
        except ValueError:
            continue
        if match.group().count(":") != 2:  # "::" and times
            yield Seen("ip_address", *match.span())


def _postcodes(text: str) -> Iterator[Seen]:
    yield from (Seen("address", *match.span()) for match in _POSTCODE.finditer(text))


def _numbers(text: str) -> Iterator[Seen]:
    for match in _DIGITS.finditer(text):
        if not _DATE.fullmatch(match.group().strip()):
            yield Seen("number", *match.span())


def _secrets(text: str) -> Iterator[Seen]:
    for match in _TOKEN.finditer(text):
        token = match.group().strip(".,;:!?()[]<>\"'`")
        is_mixed = all(any(map(test, token)) for test in (str.islower, str.isupper))
        digits = sum(map(str.isdigit, token))
        if is_mixed and digits >= FEWEST_DIGITS and _RANDOM.fullmatch(token) and _entropy(token) >= LEAST_ENTROPY:
            start = match.start() + match.group().index(token)
            yield Seen("secret", start, start + len(token))


def _entropy(token: str) -> float:
    """Shannon's, in bits per character."""
    return -sum(n / len(token) * math.log2(n / len(token)) for n in Counter(token).values())


def _names(text: str, names: Collection[str]) -> Iterator[Seen]:
    """The writers' own words where they are capitalised, and first names that read like a person's."""
    held = list(_WORD.finditer(text))
    small = {match.group().casefold() for match in held if match.group()[0].islower()}
    own = {_folded(part) for name in names for part in _WORD.findall(name) if len(part) > 2} - small
    known = first_names()
    for place, match in enumerate(held):
        word = match.group()
        if not word[0].isupper():
            continue
        if _folded(word) in own:
            yield Seen("name", *match.span())
            continue
        form = word.capitalize() if word.isupper() and len(word) >= SHOUTED else word
        if form in known and form.casefold() not in small and (end := _person_end(text, held, place)):
            yield Seen("name", match.start(), end)


def _person_end(text: str, held: Sequence[re.Match[str]], place: int) -> int:
    """Where the name ends that a known first name begins; 0 where nothing says that it is a person's.

    "San Jose", "the Ashley Hotel" and "turn right on Allison" are none: a surname must follow and no capital stand
    before, or a word of kinship or address.
    """
    match = held[place]
    before = held[place - 1] if place and text[held[place - 1].end() : match.start()] in (" ", ", ") else None
    after = held[place + 1] if place + 1 < len(held) and held[place + 1].start() == match.end() + 1 else None
    is_within = before is not None and before.group()[0].isupper() and before.group().casefold() not in CUES
    has_space = after is not None and text[match.end()] == " "
    if after is not None and has_space and after.group()[0].isupper() and after.group().casefold() not in NO_SURNAMES:
        return 0 if is_within else after.end()
    return match.end() if before is not None and before.group().casefold() in CUES else 0


def _folded(word: str) -> str:
    """Without case and accents: "GONZALEZ" is "González"."""
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(letter)
    )
