"""What a help desk's reader is, and the one list that all of them are registered in.

A reader says from a first look whether a file is its help desk's, and turns files into tickets and put-aside records,
in a stream. Built-in readers and those of others come through ``Formats.register``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deskhand_finetune.tickets.raw.json_records import Record
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.ticket import BadRecord, Ticket
from deskhand_guardrails.errors import ConfigError

WRONG_KIND = "a field holds the wrong kind of value"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that was put aside."""

    where: str
    """File name and line (or number in a document), such as ``tickets.json:17``."""
    ticket_id: str
    reason: str

    def __post_init__(self) -> None:
        """Forgets an id that is none."""
        if not ID.fullmatch(self.ticket_id):
            object.__setattr__(self, "ticket_id", "")


ID = re.compile(r"(?=\S*\d)\S{1,200}")
"""What help desks number their records with; in a damaged export the words of a customer may stand in its place."""

FIELDS = (
    "ticket", "role", "author", "body", "at", "public", "private", "subject", "status", "tags", "language", "csat",
    "customer", "question", "answer", "answered", "solved", "agent",
)  # fmt: skip
"""What ``Options.columns`` may name: a message's and its ticket's fields, or question and answer in one row."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader may be told. Raises ``ConfigError`` for a field that is none of ``FIELDS``."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """For tables: our field to the column's name, such as ``{"body": "Nachricht"}``."""
    agents: frozenset[str] = frozenset()
    """Who answers, where the export does not say it: names, addresses, mail domains or ids; case does not count."""
    public_comments: bool = False
    """Whether customers could read what the desk wrote where an export does not say it (Jira's CSV)."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.columns) - set(FIELDS))
        if unknown:
            raise ConfigError(f"--map {unknown[0]}=…: no such field; known are {', '.join(FIELDS)}")
        object.__setattr__(self, "agents", frozenset(agent.strip().lower() for agent in self.agents))

    @property
    def key(self) -> list[object]:
        """The same for the same options, in a form that JSON can hold."""
        return [sorted(self.columns.items()), sorted(self.agents), self.public_comments]


Read = Iterator[Ticket | Quarantined]


def nothing(look: Look) -> str:  # noqa: ARG001 - the signature of a recogniser
    """A recogniser that recognises nothing."""
    return ""


@dataclass(frozen=True, slots=True)
class Format:
    """One help desk, or one form of file."""

    name: str
    """What ``--format`` takes."""
    title: str
    """What it is, for people."""
    recognise: Callable[[Look], str]
    """Why a file holds its tickets, or nothing."""
    read: Callable[[Sequence[Look], Options], Read]
    """The tickets of its files."""
    accompany: Callable[[Look], str] = nothing
    """Why a file holds no tickets but belongs to them (users, comments, cases), or nothing."""
    refuse: Callable[[Look], str] = nothing
    """What to export instead of a file that is the help desk's but holds no messages; nothing for other files."""


class Formats:
    """The known formats, in the order in which they are asked whether a file is theirs."""

    def __init__(self, formats: Iterable[Format] = ()) -> None:
        self._held: dict[str, Format] = {}
        for one in formats:
            self.register(one)

    def register(self, new: Format) -> None:
        """Adds a format. Raises ``ConfigError`` when its name is taken."""
        if new.name in self._held:
            raise ConfigError(f"format {new.name}: taken by {self._held[new.name].title}; choose another name")
        self._held[new.name] = new

    def __iter__(self) -> Iterator[Format]:
        return iter(self._held.values())

    @property
    def names(self) -> list[str]:
        """What ``--format`` takes."""
        return list(self._held)

    def named(self, name: str) -> Format:
        """The format of that name. Raises ``ConfigError`` that lists the known ones."""
        if name not in self._held:
            raise ConfigError(f"--format {name}: unknown; known are {', '.join(self._held)}")
        return self._held[name]


def each(records: Iterable[tuple[Path, Record]], ticket_of: Callable[[Any], Ticket | None]) -> Read:
    """Records to tickets where one record is one ticket; what cannot be read is put aside with its place.

    ``ticket_of`` gives None for a record that is no ticket and means no harm, and raises ``BadRecord``.
    """
    for path, record in records:
        yield from attempt(f"{path.name}:{record.number}", record.problem, ticket_of, record.value)


def called(kind: str, key: str) -> str:
    """Where a record was that several places tell of."""
    return f"{kind} {key}" if ID.fullmatch(key) else f"{kind} with a damaged id"


def attempt(where: str, problem: str, ticket_of: Callable[[Any], Ticket | None], value: object) -> Read:
    """One record to its ticket, or put aside."""
    if problem:
        yield Quarantined(where, "", problem)
        return
    try:
        ticket = ticket_of(value)
    except BadRecord as error:
        yield Quarantined(where, error.ticket_id, str(error))
    except (TypeError, AttributeError, LookupError, ValueError, ArithmeticError, RecursionError):
        yield Quarantined(where, _id_of(value), WRONG_KIND)
    else:
        if ticket is not None:
            yield _storable(ticket)


def _storable(ticket: Ticket) -> Ticket:
    """The ticket without lone surrogates, which JSON and mail headers can hold and UTF-8 cannot."""
    try:
        own = (ticket.id, ticket.source, ticket.subject, ticket.status, ticket.csat, ticket.language)
        for text in (*own, ticket.customer, ticket.organization, *ticket.tags):
            text.encode()
        for message in ticket.messages:
            for text in (message.text, message.author, *message.attachments):
                text.encode()
    except UnicodeEncodeError:
        held = json.dumps(ticket.to_json(), ensure_ascii=False).encode("utf-8", errors="replace")
        return Ticket.from_json(json.loads(held))
    return ticket


def _id_of(value: object) -> str:
    held = value.get("id") if isinstance(value, dict) else None
    return str(held) if isinstance(held, str | int) else ""


def records_of(looks: Iterable[Look], read: Callable[[Path], Iterator[Record]]) -> Iterator[tuple[Path, Record]]:
    """The records of several files with where they come from."""
    for one in looks:
        for record in read(one.path):
            yield one.path, record
