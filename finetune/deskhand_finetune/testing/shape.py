"""What a shape is, and the small forms that many of them share."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deskhand_finetune.tickets.ticket import Message, Ticket, iso

AGENT, AGENT_NAME, CUSTOMER_NAME = "9001", "Olu Adeyemi", "Maren Holt"


def nothing(ticket: Ticket) -> str:  # noqa: ARG001 - the signature of a part's text
    """A part that is the same whatever the tickets are: its head."""
    return ""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an export."""

    file: str
    text: Callable[[Ticket], str] = nothing
    """A ticket's piece of the file; nothing when it has none."""
    head: str = ""
    joint: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """One form of a help desk's export, and what it can hold."""

    name: str
    format: str
    """The reader's name."""
    parts: tuple[Part, ...]
    keeps: frozenset[str]
    """The fields of a ticket that come back equal, beside its messages' roles, visibility and texts."""
    notes: bool = True
    """Whether it can hold internal notes."""
    pairs: bool = False
    """Whether a ticket is one question with one answer."""
    unsaid: bool = False
    """Whether it does not say which messages customers saw: read it with ``Options.public_comments``."""
    plain: bool = False
    """Whether texts are single lines without mark-up: what stands in wiki text or in a transcript."""


def keeps(names: str) -> frozenset[str]:
    """A set of fields from words."""
    return frozenset(names.split())


def lines(file: str, text: Callable[[Ticket], str]) -> Part:
    """A file of one JSON value a line."""
    return Part(file, text, joint="\n", tail="\n")


def listed(file: str, text: Callable[[Ticket], str], before: str = "[", after: str = "]") -> Part:
    """A file of one JSON list, or of a page with one."""
    return Part(file, text, before, ",\n", after)


def table(file: str, header: Sequence[str], rows: Callable[[Ticket], list[list[str]]]) -> Part:
    """A CSV file: a header, and rows of each ticket."""
    return Part(file, lambda ticket: "".join(map(row, rows(ticket))), row(header))


def row(cells: Sequence[str]) -> str:
    """One CSV row with its line end."""
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def dumped(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Compact JSON with letters as they are."""
    return json.dumps(value, ensure_ascii=False)


def marked_up(text: str) -> str:
    """A text as HTML."""
    return f"<div>{html.escape(text)}</div>"


def is_customer(message: Message) -> bool:
    """Whether the customer wrote it."""
    return message.role == "customer"


def solved(ticket: Ticket) -> str:
    """When it was solved, or nothing."""
    return iso(ticket.solved_at) if ticket.solved_at else ""


def writer(message: Message, ticket: Ticket) -> str:
    """The id of whoever wrote a message."""
    return ticket.customer if is_customer(message) else AGENT
