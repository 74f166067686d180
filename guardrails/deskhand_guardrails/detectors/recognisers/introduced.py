# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Numbers that only a phrase can name: "order no. 10023", "Passport: C01X00T47", "Kundennummer lautet 4711-08".

Values are looked for first and the words before each are read backwards: a text has few values and many words. The
nearest phrase names the value, if nothing but linking words ("number is", "nr.:") stands between the two. Further values
of a list ("orders 10023 and 10024") take the name of the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from deskhand_guardrails.detectors.spans import Recogniser, Span, phrases, words

Named = TypeVar("Named")


class Introduction(NamedTuple):
    """Phrases, and what kind of value follows them."""

    label: str
    phrases: str
    """Alternatives, separated by ``|`` or line ends."""
    digits: int = 3
    """How many digits a value has at least, when a linking word or sign says that it is one ("order no. 123")."""
    bare: int = 5
    """The same when it follows the phrase directly ("order 12345")."""
    most: int = 24
    """How many letters and digits it has at most."""
    spaced: bool = False
    """Whether the value may be written in groups."""


class Before(NamedTuple, Generic[Named]):
    """The phrase that stands before a value."""

    named: Named
    is_explicit: bool
    """Whether a linking word or sign stands between them."""
    start: int
    """Where the value begins: at letters before its digits ("AB 12 34 56 C")."""


_LINKING = words(
    """
    number numbers nummer num no nos nr id ids code codes ref reference references key número numero núm n n.o numéro nro
    numer kod kennung zeichen is was are were it's it be would ist lautet war sind es est suis son sono jest é
    """
)
_FILLERS = words("called with the my our your mine this that mit der die das con el la le du de meine mein mi of")
_MARKS = words(": = # № °")
_QUOTES = words(". , ( [ \" ' “ „ ` * > - – — _ …")
_WORD = re.compile(r"[^\W_]+(?:['’/.\-][^\W_]+)*|[^\w\s]|_|\n")
_LEAD = re.compile(r"[A-Z]{1,4}")
_ELIDED = re.compile(r"^(?:l|d|dell|all|dall|nell|sull|un|m|s|c)['’]")
"""An article that lost its vowel: "l'ordine", "d'une"."""

_FOLLOWED = re.compile(
    r"[\"'”)]?[ ](?:is|was|are|ist|es|est|è)[ ](?:my|our|the|your|meine|mein|mi|mon|ma|el|la)[ ](?P<said>[\w'’/\-]+(?:[ ][\w'’/\-]+){0,2})",
    re.IGNORECASE,
)

# As far back as a phrase and its linking words are looked for, and how many words a phrase has at most.
_WINDOW = 64
_LONGEST = 4


class Phrases(Generic[Named]):
    """Phrases that name what follows them."""

    def __init__(self, named: Mapping[str, Named], linking: frozenset[str] = _LINKING | _FILLERS) -> None:
        """``named`` by phrase, in lower case; ``linking`` are the words that may stand between phrase and value."""
        self._named = dict(named)
        self._linking = linking

    def before(self, text: str, start: int) -> Before[Named] | None:
        """The phrase that names the value at ``text[start:]``."""
        begin = max(0, start - _WINDOW)
        pieces = [(match.group().lower(), match) for match in _WORD.finditer(text, begin, start)]
        is_explicit, value = False, start
        for at in range(len(pieces) - 1, -1, -1):
            word, match = pieces[at]
            named = self._phrase([piece for piece, _ in pieces[max(0, at + 1 - _LONGEST) : at + 1]])
            if named is not None:
                # "user id 123" says as much as "user, id: 123".
                says_number = word in self._linking and word not in _FILLERS
                return Before(named, is_explicit or says_number, value)
            last = value == start and match.end() + 1 == start and text[match.end()] == " "
            if word in _MARKS or word in self._linking:
                is_explicit = is_explicit or word not in _FILLERS
            elif last and _LEAD.fullmatch(match.group()):
                value = match.start()
            elif word not in _QUOTES and not (word == "\n" and not text[match.end() : value].strip()):
                return None
        return None

    def after(self, text: str, end: int) -> Named | None:
        """What the value before ``text[end:]`` is said to be: "123456 is my order number"."""
        match = _FOLLOWED.match(text, end)
        return None if match is None else self._phrase(match["said"].lower().split(), is_first=True)

    def _phrase(self, said: list[str], *, is_first: bool = False) -> Named | None:
        """The longest phrase at the end of ``said`` (at its beginning)."""
        for cut in range(len(said)):
            phrase = _ELIDED.sub("", " ".join(said[: len(said) - cut] if is_first else said[cut:]))
            for form in (phrase, phrase.removesuffix("s"), phrase.removesuffix("es"), phrase.removesuffix("'s")):
                if form in self._named:
                    return self._named[form]
        return None


