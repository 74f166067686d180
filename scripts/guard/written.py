"""Rows from the sentences that were written for training (``words/*.toml``), filled in and roughened up.

Each family is a source of its own, so that a measurement can leave it out.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    """Messages with names and addresses in them, marked, and messages without."""
    held = load("people")
    makers = _makers(draw)
    for _ in range(each):
        yield _marked(draw.choice(held["with"]["templates"]), held["slots"], makers, draw, "written-people-with")  # type: ignore[index, call-overload, arg-type]
    for _ in range(each // 3):
        yield _marked(draw.choice(held["without"]["templates"]), held["slots"], makers, draw, "written-people-without")  # type: ignore[index, call-overload, arg-type]


# So many names have become placeholders before the model sees a text; what is hidden already is nobody's name.
_ALREADY_HIDDEN = 0.08

LABELS = {
    "name": "PERSON",
    "first": "PERSON",
    "last": "PERSON",
    "address": "STREET_ADDRESS",
    "city": "LOCATION",
    "country": "LOCATION",
}


def _marked(
    template: str, slots: Slots, makers: Mapping[str, Callable[[], str]], draw: random.Random, source: str
) -> Row:
    text, marks = "", []
    at = 0
    for match in _SLOT.finditer(template):
        text += template[at : match.start()]
        at = match.end()
        value = makers[match[1]]() if match[1] in makers else draw.choice(slots[match[1]])
        if match[1] in LABELS:
            marks.append(Mark(len(text), len(text) + len(value), LABELS[match[1]]))
        if match[1] in LABELS and draw.random() < _ALREADY_HIDDEN:
            marks.pop()
            value = f"<{LABELS[match[1]]}_{draw.randrange(1, 4)}>"
        text += value
    text += template[at:]
    return Row(text, source, dict(SAFE), tuple(marks))


PLACES = (
    "en_US en_GB en_IN en_AU de_DE es_ES fr_FR it_IT nl_NL pl_PL pt_BR sv_SE tr_TR en_US en_GB fi_FI cs_CZ ga_IE en_NG "
    "vi_VN id_ID"
)


def _makers(draw: random.Random) -> dict[str, Callable[[], str]]:
    from faker import Faker

    fakers = []
    for place in PLACES.split():
        try:
            fakers.append(Faker(place))
        except AttributeError:
            continue
    for number, one in enumerate(fakers):
        one.seed_instance(draw.getrandbits(32) + number)

    def pick() -> Faker:
        return draw.choice(fakers)

    def address() -> str:
        one = pick()
        form = draw.random()
        if form < 0.35:
            return one.street_address().replace("\n", ", ")
        if form < 0.45:
            return f"PO Box {draw.randrange(1, 9999)}, {one.city()}"
        return one.address().replace("\n", draw.choice(("\n", ", ", ", ", " ")))

    def name() -> str:
        one = pick()
        form = draw.random()
        if form < 0.75:
            return f"{one.first_name()} {one.last_name()}"
        if form < 0.85:
            return f"{one.first_name()} {draw.choice('ABCDEFGHJKLMNPRSTW')}. {one.last_name()}"
        return f"{one.first_name()} {one.last_name()}-{one.last_name()}" if form < 0.9 else one.name()

    return {
        "name": name,
        "first": lambda: pick().first_name(),
        "last": lambda: pick().last_name(),
        "address": address,
        "city": lambda: pick().city(),
        "country": lambda: draw.choice(fakers[:3]).country(),
        "company": lambda: pick().company(),
    }


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
