"""Reads HubSpot: tickets (CRM JSON or CSV), conversation threads and their messages, joined by their ids.

A thread without a ticket is a ticket of its own. ``COMMENT`` is internal, assignments and changes of status are left
out. A message that the API cut off (``truncationStatus``) is put aside: its end would be missing from what is learnt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from deskhand_finetune.tickets.fields import attached, first, in_order, inner, listed, outcome
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.raw.shelf import Shelf, open_shelf
from deskhand_finetune.tickets.raw.table import cells, read_header, table_records
from deskhand_finetune.tickets.reader import Format, Options, Quarantined, Read, attempt, called
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket
from deskhand_finetune.tickets.times import at

NAME = "hubspot"
SPOKEN = frozenset({"MESSAGE", "COMMENT", "WELCOME_MESSAGE"})
BOT_ACTORS = ("B-", "S-", "I-")
"""Bots, the system and integrations; ``A-`` is an agent, ``V-`` a visitor."""
CLOSED_STAGE = "4"
"""The stage of HubSpot's own support pipeline that is called Closed."""
TICKET_PROPERTIES = frozenset(
    {"hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "hs_ticket_id", "hs_ticket_category"}
)


def _part(record: Mapping[str, Any]) -> str:
    if "conversationsThreadId" in record:
        return "message"
    if TICKET_PROPERTIES & set(inner(record, "properties")):
        return "ticket"
    return "thread" if "inboxId" in record and {"threadAssociations", "associatedContactId"} & set(record) else ""


def recognise(look: Look) -> str:
    """Why the file holds HubSpot messages, or nothing."""
    for record in look.objects:
        if _part(record) == "message":
            return "records with 'conversationsThreadId'"
        if _part(record) == "thread" and "messages" in record:
            return "threads with 'inboxId' and 'messages'"
    return ""


def accompany(look: Look) -> str:
    """Why the file holds HubSpot tickets or threads, or nothing."""
    if look.kind == "table":
        return "a table with 'Ticket ID' and 'Ticket name'" if {"ticket id", "ticket name"} <= look.names else ""
    found = next((part for record in look.objects if (part := _part(record))), "")
    return f"HubSpot {found}s" if found else ""


def refuse(look: Look) -> str:
    """What to export instead of tickets or threads without messages."""
    if accompany(look):
        return (
            "HubSpot tickets or threads without their messages; fetch "
            "/conversations/v3/conversations/threads/ID/messages for each thread and name the folder that holds all"
        )
    return ""


def read(looks: Sequence[Look], options: Options) -> Read:  # noqa: ARG001 - the signature of a reader
    """The tickets and threads of one account."""
    with open_shelf() as shelf:
        for look in looks:
            for number, problem, value in _records(look):
                yield from attempt(f"{look.path.name}:{number}", problem, partial(_keep, shelf), value)
        for key in shelf.keys("ticket"):
            threads = shelf.get("thread of", key)
            if not threads and not first(_properties(shelf.first("ticket", key)), "content"):
                yield Quarantined(called("ticket", key), key, "no thread and no description")
                continue
            yield from _joined(shelf, key, threads)
        for thread in shelf.keys("message"):
            if shelf.first("taken", thread) is None:
                yield from _joined(shelf, "", [thread])


def _records(look: Look) -> Iterator[tuple[int, str, Any]]:
    if look.kind != "table":
        for record in json_records(look.path):
            yield record.number, record.problem, record.value
        return
    header = look.columns or tuple(read_header(look.path))
    for record in table_records(look.path):
        held = {} if record.problem else cells(header, record.value)
        named = {
            "hs_ticket_id": first(held, "ticket id"),
            "subject": first(held, "ticket name"),
            "content": first(held, "ticket description"),
            "createdate": first(held, "create date"),
            "closed_date": first(held, "close date"),
            "hs_ticket_category": first(held, "category"),
            "hs_pipeline_stage": first(held, "ticket status"),
        }
        yield record.number, record.problem, {"id": first(held, "ticket id"), "properties": named}


def _keep(shelf: Shelf, value: object) -> None:
    """Puts a record where it belongs."""
    part = _part(value) if isinstance(value, dict) else ""
    if not isinstance(value, dict) or not part:
        raise BadRecord("neither a ticket, a thread nor a message")
    name = first(value, "conversationsThreadId") if part == "message" else first(value, "id")
    if not name:
        raise BadRecord(f"a {part} without 'id'")
    shelf.put(part, name, value)
    if part == "thread":
        ticket = first(inner(value, "threadAssociations"), "associatedTicketId")
        if ticket:
            shelf.put("thread of", ticket, name)
        for message in listed(value.get("messages"), "results"):
            shelf.put("message", name, message)


def _joined(shelf: Shelf, ticket: str, threads: list[str]) -> Read:
    """One ticket with the messages of its threads; what the API cut off is put aside."""
    messages: list[dict[str, Any]] = []
    for thread in threads:
        shelf.put("taken", thread, True)
        for message in shelf.get("message", thread):
            if first(message, "truncationStatus") not in ("", "NOT_TRUNCATED"):
                where = f"{called('thread', thread)}, {called('message', first(message, 'id'))}"
                yield Quarantined(where, ticket or thread, "cut off by the API; fetch its original-content")
            elif (first(message, "type") or "MESSAGE") in SPOKEN:
                messages.append(message)
    held = shelf.first("thread", threads[0]) if threads else None
    build = partial(_ticket, shelf.first("ticket", ticket) if ticket else None, held or {}, ticket or threads[0])
    yield from attempt(called("ticket", ticket or threads[0]), "", build, messages)


def _properties(ticket: Mapping[str, Any] | None) -> dict[str, Any]:
    return inner(ticket or {}, "properties")


def _ticket(
    ticket: Mapping[str, Any] | None, thread: Mapping[str, Any], name: str, held: list[dict[str, Any]]
) -> Ticket:
    properties = _properties(ticket)
    try:
        messages = [_message(message) for message in held]
        created = first(properties, "createdate") or first(thread, "createdAt")
        if not messages and first(properties, "content"):
            messages = [Message("customer", first(properties, "content"), at(created))]
        ordered = in_order(messages)
        closed = first(properties, "closed_date") or first(thread, "closedAt")
        stage = first(properties, "hs_pipeline_stage").lower()
        is_closed = bool(closed) or stage in (CLOSED_STAGE, "closed") or first(thread, "status") == "CLOSED"
        has_status = bool(stage or first(thread, "status"))
        subject = first(properties, "subject") or next(
            (first(one, "subject") for one in held if first(one, "subject")), ""
        )
        return Ticket(
            id=name,
            source=NAME,
            subject=subject,
            messages=ordered,
            created_at=at(created) if created else ordered[0].at,
            solved_at=at(closed) if closed else ordered[-1].at if is_closed else None,
            status="closed" if is_closed else "open" if has_status else outcome(ordered),
            tags=tuple(filter(None, first(properties, "hs_ticket_category").split(";"))) + _spam(thread),
            customer=first(thread, "associatedContactId"),
        )
    except BadRecord as error:
        raise BadRecord(str(error), name) from None


def _spam(thread: Mapping[str, Any]) -> tuple[str, ...]:
    return ("spam",) if thread.get("spam") is True else ()


def _message(value: Mapping[str, Any]) -> Message:
    sender = next(iter(listed(value.get("senders"))), {})
    role = _role(value, first(sender, "actorId") or first(value, "createdBy"))
    return Message(
        role,
        first(value, "richText", "text"),
        at(value.get("createdAt")),
        author=first(sender, "name"),
        public=value.get("type") in ("MESSAGE", "WELCOME_MESSAGE") or role == "customer",
        attachments=attached(value.get("attachments"), "name"),
    )


def _role(value: Mapping[str, Any], actor: str) -> Role:
    if value.get("type") == "WELCOME_MESSAGE" or actor.startswith(BOT_ACTORS):
        return "bot"
    if actor.startswith("A-"):
        return "agent"
    return "customer" if actor.startswith("V-") or value.get("direction") == "INCOMING" else "agent"


FORMAT = Format(NAME, "HubSpot", recognise, read, accompany, refuse)
