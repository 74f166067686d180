"""Rows from the sentences that were written for training (``words/*.toml``), filled in and roughened up.

Each family is a source of its own, so that a measurement can leave it out.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rows import SAFE, Mark, Row

WORDS = Path(__file__).parent / "words"
_SLOT = re.compile(r"\{(\w+)\}")
_MOST_NESTED = 4

Slots = Mapping[str, Sequence[str]]


def load(name: str) -> dict[str, object]:
    """A file of ``words``."""
    return tomllib.loads((WORDS / f"{name}.toml").read_text(encoding="utf-8"))


def filled(template: str, slots: Slots, draw: random.Random) -> str:
    """``template`` with every slot filled; ``{{`` and ``}}`` are braces."""
    text = template.replace("{{", "\0").replace("}}", "\1")
    for _ in range(_MOST_NESTED):
        if not _SLOT.search(text):
            break
        text = _SLOT.sub(lambda match: draw.choice(slots[match[1]]), text)
    text = re.sub(r"[ ]{2,}", " ", text.replace("\0", "{").replace("\1", "}")).replace(" .", ".").replace(" ,", ",")
    return text.strip()


def rough(text: str, draw: random.Random) -> str:
    """``text`` as people type: sometimes lower case, without the last stop, shouted, or with a slip."""
    if draw.random() < 0.25:
        text = text.lower()
    elif draw.random() < 0.03:
        text = text.upper()
    if draw.random() < 0.2:
        text = text.rstrip(".!?")
    if draw.random() < 0.12 and len(text) > 12:
        at = draw.randrange(1, len(text) - 2)
        text = text[:at] + draw.choice((text[at + 1] + text[at], "", text[at] * 2)) + text[at + 2 :]
    return text


def attacks(draw: random.Random, each: int) -> Iterator[Row]:
    """Attempts to override the instructions; those of family ``planted`` are orders for whoever reads a document."""
    held = load("attacks")
    slots: dict[str, list[str]] = held["slots"]  # type: ignore[assignment]
    for name, family in held["families"].items():  # type: ignore[attr-defined]
        planted = family.get("direction") == "retrieved"
        answers = {"planted": 1} if planted else {"injection": 1, "planted": 1}
        for _ in range(each):
            text = rough(filled(draw.choice(family["templates"]), slots, draw), draw)
            if not planted and draw.random() < 0.15:
                text = draw.choice((f"{draw.choice(slots['benign'])} {text}", f"{text} {draw.choice(slots['benign'])}"))
            yield Row(disguised(text, draw) if draw.random() < 0.06 else text, f"written-attack-{name}", dict(answers))


def look_alikes(draw: random.Random, each: int) -> Iterator[Row]:
    """Harmless texts in an attack's words."""
    held = load("look_alikes")
    for name, family in held["families"].items():  # type: ignore[attr-defined]
        for _ in range(each):
            text = rough(filled(draw.choice(family["templates"]), held["slots"], draw), draw)  # type: ignore[arg-type]
            yield Row(text, f"written-look-alike-{name}", dict(SAFE))


def agents(draw: random.Random, each: int) -> Iterator[Row]:
    """What a desk asks of its customers: orders to a reader, and none to an assistant."""
    held = load("agents")
    for _ in range(each):
        text = filled(draw.choice(held["desk"]["templates"]), held["slots"], draw)  # type: ignore[index, call-overload, arg-type]
        yield Row(text[:1].upper() + text[1:], "written-agents", dict(SAFE))


def harm(draw: random.Random, each: int) -> Iterator[Row]:
    """Requests for help with harm and harmless ones in the same frames."""
    held = load("harm")
    slots: dict[str, list[str]] = held["slots"]  # type: ignore[assignment]
    safe = {**SAFE}
    for number, pair in enumerate(held["pairs"]):  # type: ignore[arg-type, var-annotated]
        for key, answers in (("safe", safe), ("harm", {"harm": 1, "hostile": 0})):
            targets = pair[key]
            for _ in range(min(each, 4 * len(targets))):
                text = filled(pair["frame"], {**slots, "x": targets}, draw)
                yield Row(rough(text, draw), f"written-harm-{number}", dict(answers))
    for verb, targets in held["verbs"].items():  # type: ignore[attr-defined]
        for place, answers in enumerate((safe, {"harm": 1, "hostile": 0})):
            for _ in range(min(each, 4 * len(targets[place]))):
                asked = f"{draw.choice(slots['how'])} {verb} {draw.choice(targets[place])}"
                text = asked + draw.choice(("?", "", "?", "."))
                yield Row(rough(text, draw), f"written-harm-verb-{verb}", dict(answers))
    plain = held["families"]["harmless"]["templates"]  # type: ignore[index, call-overload]
    for text in plain:
        for _ in range(3):
            yield Row(rough(text, draw), "written-harm-harmless", safe)
    for text in held["families"]["harmless"]["harmful"]:  # type: ignore[index, call-overload]
        for _ in range(4):
            yield Row(rough(filled(text, slots, draw), draw), "written-harm-harmful", {"harm": 1})


