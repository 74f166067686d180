# ruff: noqa: E501 - a pattern or list of words is easier to read on one line than in pieces
"""Numbers with what they count: ``1,299.00 €``, ``two weeks``, ``3-5 business days``, ``30 kg``, ``50 per cent``.

A number becomes one or more readings ("1.299" is 1299 to some and 1.299 to others) in a dimension and its base unit, so
that "two weeks" equals "14 days" and "24 hours" one day. A month is no number of days, and working days are days.
Spelled numbers are English; figures are read in any language, but units other than English ones are not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_SMALL_IN_ORDER = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_SMALL = _SMALL_IN_ORDER.split()
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SPELLED = {word: value for value, word in enumerate(_SMALL)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
_POWERS = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "dozen": 12}
_SCALES = {"thousand": 1000, "million": 1_000_000, "mio": 1_000_000, "k": 1000, "billion": 1_000_000_000}

_UNITS: dict[str, tuple[str, float]] = {}
"""Every spelling of a unit: its dimension, and how many base units it is."""

for _dimension, _spellings in {
    "time": "60 minute minutes min mins|1 second seconds sec secs|3600 hour hours hr hrs h|86400 day days|604800 week weeks"
    "|1209600 fortnight fortnights",
    "months": "1 month months|12 year years yr yrs",
    "percent": "1 % percent per-cent percentage-points",
    "EUR": "1 € euro euros eur|0.01 eurocents",
    "USD": "1 $ dollar dollars usd bucks us$",
    "GBP": "1 £ pound-sterling pounds gbp quid|0.01 pence",
    "CHF": "1 chf francs",
    "YEN": "1 ¥ yen jpy",
    "cents": "1 cent cents ct",
    "mass": "1 g gram grams|1000 kg kilo kilos kilogram kilograms kilogrammes|28.35 oz ounce ounces|453.6 lb lbs",
    "length": "1 mm millimetre millimetres millimeter millimeters|10 cm centimetre centimetres centimeter centimeters"
    "|1000 m metre metres meter meters|1000000 km kilometre kilometres kilometer kilometers|25.4 inch inches|304.8 ft feet"
    "|1609344 mile miles",
    "volume": "1 ml millilitre millilitres milliliter milliliters|1000 l litre litres liter liters",
    "bytes": "1 mb megabyte megabytes|1000 gb gigabyte gigabytes|1000000 tb terabyte terabytes|0.001 kb kilobytes",
    "celsius": "1 °c celsius degrees-celsius",
    "fahrenheit": "1 °f fahrenheit",
    "volts": "1 v volt volts",
    "watts": "1 w watt watts|1000 kw kilowatt kilowatts",
}.items():
    for _group in _spellings.split("|"):
        _factor, *_names = _group.split()
        _UNITS.update({_name.replace("-", " "): (_dimension, float(_factor)) for _name in _names})

_CURRENCIES = "€|US\\$|\\$|£|¥|EUR|USD|GBP|CHF|euros?|dollars?"
_WORD = "|".join([*_SMALL, *_TENS])
_NUMBER = re.compile(
    rf"(?<![\w.])(?:\d{{1,3}}(?:[\u00a0\u202f']\d{{3}})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*)(?:(?i:st|nd|rd|th)\b|\s?(?i:{'|'.join(_SCALES)})\b)?"
    rf"|\b(?i:(?:an?\s+)?(?:{'|'.join(_POWERS)})|(?:{_WORD})(?:[\s-](?:and[\s-])?(?:{_WORD}|{'|'.join(_POWERS)}))*)\b"
)
# What may stand between a number and its unit: "30 calendar days", "30-day", "five full working days".
_BETWEEN = r"[\s\u00a0-]{0,2}(?:(?:working|business|calendar|full|whole|consecutive|more|additional|extra|further|bank)[\s-]+)?"
_AFTER = re.compile(
    rf"{_BETWEEN}"
    rf"(?P<unit>%|€|\$|£|¥|{'|'.join(sorted((re.escape(name) for name in _UNITS if name[0].isalpha() or name[0] == '°'), key=len, reverse=True))})(?![\w])",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"(?<!\w)(?P<unit>{_CURRENCIES})[\s\u00a0]?$", re.IGNORECASE)
_RANGE = re.compile(r"\s*(?:-|–|—|/|to|or|and|until|bis|x|×)\s*", re.IGNORECASE)
# "within a week" states a time as much as "within one week"; "twice a week" does not.
_ONE = re.compile(
    r"\b(?:within|after|takes|lasts|up to|for)\s+(?:about\s+)?(?P<value>half\s+an?|an?)\s+(?P<unit>hour|day|week|fortnight|month|year)\b",
    re.IGNORECASE,
)
# What a bare number counts or names: "22 countries", "Basecamp 3". Checked only against others of the same word.
_COUNTED = re.compile(r"[\s\u00a0-]{1,2}(?:(?:more|new|other|different|small|large|big)\s+)?(?P<word>[a-z]{4,})")
_NAMED = re.compile(r"(?<=\w[ ,])(?P<word>[A-Z][A-Za-z]{2,})[ \u00a0]$")
_NO_THING = frozenset({"and", "from", "with", "into", "onto", "that", "this", "when", "where", "which", "will", "have", "then", "than", "after", "before", "until", "each", "only", "also", "times", "percent"})  # fmt: skip
# "three ways to do it" counts the answer's own points.
_OWN_COUNT = re.compile(r"\s+(?:\w+\s+)?(?:ways?|steps?|options?|things?|questions?|reasons?|possibilities)\b", re.I)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number at ``text[start:end]``: its readings as written, and in the base unit of its dimension ("" for none)."""

    start: int
    end: int
    plain: frozenset[float]
    dimension: str = ""
    factor: float = 1.0
    thing: str = ""
    """What a bare number counts or names, in lower case without the plural's s; "" where no word says it."""
    named: bool = False
    """Whether that word is a name before the number ("Basecamp 3") and not what is counted."""
    own_count: bool = False
    """Whether it counts what the text itself lists."""

    @property
    def values(self) -> frozenset[float]:
        """The readings in base units."""
        return frozenset(round(value * self.factor, 4) for value in self.plain)


