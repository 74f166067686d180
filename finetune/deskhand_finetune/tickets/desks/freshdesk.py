"""Reads Freshdesk (API v2 and v1 JSON, the account's XML) and Freshservice (CSV with description and resolution).

The first message is the ticket's description, never among the conversations. Conversations stand in the ticket or in
files of their own, by ``ticket_id``. Not covered: Freshdesk's CSV, which holds no messages at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import Any

from deskhand_finetune.tickets.fields import (
    attached,
    first,
    flag,
    identified,
    in_order,
    inner,
    language,
    listed,
    seen,
    tags,
)
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.look import Look, first_objects, most
from deskhand_finetune.tickets.raw.shelf import Shelf, open_shelf
from deskhand_finetune.tickets.raw.table import cells, read_header, table_records
from deskhand_finetune.tickets.raw.xml_records import xml_records
from deskhand_finetune.tickets.reader import Format, Options, Read, attempt
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket
from deskhand_finetune.tickets.times import at

NAME = "freshdesk"
STATUS = {"2": "open", "3": "pending", "4": "solved", "5": "closed"}
STATUS_WORDS = {"resolved": "solved", "closed": "closed", "open": "open", "pending": "pending"}
OUTBOUND = "10"
"""Ticket source: an agent wrote the first mail."""
SURVEY, FORWARDED = "6", "8"
"""Conversation sources: what a survey says is no message, what went to a third party the customer never saw."""
CONVERSATION = frozenset({"body", "incoming", "ticket_id"})
SERVICE_CSV = frozenset({"subject", "description", "requester name", "resolution note"})


def recognise(look: Look) -> str:
    """Why the file holds Freshdesk or Freshservice tickets, or nothing."""
    if look.kind == "xml":
        return "XML with <helpdesk-ticket>" if re.search(r"<helpdesk-ticket[\s>]", look.head) else ""
    if look.kind == "table":
        return "a table with Freshservice's columns, 'Resolution Note' among them" if look.names >= SERVICE_CSV else ""
    for record in look.objects:
        if isinstance(record.get("helpdesk_ticket"), dict):
            return "records with 'helpdesk_ticket'"
        if "responder_id" in record and "requester_id" in record and ({"fr_escalated", "source"} & set(record)):
            return "records with 'requester_id' and 'responder_id'"
    return ""


def accompany(look: Look) -> str:
    """Why the file holds conversations of Freshdesk tickets, or nothing."""
    return "records with 'ticket_id', 'body' and 'incoming'" if most(look.objects, CONVERSATION.issubset) else ""


def refuse(look: Look) -> str:
    """What to export instead of Freshdesk's CSV."""
    if {"ticket id", "subject", "agent interactions"} <= look.names or (
        {"ticket id", "subject", "status", "due by time"} <= look.names and "description" not in look.names
    ):
        return (
            "Freshdesk's CSV export, which leaves the messages out; export the account's data (Admin, Account, Export "
            "data), or the API's tickets with include=conversations"
        )
    return "Freshdesk conversations without their tickets; name the folder that holds both" if accompany(look) else ""


def read(looks: Sequence[Look], options: Options) -> Read:
    """The tickets of the files of one account."""
    with open_shelf() as shelf:
        desk = _Desk(shelf, options)
        joined = [one for one in looks if one.kind == "json" and most(first_objects(one.path), CONVERSATION.issubset)]
        for one in joined:
            for record in json_records(one.path):
                yield from attempt(f"{one.path.name}:{record.number}", record.problem, desk.keep, record.value)
        for one in looks:
            if one.kind == "table":
                yield from _service(one)
            elif one not in joined:
                is_xml = one.kind == "xml"
                for record in xml_records(one.path, ("helpdesk-ticket",)) if is_xml else json_records(one.path):
                    value = _undashed(record.value) if is_xml else record.value
                    yield from attempt(f"{one.path.name}:{record.number}", record.problem, desk.ticket, value)


def _undashed(value: object) -> object:
    """XML's names as JSON writes them."""
    if isinstance(value, dict):
        return {key.replace("-", "_"): _undashed(held) for key, held in value.items()}
    return [_undashed(held) for held in value] if isinstance(value, list) else value


