"""Reads Intercom: conversations with their parts (API 2.x), tickets with their ticket parts, one by one or in lists.

The first message is ``source``, never among the parts. What an assistant wrote (Fin, a bot, an operator's workflow) is
a bot's, so that nobody learns from it as from a person. Redacted parts are left out. Not covered: Intercom's CSV,
which holds no messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from deskhand_finetune.tickets.fields import attached, first, identified, in_order, inner, language, listed, tags
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.reader import Format, Options, Read, each, records_of
from deskhand_finetune.tickets.ticket import Message, Role, Ticket
from deskhand_finetune.tickets.times import at

NAME = "intercom"
CUSTOMERS = frozenset({"user", "lead", "contact", "visitor"})
STATUS = {"open": "open", "closed": "closed", "snoozed": "pending", "submitted": "new", "in_progress": "open",
          "waiting_on_customer": "pending", "resolved": "solved"}  # fmt: skip
# A reply that closes or reopens is a part of that type with a body; a body on an assignment is a note to the assignee.
SPOKEN = frozenset({"comment", "open", "close", "quick_reply", "email", "chat"})
NOTES = frozenset({"note", "assignment", "note_and_reopen"})
STATISTICS = frozenset({
    "conversation state", "conversation rating", "teammate", "first response time", "time to close", "started at",
    "teammate assigned", "content id", "receipt id", "conversation tags",
})  # fmt: skip
BODIES = frozenset({"body", "message", "message body", "conversation body", "transcript", "text"})


def recognise(look: Look) -> str:
    """Why the file holds Intercom conversations, or nothing."""
    for record in look.objects:
        for key in ("conversation_parts", "ticket_parts"):
            if key in record and "id" in record:
                return f"records with '{key}'"
        if record.get("type") == "conversation" and "source" in record:
            return "records of type 'conversation' with a 'source'"
    return ""


def refuse(look: Look) -> str:
    """What to export instead of Intercom's CSV, or of conversations without their parts."""
    is_ours = bool(look.names & {"conversation id", "receipt id"}) and len(look.names & STATISTICS) > 1
    if is_ours and not look.names & BODIES:
        return (
            "Intercom's CSV export, which leaves the messages out; fetch each conversation from the API "
            "(GET /conversations/ID), one JSON a line"
        )
    return ""


def read(looks: Sequence[Look], options: Options) -> Read:  # noqa: ARG001 - the signature of a reader
    """The conversations of Intercom files."""
    yield from each(records_of(looks, json_records), _ticket)


def _ticket(value: object) -> Ticket:
    return identified(value, _conversation, "id")


def _conversation(name: str, value: Mapping[str, Any]) -> Ticket:
    parts = listed(value.get("conversation_parts") or value.get("ticket_parts"), "conversation_parts", "ticket_parts")
    messages = [*_source(value), *(_part(part) for part in parts if _is_said(part))]
    asked = inner(value, "ticket_attributes")
    if not messages and (text := first(asked, "_default_description_")):
        messages = [Message("customer", text, at(value.get("created_at")))]
    ordered = in_order(messages)
    state = first(value, "state", "ticket_state") or first(inner(value, "ticket_state"), "category")
    status = STATUS.get(state, "open")
    solved = first(inner(value, "statistics"), "last_close_at") or first(value, "updated_at")
    created = first(value, "created_at")
    contacts = listed(value.get("contacts"), "contacts")
    return Ticket(
        id=name,
        source=NAME,
        subject=first(value, "title") or first(inner(value, "source"), "subject") or first(asked, "_default_title_"),
        messages=ordered,
        created_at=at(created) if created else ordered[0].at,
        solved_at=at(solved) if solved and status in ("solved", "closed") else None,
        status=status,
        tags=tags(inner(value, "tags").get("tags") or value.get("tags"), "name"),
        csat=_rating(value),
        language=language(first(inner(value, "custom_attributes"), "Language", "language")),
        customer=first(contacts[0], "id") if contacts else first(inner(value, "source", "author"), "id"),
    )


def _source(value: Mapping[str, Any]) -> list[Message]:
    source = inner(value, "source")
    if not source or source.get("redacted") is True or not first(source, "body"):
        return []
    role = _role(inner(source, "author"))
    if first(source, "delivered_as") == "automated":
        role = "bot"
    return [_message(source, role, at(value.get("created_at")), public=True)]


def _is_said(part: Mapping[str, Any]) -> bool:
    return part.get("part_type") in SPOKEN | NOTES and part.get("redacted") is not True and first(part, "body") != ""


def _part(part: Mapping[str, Any]) -> Message:
    role = _role(inner(part, "author"))
    return _message(part, role, at(part.get("created_at")), public=part.get("part_type") not in NOTES)


def _message(value: Mapping[str, Any], role: Role, when: datetime, *, public: bool) -> Message:
    return Message(
        role,
        first(value, "body"),
        when,
        author=first(inner(value, "author"), "name"),
        public=public,
        attachments=attached(value.get("attachments"), "name"),
    )


def _role(author: Mapping[str, Any]) -> Role:
    if author.get("from_ai_agent") is True or author.get("is_ai_answer") is True or author.get("type") == "bot":
        return "bot"
    return "customer" if author.get("type") in CUSTOMERS else "agent"


def _rating(value: Mapping[str, Any]) -> str:
    """Of five faces: four and five are good, one and two bad."""
    rating = inner(value, "conversation_rating").get("rating")
    if isinstance(rating, bool) or not isinstance(rating, int | float):
        return ""
    return "good" if rating >= 4 else "bad" if rating <= 2 else ""


FORMAT = Format(NAME, "Intercom", recognise, read, refuse=refuse)
