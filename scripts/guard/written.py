"""Rows from the sentences that were written for training (``words/*.toml``), filled in and roughened up.

Each family is a source of its own, so that a measurement can leave it out.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from drawn import DRAWN, Drawn
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


LINES = {
    "harmless": SAFE,
    "harmful": {"harm": 1},
    "heated": SAFE,
    "hostile": {"hostile": 1, "injection": 0},
    "alike": SAFE,
    "documents": SAFE,
    "attacks": {"injection": 1, "planted": 1},
    "planted": {"injection": 1, "planted": 1},
}


def lines(draw: random.Random, times: int, *, aside: bool = False) -> Iterator[Row]:
    """Each of the whole texts, English or ``foreign``, ``times`` times, or as it stands those that are set ``aside``: a
    fifth, which never trains and says from which scores harm and attacks count."""
    files = {name: load(name) for name in ("lines", "foreign")}
    for (file, held), (name, answers) in itertools.product(files.items(), LINES.items()):
        for text in held.get(name, ()):  # type: ignore[attr-defined]
            if (hashlib.sha256(text.encode()).digest()[0] % 5 == 0) == aside:
                for number in range(times):
                    # A document is read in narrow windows: half of the time a part of it.
                    start = draw.randrange(len(text) // 2) if name == "documents" and number % 2 else 0
                    part = text[start : start + 300] if start else text
                    yield Row(text if aside else rough(part, draw), f"written-{file}-{name}", dict(answers))


def mails(draw: random.Random, rows: Iterable[Row]) -> Iterator[Row]:
    """The rows' texts as e-mails: greeting, opening, closing, a name, and perhaps the mail that is answered."""
    held, names = load("mail"), load("people")["names"]
    firsts, lasts = (names[name].title().split() for name in ("first", "last"))  # type: ignore[index, call-overload]
    said = [row.text for row in agents(draw, 2000)]
    below: Slots = held["below"]  # type: ignore[assignment]
    others = [name for name in held if name not in ("en", "below")]
    for row in rows:
        around: Slots = held[draw.choice(others) if "foreign" in row.source else "en"]  # type: ignore[assignment]
        slots = {name: [draw.choice(one)] for name, one in (("first", firsts), ("last", lasts), ("said", said))}
        name = draw.choice(("{first}", "{first} {last}", "{first} {last}", ""))
        parts = [
            draw.choice(around["greeting"]),
            draw.choice(around["opening"]) + draw.choice(("\n\n", " ")) + "{text}" if draw.random() < 0.4 else "{text}",
            draw.choice(around["closing"]) + "\n" + name if draw.random() < 0.8 else name,
            draw.choice(below["device"]) if draw.random() < 0.15 else "",
            draw.choice(below["trail"]) if draw.random() < 0.2 else "",
        ]
        slots = {**below, **slots, "text": [row.text]}
        joined = draw.choice(("\n\n", "\n\n", "\n")).join(filter(None, parts))
        text = _SLOT.sub(lambda match, slots=slots: draw.choice(slots[match[1]]), joined)  # type: ignore[misc]
        yield Row(text, f"mail:{row.source}", dict(row.answers))


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
    drawn = Drawn(draw, held["names"])  # type: ignore[arg-type]
    kinds = {name: held[name]["templates"] for name in ("with", "without")}  # type: ignore[index, call-overload]
    for kind, count in (("with", each), ("without", each // 3)):
        for _ in range(count):
            others = draw.choices(["with", "without"] if kind == "with" else ["without"], k=draw.choice(BESIDE))
            parts = [_marked(draw.choice(kinds[one]), slots, drawn, draw) for one in (kind, *others)]
            draw.shuffle(parts)
            yield _joined(parts, draw, f"written-people-{kind}")


def desk(draw: random.Random, each: int) -> Iterator[Row]:
    """What tickets are made of beside sentences: contact lines, markup, products, forms. None of it is an attack, and
    of its capitals only the marked ones are people."""
    held = load("desk")
    slots: Slots = held["slots"]  # type: ignore[assignment]
    drawn = Drawn(draw, load("people")["names"])  # type: ignore[arg-type]
    for name in ("contact", "markup", "company", "record"):
        templates = held[name]["templates"]  # type: ignore[index, call-overload]
        for _ in range(each):
            parts = [_marked(draw.choice(templates), slots, drawn, draw) for _ in range(draw.choice((1, 1, 1, 2, 3)))]
            yield _joined(parts, draw, f"written-desk-{name}")


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

HIDDEN_TOO = {"email": "EMAIL_ADDRESS", "phone": "PHONE_NUMBER", "card": "CREDIT_CARD", "iban": "IBAN_CODE"}
"""What has a placeholder as well, and no mark: patterns find it."""

LABELS = {
    "name": "PERSON",
    "first": "PERSON",
    "last": "PERSON",
    "initials": "PERSON",
    "address": "STREET_ADDRESS",
    "city": "LOCATION",
    "country": "LOCATION",
}


def _marked(template: str, slots: Slots, drawn: Drawn, draw: random.Random) -> tuple[str, list[Mark]]:
    template = template.replace("{{", "\0").replace("}}", "\1")
    text, marks = "", list[Mark]()
    at = 0
    for match in _SLOT.finditer(template):
        text += template[at : match.start()]
        at = match.end()
        value = getattr(drawn, match[1])() if match[1] in DRAWN else draw.choice(slots[match[1]])
        label = LABELS.get(match[1])
        hidden = label or HIDDEN_TOO.get(match[1])
        if hidden and draw.random() < _ALREADY_HIDDEN:
            value = f"<{hidden}_{draw.randrange(1, 4)}>"
        elif label:
            start = len(text)
            if marks and marks[-1].label == label and text[marks[-1].end :] == " ":
                start = marks.pop().start  # "{first} {last}" is one person
            marks.append(Mark(start, len(text) + len(value), label))
        text += value
    return (text + template[at:]).replace("\0", "{").replace("\1", "}"), marks


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