class _Desk:
    """One account, with the conversations that stand in files of their own."""

    def __init__(self, shelf: Shelf, options: Options) -> None:
        self._shelf = shelf
        self._otherwise = options.public_comments

    def keep(self, value: object) -> None:
        """Keeps a conversation for its ticket."""
        if not isinstance(value, dict) or not first(value, "ticket_id"):
            raise BadRecord("no 'ticket_id'")
        self._shelf.put("conversation", first(value, "ticket_id"), value)

    def ticket(self, value: object) -> Ticket:
        """One ticket, of any version of the API."""
        held = inner(value, "helpdesk_ticket") if isinstance(value, dict) else {}
        return identified(held or value, self._ticket, "display_id", "id")

    def _ticket(self, name: str, value: Mapping[str, Any]) -> Ticket:
        held = value.get("conversations") or value.get("notes") or value.get("helpdesk_notes")
        said = [note.get("note", note) for note in listed(held, "helpdesk_note", "note")]
        said += self._shelf.get("conversation", name)
        messages = [_description(value)] if first(value, "description_html", "description", "description_text") else []
        messages += [_message(note, value, self._otherwise) for note in said if not flag(note.get("deleted"))]
        status = STATUS_WORDS.get(first(value, "status_name").lower()) or STATUS.get(first(value, "status"), "open")
        stats = inner(value, "stats")
        solved = first(stats, "resolved_at", "closed_at")
        if not solved and status in ("solved", "closed"):
            solved = first(value, "updated_at")
        ordered = in_order(messages)
        created = first(value, "created_at")
        spam = ("spam",) if flag(value.get("spam")) else ()
        return Ticket(
            id=name,
            source=NAME,
            subject=first(value, "subject"),
            messages=ordered,
            created_at=at(created) if created else ordered[0].at,
            solved_at=at(solved) if solved else None,
            status="deleted" if flag(value.get("deleted")) else status,
            tags=tags(value.get("tags"), "name") + spam,
            language=language(inner(value, "requester").get("language")),
            customer=first(value, "requester_id"),
            organization=first(value, "company_id"),
        )


def _description(value: Mapping[str, Any]) -> Message:
    role: Role = "agent" if first(value, "source") == OUTBOUND else "customer"
    return Message(
        role,
        first(value, "description_html", "description", "description_text"),
        at(value.get("created_at")),
        author=_name_of(value, role),
        attachments=attached(value.get("attachments"), "name", "content_file_name"),
    )


def _message(note: Mapping[str, Any], ticket: Mapping[str, Any], otherwise: bool) -> Message:
    is_customer = flag(note.get("incoming")) or first(note, "user_id") == (first(ticket, "requester_id") or "none")
    source = first(note, "source")
    role: Role = "system" if source == SURVEY else "customer" if is_customer else "agent"
    private = flag(note.get("private"))
    said = None if private is None else not private
    return Message(
        role,
        first(note, "body_html", "body", "body_text"),
        at(note.get("created_at")),
        author=parseaddr(first(note, "from_email"))[0] or _name_of(ticket, role, first(note, "user_id")),
        public=seen(said, role, otherwise=otherwise) and source != FORWARDED,
        attachments=attached(note.get("attachments"), "name", "content_file_name"),
    )


def _name_of(ticket: Mapping[str, Any], role: Role, user: str = "") -> str:
    """The requester's or the responder's name; nobody's for an agent who is not the responder."""
    if role == "customer":
        return first(ticket, "requester_name") or first(inner(ticket, "requester"), "name")
    is_responder = not user or user == first(ticket, "responder_id")
    return (first(ticket, "responder_name") or first(inner(ticket, "responder"), "name")) if is_responder else ""


def _service(look: Look) -> Read:
    header = look.columns or tuple(read_header(look.path))
    for record in table_records(look.path):
        yield from attempt(f"{look.path.name}:{record.number}", record.problem, _service_ticket, (header, record.value))


def _service_ticket(row: tuple[Sequence[str], list[str]]) -> Ticket:
    held = cells(*row)
    name = first(held, "ticket id", "id")
    if not name:
        raise BadRecord("no 'Ticket Id'")
    try:
        created = at(held.get("created time"))
        done = first(held, "resolved time", "closed time", "last updated time")
        solved = at(done) if done else None
        messages = (
            [Message("customer", held["description"], created, first(held, "requester name"))]
            if "description" in held
            else []
        )
        if "resolution note" in held:
            messages.append(
                Message("agent", held["resolution note"], max(solved or created, created), first(held, "agent"))
            )
        status = STATUS_WORDS.get(first(held, "status").lower(), "open")
        return Ticket(
            id=name,
            source="freshservice",
            subject=first(held, "subject"),
            messages=in_order(messages),
            created_at=created,
            solved_at=solved if status in ("solved", "closed") else None,
            status=status,
            tags=tags(first(held, "tags")),
            customer=first(held, "requester email", "requester name"),
        )
    except BadRecord as error:
        raise BadRecord(str(error), name) from None


FORMAT = Format(NAME, "Freshdesk, and Freshservice's CSV", recognise, read, accompany, refuse)