def tone(draw: random.Random, each: int) -> Iterator[Row]:
    """Hostile sentences and harmless ones in the same words."""
    held = load("tone")
    for key, answers in (("hostile", {"hostile": 1, "injection": 0}), ("harmless", dict(SAFE))):
        for _ in range(each):
            text = filled(draw.choice(held[key]["templates"]), held["slots"], draw)  # type: ignore[index, call-overload, arg-type]
            yield Row(rough(text, draw), f"written-tone-{key}", dict(answers))


def people(draw: random.Random, each: int) -> Iterator[Row]:
    """Messages with names and addresses in them, marked, and messages without: one sentence, or several together."""
    held = load("people")
    slots: Slots = held["slots"]  # type: ignore[assignment]
    drawn = _Drawn(draw, held["names"])  # type: ignore[arg-type]
    kinds = {name: held[name]["templates"] for name in ("with", "without")}  # type: ignore[index, call-overload]
    for kind, count in (("with", each), ("without", each // 3)):
        for _ in range(count):
            others = draw.choices(["with", "without"] if kind == "with" else ["without"], k=draw.choice(BESIDE))
            parts = [_marked(draw.choice(kinds[one]), slots, drawn, draw) for one in (kind, *others)]
            draw.shuffle(parts)
            yield _joined(parts, draw, f"written-people-{kind}")


BESIDE = (0, 0, 0, 1, 1, 2, 4)
"""How many sentences stand beside one: most messages of a chat are short."""


def _joined(parts: Sequence[tuple[str, list[Mark]]], draw: random.Random, source: str) -> Row:
    text, marks = "", list[Mark]()
    for part, found in parts:
        text += draw.choice((" ", "\n", ". ", ", ")) if text else ""
        marks += [Mark(one.start + len(text), one.end + len(text), one.label) for one in found]
        text += part
    return Row(text, source, dict(SAFE), tuple(marks))


# So many names have become placeholders before the model sees a text; what is hidden already is nobody's name.
_ALREADY_HIDDEN = 0.08

LABELS = {
    "name": "PERSON",
    "first": "PERSON",
    "last": "PERSON",
    "initials": "PERSON",
    "address": "STREET_ADDRESS",
    "city": "LOCATION",
    "country": "LOCATION",
}


def _marked(template: str, slots: Slots, drawn: _Drawn, draw: random.Random) -> tuple[str, list[Mark]]:
    text, marks = "", list[Mark]()
    at = 0
    for match in _SLOT.finditer(template):
        text += template[at : match.start()]
        at = match.end()
        value = getattr(drawn, match[1])() if match[1] in DRAWN else draw.choice(slots[match[1]])
        label = LABELS.get(match[1])
        if label and draw.random() < _ALREADY_HIDDEN:
            value = f"<{label}_{draw.randrange(1, 4)}>"
        elif label:
            start = len(text)
            if marks and marks[-1].label == label and text[marks[-1].end :] == " ":
                start = marks.pop().start  # "{first} {last}" is one person
            marks.append(Mark(start, len(text) + len(value), label))
        text += value
    return text + template[at:], marks


PLACES = (
    "az_AZ cs_CZ da_DK de_AT de_CH de_DE en_AU en_CA en_GB en_GB en_IE en_IN en_KE en_NG en_NZ en_PK en_TH en_US en_US "
    "en_US es_AR es_CL es_CO es_ES es_MX et_EE fi_FI fr_BE fr_CA fr_DZ fr_FR ga_IE ha_NG hr_HR hu_HU id_ID ig_NG is_IS "
    "it_IT lt_LT lv_LV nl_BE nl_NL no_NO pl_PL pt_BR pt_PT ro_RO sk_SK sl_SI sv_SE sw tr_TR tw_GH uz_UZ yo_NG zu_ZA"
)
LISTED, WORDS_TOO = 0.4, 0.08
"""Shares of the names that come from our own lists, and of those that are everyday words as well."""
CAPITALS = "ABCDEFGHJKLMNPRSTW"


class _Drawn:
    """Names, places and companies, from Faker's lists and our own."""

    def __init__(self, draw: random.Random, lists: Mapping[str, str]) -> None:
        from faker import Faker

        self._draw = draw
        self._fakers = [Faker(place) for place in PLACES.split()]
        for number, one in enumerate(self._fakers):
            one.seed_instance(draw.getrandbits(32) + number)
        self._firsts, self._lasts, self._words = (lists[name].title().split() for name in ("first", "last", "word"))

    def _any(self, what: str) -> str:
        return str(getattr(self._draw.choice(self._fakers), what)())

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
        return self._any("company")


ENGLISH = PLACES.split().index("en_GB")
DRAWN = frozenset(("name", "first", "last", "initials", "address", "city", "country", "company"))


def disguised(text: str, draw: random.Random) -> str:
    """``text`` in a form that people read and word lists do not."""
    kind = draw.randrange(4)
    if kind == 0:
        return text.translate(str.maketrans("aeiostAEIOST", "431057431057"))
    if kind == 1:
        return "".join(char + ("-" if char.isalpha() and draw.random() < 0.15 else "") for char in text)
    if kind == 2:
        return "*".join(text.split(" "))
    return text.replace("o", "0").replace("i", "!")
