"""Reads Tidio: tickets as JSON lines in the form that its import takes, and as its API gives them.

The name of the text's field is not published for every form; ``content``, ``text``, ``body`` and ``message`` are taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from deskhand_finetune.tickets.fields import attached, first, flag, in_order, inner, language, listed, tags
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.reader import Format, Options, Read, attempt, records_of
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket
from deskhand_finetune.tickets.times import at, undated

NAME = "tidio"
ROLES: dict[str, Role] = {"contact": "customer", "visitor": "customer", "customer": "customer", "operator": "agent",
                          "agent": "agent", "bot": "bot", "lyro": "bot", "flow": "bot", "system": "system"}  # fmt: skip
TEXTS = ("content", "text", "body", "message", "html")
TIMES = ("createdAt", "created_at", "sentAt", "date")


def recognise(look: Look) -> str:
    """Why the file holds Tidio tickets, or nothing."""
    for record in look.objects:
        held = record.get("messages")
        if not isinstance(held, list) or not held or not isinstance(held[0], dict) or "status" not in record:
            continue
        if isinstance(record.get("contact"), dict) and isinstance(held[0].get("author"), dict):
            return "records with 'contact' and 'messages' that have an 'author'"
        if "contact_id" in record and "author_type" in held[0]:
            return "records with 'contact_id' and 'messages' that have an 'author_type'"
    return ""


def read(looks: Sequence[Look], options: Options) -> Read:  # noqa: ARG001 - the signature of a reader
    """The tickets of Tidio files."""
    for count, (path, record) in enumerate(records_of(looks, json_records), start=1):
        ticket = partial(_ticket, name=f"{path.name.split('.')[0]}-{record.number}", count=count)
        yield from attempt(f"{path.name}:{record.number}", record.problem, ticket, record.value)


def _ticket(value: object, name: str, count: int) -> Ticket:
    if not isinstance(value, dict):
        raise BadRecord("not an object")
    name = first(value, "id") or name
    try:
        created = first(value, "createdAt", "created_at")
        start = at(created) if created else None
        held = listed(value.get("messages"), "messages")
        messages = in_order(
            _message(message, value, (start or undated(count)) + timedelta(seconds=number))
            for number, message in enumerate(held)
        )
        status = first(value, "status")
        return Ticket(
            id=name,
            source=NAME,
            subject=first(value, "subject"),
            messages=messages,
            created_at=start or messages[0].at,
            solved_at=messages[-1].at if status == "solved" else None,
            status=status,
            tags=tags(value.get("tags"), "name"),
            language=language(first(inner(value, "contact"), "language")),
            customer=first(inner(value, "contact"), "email", "id", "distinct_id") or first(value, "contact_id"),
        )
    except BadRecord as error:
        raise BadRecord(str(error), name) from None


def _message(value: Mapping[str, Any], ticket: Mapping[str, Any], otherwise: datetime) -> Message:
    author = inner(value, "author")
    when = next((value[key] for key in TIMES if value.get(key)), None)
    hidden = first(value, "message_type", "type", "visibility").lower() in ("internal", "note", "private")
    return Message(
        _role(value, author, ticket),
        first(value, *TEXTS),
        at(when) if when else otherwise,
        author=first(author, "name", "fullName"),
        public=not hidden and flag(value.get("isInternal", False)) is False,
        attachments=_files(value.get("attachments")),
    )


def _role(value: Mapping[str, Any], author: Mapping[str, Any], ticket: Mapping[str, Any]) -> Role:
    named = (first(author, "type", "role") or first(value, "author_type", "authorType")).lower()
    if named in ROLES:
        return ROLES[named]
    address = first(author, "email").lower()
    if not named and address:
        return "customer" if address == first(inner(ticket, "contact"), "email").lower() else "agent"
    raise BadRecord("a message's author is neither contact, operator nor bot, and has no email")


def _files(value: object) -> tuple[str, ...]:
    """Attachments are objects with a name, or addresses whose last part is one."""
    held = value if isinstance(value, list) else []
    names = tuple(name.split("?")[0].rsplit("/", 1)[-1] for name in held if isinstance(name, str))
    return attached(held, "name", "fileName", "filename") + names


FORMAT = Format(NAME, "Tidio", recognise, read)
