"""A second, independent look for personal data, to learn what the first one leaves behind.

It shares no pattern, model or list with the detectors of ``deskhand_guardrails``: a dictionary of first names
(``first_names.txt``, made from Faker's) and the words of the writers' own names; any run of seven digits or more; the
e-mail form of the HTML standard; Python's ``ipaddress``; entropy for secrets; postcodes beside a capital. It finds less
and guesses more than the first look, but what it misses it misses for other reasons, so the share of its finds that the
first look hid says how much that one hides.
"""

from __future__ import annotations

import functools
import ipaddress
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
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
_DIGITS = re.compile(r"(?<![\w.,/-])[+(]?\d(?:[ ()./-]{0,2}\d){6,24}(?![\w])")
_DATE = re.compile(r"\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ]\d{2,4}|\d{1,3}(?:[., ]\d{3})+")
_WORD = re.compile(r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)?")
_TOKEN = re.compile(r"\S{16,200}")
_IP = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{3,39})(?![\w:]|\.\d)")
_POSTCODE = re.compile(
    r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|(?<![\d.,])\d{5}(?:-\d{4})? [A-ZÀ-Þ][a-zß-ÿ]{2,}|\b\d{4} ?[A-Z]{2} [A-Z][a-z]{2,}"
)
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*_\d+>")
_SENTENCE_START = re.compile(r"(?:^|[.!?:\n•*\"“„(-])\s*$")
# Random letters and digits reach this in 16 characters; words, paths and identifiers of several words stay below.
LEAST_ENTROPY = 3.6


def look(text: str, names: Collection[str] = (), ignore: Collection[str] = ()) -> list[Seen]:
    """What looks like personal data in ``text``, by place; placeholders are passed over.

    Args:
        text: a message before anything was replaced.
        names: the display names of those who take part.
        ignore: words (casefolded) that are none: products, places, the company's own numbers.
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
        if is_free and text[seen.start : seen.end].casefold() not in ignore:
            found.append(seen)
            taken.append((seen.start, seen.end))
    return sorted(found, key=lambda seen: seen.start)


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
        kinds = sum(any(map(test, token)) for test in (str.isdigit, str.islower, str.isupper))
        is_text = "://" in token or "@" in token or token.count("/") > 1 or token.count("-") > 4
        if kinds == 3 and len(token) >= 16 and not is_text and _entropy(token) >= LEAST_ENTROPY:
            start = match.start() + match.group().index(token)
            yield Seen("secret", start, start + len(token))


def _entropy(token: str) -> float:
    """Shannon's, in bits per character."""
    return -sum(n / len(token) * math.log2(n / len(token)) for n in Counter(token).values())


def _names(text: str, names: Collection[str]) -> Iterator[Seen]:
    """Known first names within sentences or before a surname, and the writers' own words, capitalised."""
    held = list(_WORD.finditer(text))
    small = {match.group().casefold() for match in held if match.group()[0].islower()}
    own = {_folded(part) for name in names for part in _WORD.findall(name) if len(part) > 2} - small
    known = first_names()
    for place, match in enumerate(held):
        word = match.group()
        if not word[0].isupper():
            continue
        is_own = _folded(word) in own
        form = word.capitalize() if word.isupper() else word
        if is_own or (form in known and form.casefold() not in small and _reads_as_name(text, held, place)):
            yield Seen("name", *match.span())


def _reads_as_name(text: str, held: Sequence[re.Match[str]], place: int) -> bool:
    match = held[place]
    if not _SENTENCE_START.search(text[max(0, match.start() - 4) : match.start()]):
        return True
    following = held[place + 1] if place + 1 < len(held) else None
    return following is not None and following.start() == match.end() + 1 and following.group()[0].isupper()


def _folded(word: str) -> str:
    """Without case and accents: "GONZALEZ" is "González"."""
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(letter)
    )
