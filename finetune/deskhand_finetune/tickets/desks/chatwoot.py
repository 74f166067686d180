"""Reads Chatwoot: conversations with their messages, and pages of messages joined by ``conversation_id``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from deskhand_finetune.tickets.fields import (
    attached,
    first,
    flag,
    in_order,
    inner,
    language,
    listed,
    outcome,
    seen,
    tags,
)
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.raw.shelf import Shelf, open_shelf
from deskhand_finetune.tickets.reader import Format, Options, Read, attempt
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket
from deskhand_finetune.tickets.times import at

NAME = "chatwoot"
STATUS = {"open": "open", "resolved": "solved", "pending": "pending", "snoozed": "pending"}
TYPES = {"0": "incoming", "1": "outgoing", "2": "activity", "3": "template"}
SURVEY = "input_csat"


def _is_message(record: Mapping[str, Any]) -> bool:
    return {"message_type", "content", "conversation_id"} <= set(record)


def _is_conversation(record: Mapping[str, Any]) -> bool:
    held = record.get("messages")
    has_messages = isinstance(held, list) and any(isinstance(one, dict) and "message_type" in one for one in held)
    return has_messages and "id" in record and bool({"account_id", "inbox_id", "meta"} & set(record))


def recognise(look: Look) -> str:
    """Why the file holds Chatwoot conversations or messages, or nothing."""
    for record in look.objects:
        if _is_message(record):
            return "records with 'conversation_id', 'message_type' and 'content'"
        if _is_conversation(record):
            return "records with 'messages' of 'message_type'"
    return ""


def read(looks: Sequence[Look], options: Options) -> Read:
    """The conversations of one account."""
    with open_shelf() as shelf:
        for look in looks:
            for record in json_records(look.path):
                keep = partial(_keep, shelf)
                yield from attempt(f"{look.path.name}:{record.number}", record.problem, keep, record.value)
        for key in shelf.keys("message"):
            yield from attempt(
                f"conversation {key}", "", partial(_ticket, shelf, otherwise=options.public_comments), key
            )


def _keep(shelf: Shelf, value: object) -> None:
    if not isinstance(value, dict):
        raise BadRecord("not an object")
    if _is_message(value):
        shelf.put("message", first(value, "conversation_id"), value)
        return
    name = first(value, "id")
    messages = listed(value.get("messages"), "payload")
    if not name or not messages:
        raise BadRecord("no 'id'" if not name else "no messages", name)
    shelf.put("conversation", name, {key: held for key, held in value.items() if key != "messages"})
    for message in messages:
        shelf.put("message", name, message)


def _ticket(shelf: Shelf, name: str, *, otherwise: bool) -> Ticket:
    value = shelf.first("conversation", name) or {}
    once = {first(message, "id") or number: message for number, message in enumerate(shelf.get("message", name))}
    said = [message for message in once.values() if inner(message, "content_attributes").get("deleted") is not True]
    try:
        messages = in_order(
            _message(message, otherwise=otherwise) for message in said if first(message, "content_type") != SURVEY
        )
        status = STATUS.get(first(value, "status"), "") or outcome(messages)
        created = first(value, "created_at")
        rated = [message for message in said if first(message, "content_type") == SURVEY]
        sender = inner(value, "meta", "sender")
        asked = (inner(one, "sender") for one in said if _role(one) == "customer")
        return Ticket(
            id=name,
            source=NAME,
            subject=first(inner(value, "additional_attributes"), "mail_subject"),
            messages=messages,
            created_at=at(created) if created else messages[0].at,
            solved_at=messages[-1].at if status == "solved" else None,
            status=status,
            tags=tags(value.get("labels"), "title"),
            csat=next((rating for message in rated if (rating := _rating(message))), ""),
            language=language(first(inner(value, "additional_attributes"), "browser_language")),
            customer=first(sender, "id") or next((name for one in asked if (name := first(one, "id"))), ""),
        )
    except BadRecord as error:
        raise BadRecord(str(error), name) from None


def _message(value: Mapping[str, Any], *, otherwise: bool) -> Message:
    role, private = _role(value), flag(value.get("private"))
    return Message(
        role,
        first(value, "content"),
        at(value.get("created_at")),
        author=first(inner(value, "sender"), "name", "available_name"),
        public=seen(None if private is None else not private, role, otherwise=otherwise),
        attachments=_names(value),
    )


def _names(value: Mapping[str, Any]) -> tuple[str, ...]:
    """Chatwoot keeps the address of a file, whose last part is its name."""
    return tuple(
        name.split("?")[0].rsplit("/", 1)[-1] for name in attached(value.get("attachments"), "file_name", "data_url")
    )


def _role(value: Mapping[str, Any]) -> Role:
    kind = first(value, "message_type")
    kind = TYPES.get(kind, kind)
    if kind == "activity":
        return "system"
    sender = (first(value, "sender_type") or first(inner(value, "sender"), "type")).lower()
    if kind == "template" or sender in ("agentbot", "agent_bot", "captain::assistant"):
        return "bot"
    return "customer" if kind == "incoming" else "agent"


def _rating(value: Mapping[str, Any]) -> str:
    stars = inner(value, "content_attributes", "submitted_values", "csat_survey_response").get("rating")
    if isinstance(stars, bool) or not isinstance(stars, int | float):
        return ""
    return "good" if stars >= 4 else "bad" if stars <= 2 else ""


FORMAT = Format(NAME, "Chatwoot", recognise, read)
