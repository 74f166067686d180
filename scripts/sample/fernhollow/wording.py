"""The sentences of the sample, read from `words/*.toml`.

A sentence is a pattern: `[a|b]` picks one wording (groups may be nested), `{slot}` is filled with
a fact of the customer's case. A kind of problem has the same parts in every language it is
written in: subjects, states (what happened), asks (what is wanted), extras, terse forms, answers.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

WORDS = Path(__file__).resolve().parent.parent / "words"
THEMES = ("returns", "orders", "delivery", "items", "payment", "account")
LANGUAGES = {"de": "german", "es": "spanish"}
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")

Clarification = tuple[str, str]


@dataclass(frozen=True)
class Parts:
    """How one kind of problem is put into words in one language."""

    subjects: Sequence[str]
    states: Sequence[str]
    asks: Sequence[str]
    extras: Sequence[str]
    terse: Sequence[str]
    answers: Sequence[str]


@dataclass(frozen=True)
class Kind:
    """One kind of problem with the facts that its answer must state."""

    name: str
    theme: str
    title: str
    article: str
    group: str | None
    business: bool
    facts: Sequence[Sequence[str]]
    clarify: Sequence[Clarification]
    parts: Mapping[str, Parts]

    def references(self) -> list[str]:
        """The English answers without any customer's details."""
        return [plain_answer(answer) for answer in self.parts["en"].answers]


@dataclass(frozen=True)
class Words:
    """Everything that can be said."""

    kinds: Mapping[str, Kind]
    voices: Mapping[str, Mapping[str, Sequence[str]]]
    plants: Mapping[str, Mapping[str, Sequence[str]]]
    noise: Mapping[str, Any]
    followups: Sequence[Clarification]


def spin(rng: Random, pattern: str) -> str:
    """Resolve every `[a|b]` of the pattern."""
    while found := _CHOICE.search(pattern):
        option = rng.choice(found.group(1).split("|"))
        pattern = pattern[: found.start()] + option + pattern[found.end() :]
    return pattern


def fill(pattern: str, slot: Callable[[str], str]) -> str:
    """Replace every `{name}` by what `slot` returns for it."""
    return _SLOT.sub(lambda found: slot(found.group(1)), pattern)


def plain_answer(pattern: str) -> str:
    """An answer as a macro: first wording everywhere, no order number, no product."""
    while found := _CHOICE.search(pattern):
        pattern = pattern[: found.start()] + found.group(1).split("|")[0] + pattern[found.end() :]
    neutral = {"nr": "", "for_nr": "", "item": "the item", "Item": "The item"}
    return fill(pattern, neutral.__getitem__)


def load() -> Words:
    """Read all word files."""
    shared = _read("shared")
    voices: dict[str, Mapping[str, Sequence[str]]] = {"en": shared["voice"]}
    plants: dict[str, Mapping[str, Sequence[str]]] = {"en": shared["plants"]}
    translations: dict[str, dict[str, Parts]] = {}
    for language, file in LANGUAGES.items():
        table = _read(file)
        voices[language], plants[language] = table["voice"], table["plants"]
        for name, entry in table["kinds"].items():
            translations.setdefault(name, {})[language] = _parts(entry)
    kinds: dict[str, Kind] = {}
    for theme in THEMES:
        table = _read(theme)
        clarify = [(question, reply) for question, reply in table.pop("clarify")]
        for name, entry in table.items():
            kinds[name] = _kind(name, theme, entry, clarify, translations.get(name, {}))
    followups = [(question, reply) for question, reply in shared["voice"].pop("followups")]
    return Words(kinds, voices, plants, shared["noise"], followups)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((WORDS / f"{name}.toml").read_text(encoding="utf-8"))


def _parts(entry: dict[str, Any]) -> Parts:
    return Parts(
        subjects=entry["subjects"],
        states=entry["states"],
        asks=entry["asks"],
        extras=entry.get("extras", []),
        terse=entry["terse"],
        answers=entry["answers"],
    )


def _kind(
    name: str,
    theme: str,
    entry: dict[str, Any],
    clarify: Sequence[Clarification],
    translations: dict[str, Parts],
) -> Kind:
    return Kind(
        name=name,
        theme=theme,
        title=entry["title"],
        article=entry["article"],
        group=entry.get("group"),
        business=entry.get("business", False),
        facts=entry["facts"],
        clarify=clarify,
        parts={"en": _parts(entry), **translations},
    )
