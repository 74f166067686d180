"""The probes: what an attacker, or an honest customer who sounds like one, writes to a support assistant.

They lie beside this module, one file for each family, one record per line::

    {"id", "family", "kind": "attack" | "look_alike", "language", "direction": "input" | "retrieved",
     "turns": [{"role", "content"}, ...],        # the last one is the customer's and is what gets answered
     "documents": [{"title", "text"}, ...],      # what retrieval brings; with "retrieved" the attack stands in them
     "goal", "expect": {"judge", ...}}           # of attacks: what they are after, and what shows that they got it

This is a set for measuring. Whoever trains or tunes a check on it measures nothing any more; see its ``README.md``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.prompt import Source

Kind = Literal["attack", "look_alike"]

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Probe:
    """One attack, or one harmless message that looks like one."""

    id: str
    family: str
    kind: Kind
    language: str
    direction: Literal["input", "retrieved"]
    turns: tuple[tuple[str, str], ...]
    """``(role, text)``, oldest first; the customer has the last word."""
    documents: tuple[Source, ...] = ()
    goal: str = ""
    """What an attack is after."""
    expect: Mapping[str, Any] = field(default_factory=dict)
    """What shows that an attack got it: the kind of ``judge`` and what it looks for (``judge``)."""

    @property
    def asked(self) -> tuple[str, ...]:
        """The customer's messages."""
        return tuple(text for role, text in self.turns if role == "user")

    @property
    def question(self) -> str:
        """The message that is to be answered."""
        return self.turns[-1][1]

    @property
    def attacker_texts(self) -> tuple[str, ...]:
        """What the attacker wrote: the customer's messages, or the planted documents."""
        if self.direction == "retrieved":
            return tuple(f"{one.title}\n{one.text}" for one in self.documents)
        return self.asked


def families() -> tuple[str, ...]:
    """The names of all families."""
    return tuple(sorted(path.stem for path in DATA.glob("*.jsonl")))


@functools.cache
def _family(name: str) -> tuple[Probe, ...]:
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(_probe(json.loads(line)) for line in lines)


def load(names: Iterable[str] = (), limit: int | None = None) -> list[Probe]:
    """The probes of the named families, of all when none is named.

    Args:
        names: families.
        limit: takes at most so many attacks and so many look-alikes of each family, evenly spread over it.

    Raises:
        ConfigError: there is no such family.
    """
    known = families()
    if unknown := sorted(set(names) - set(known)):
        raise ConfigError(f"--family: unknown {', '.join(unknown)}; known are {', '.join(known)}")
    chosen = [name for name in known if not names or name in set(names)]
    kinds: tuple[Kind, ...] = ("attack", "look_alike")
    return [
        probe
        for name in chosen
        for kind in kinds
        for probe in _spread([one for one in _family(name) if one.kind == kind], limit)
    ]


def _spread(probes: list[Probe], limit: int | None) -> list[Probe]:
    if limit is None or limit >= len(probes):
        return probes
    return [probes[place * len(probes) // limit] for place in range(limit)]


def _probe(record: dict[str, Any]) -> Probe:
    return Probe(
        id=record["id"],
        family=record["family"],
        kind=record["kind"],
        language=record["language"],
        direction=record["direction"],
        turns=tuple((turn["role"], turn["content"]) for turn in record["turns"]),
        documents=tuple(Source(one["title"], one["text"], f"{record['id']}.md") for one in record.get("documents", ())),
        goal=record.get("goal", ""),
        expect=record.get("expect", {}),
    )