def quantities(text: str) -> list[Quantity]:
    """The numbers of ``text`` in their order; the parts of a range share its unit."""
    found = [_with_unit(text, match) for match in _NUMBER.finditer(text)]
    for at in range(len(found) - 2, -1, -1):
        found[at] = _shared(text, found[at], found[at + 1], found[at + 1])
    for at in range(1, len(found)):
        found[at] = _shared(text, found[at - 1], found[at], found[at - 1])
    for match in _ONE.finditer(text):
        dimension, factor = _UNITS[match["unit"].lower()]
        value = 0.5 if match["value"].lower().startswith("half") else 1.0
        found.append(Quantity(match.start("value"), match.end(), frozenset({value}), dimension, factor))
    return sorted(found, key=lambda one: one.start)


def has_unit(token: str) -> bool:
    """Whether ``token`` is a number and a unit in one: ``30cm``, ``4-hour``."""
    match = re.match(r"\d+(?:[.,]\d+)?", token)
    after = _AFTER.match(token, match.end()) if match else None
    return after is not None and after.end() == len(token)


def _with_unit(text: str, match: re.Match[str]) -> Quantity:
    plain = frozenset(_readings(match.group()))
    own_count = bool(_OWN_COUNT.match(text, match.end()))
    named = _NAMED.search(text[max(0, match.start() - 24) : match.start()])
    thing = named["word"].lower() if named else _counted(text, match.end())
    bare = Quantity(match.start(), match.end(), plain, thing=thing, named=bool(named), own_count=own_count)
    after = _AFTER.match(text, match.end())
    before = _BEFORE.search(text[max(0, match.start() - 8) : match.start()])
    unit = before["unit"] if before else after["unit"] if after else ""
    if not unit:
        return bare
    dimension, factor = _UNITS[re.sub(r"\s+", " ", unit.lower())]
    return replace(bare, dimension=dimension, factor=factor)


def _counted(text: str, end: int) -> str:
    word = _COUNTED.match(text, end)
    return word["word"].removesuffix("s") if word and word["word"] not in _NO_THING else ""


def _shared(text: str, left: Quantity, right: Quantity, giver: Quantity) -> Quantity:
    """The other one of two neighbours, with the giver's unit where they are a range and it has none."""
    taker = left if giver is right else right
    if taker.dimension or not _RANGE.fullmatch(text[left.end : right.start]):
        return taker
    return replace(taker, dimension=giver.dimension, factor=giver.factor, thing=taker.thing or giver.thing)


def _readings(written: str) -> Iterator[float]:
    """What a number may mean: ``1.299`` and ``1,299`` are 1299 or a decimal fraction."""
    if not written[0].isdigit():
        yield _spelled(written.lower())
        return
    amount, scale = re.fullmatch(r"([\d.,'\u00a0\u202f]+)\s?([a-z]*)", written.lower()).groups()  # type: ignore[union-attr]
    times = _SCALES.get(scale, 1)
    parts = re.split(r"[.,]", re.sub(r"['\u00a0\u202f]", "", amount))
    grouped = all(len(part) == 3 for part in parts[1:])
    if len(parts) == 1 or (len(parts) > 2 and grouped):
        yield float("".join(parts)) * times
        return
    if len(parts) == 2 and grouped and parts[0] != "0":
        yield float("".join(parts)) * times
    yield float("".join(parts[:-1]) + "." + parts[-1]) * times


def _spelled(words: str) -> float:
    total = current = 0
    for word in re.split(r"[\s-]+", words):
        if word in _POWERS:
            current = max(current, 1) * _POWERS[word]
            if word in ("thousand", "million"):
                total, current = total + current, 0
        else:
            current += _SPELLED.get(word, 0)
    return float(total + current)