# A run of letters and digits with at least one digit; inner hyphens, slashes, dots and underscores belong to it.
_TOKEN = re.compile(r"(?<![\w@.])(?=[A-Za-z\-_/.]{0,12}\d)[A-Za-z0-9]+(?:[\-_/.][A-Za-z0-9]+)*(?![\w@])")
_GROUP = re.compile(r"[ \u00a0](?:(?=[A-Z]*\d)[A-Z0-9]{1,9}(?:[\-/.][A-Z0-9]+)*|[A-Z])(?![\w@])")

# What holds three digits without naming anyone: measures, money, years, dates, times, versions.
_PLAIN = re.compile(
    r"\d+(?:[.,]\d+)?(?:mm|cm|m|kg|g|ml|l|gb|mb|tb|mah|wh|w|v|px|k|ish|th|st|nd|rd|p|x|usd|eur|gbp|am|pm|inch|in)|(?:19|20)\d\d|(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d|\d+\.\d{1,2}|\d{1,2}/\d{2,4}|v\d[\d.]*",
    re.IGNORECASE,
)
_UNIT_AFTER = re.compile(
    r"[ ]?(?:%|€|\$|£|(?:days?|hours?|minutes?|mins?|weeks?|months?|years?|times|dollars?|euros?|pounds?|bucks|usd|eur|gbp|cents|points|items?|pieces|people|persons|units?|percent|rupees|miles|km|tage?|días|jours)\b)",
    re.IGNORECASE,
)
_NEXT = re.compile(r"[ \t]*(?:,|&|/|\+|and|or|und|oder|y|o|et|ou)?[ \t]*(?:and|or)?[ \t]*#?", re.IGNORECASE)


def finder(introductions: Sequence[Introduction]) -> Recogniser:
    """A recogniser of the values that ``introductions`` name."""
    known = Phrases({phrase: one for one in introductions for phrase in phrases(one.phrases)})

    def find(text: str) -> Iterator[Span]:
        """Spans of every label that a phrase names."""
        last: tuple[Span, Introduction] | None = None
        for token in _TOKEN.finditer(text):
            if last and token.start() < last[0].end:
                continue
            one, span = (last[1] if last else None), None
            if last and _NEXT.fullmatch(text, last[0].end, token.start()):
                span = _value(text, token, Before(last[1], True, token.start()))
            if span is None and (before := known.before(text, token.start())):
                one, span = before.named, _value(text, token, before)
            if span is None and (named := known.after(text, token.end())):
                one, span = named, _value(text, token, Before(named, True, token.start()))
            if span and one:
                last = (span, one)
                yield span

    return find


def _value(text: str, token: re.Match[str], before: Before[Introduction]) -> Span | None:
    """The value that begins with ``token``, or None when it is none of this kind."""
    one, end = before.named, token.end()
    if one.spaced:
        while (group := _GROUP.match(text, end)) and sum(
            map(str.isalnum, text[token.start() : group.end()])
        ) <= one.most:
            end = group.end()
    value = text[token.start() : end]
    digits = sum(map(str.isdigit, value))
    if digits < (one.digits if before.is_explicit else one.bare) or sum(map(str.isalnum, value)) > one.most:
        return None
    if _PLAIN.fullmatch(value) or (digits < 6 and _UNIT_AFTER.match(text, end)):
        return None
    return Span(before.start, end, one.label, 0.8)
