"""Reads Help Scout: conversations with embedded threads (Mailbox API 2.0), one by one or as pages.

Threads come newest first. Line items, drafts and hidden threads are left out, forwards to third parties are internal,
a thread with ``savedReplyId`` is a saved reply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deskhand_finetune.tickets.fields import attached, first, identified, in_order, inner, listed, tags
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.reader import Format, Options, Read, each, records_of
from deskhand_finetune.tickets.ticket import Message, Role, Ticket
from deskhand_finetune.tickets.times import at

NAME = "helpscout"
STATUS = {"active": "open", "open": "open", "pending": "pending", "closed": "closed"}
INTERNAL = frozenset({"note", "forwardparent", "forwardchild"})
SPOKEN = frozenset({"customer", "message", "chat", "phone", "beaconchat"}) | INTERNAL
GOOD, BAD = frozenset({"great", "good", "1"}), frozenset({"bad", "not good", "notgood", "not_good", "3"})


def recognise(look: Look) -> str:
    """Why the file holds Help Scout conversations, or nothing."""
    for record in look.objects:
        held = [key for key in ("mailboxId", "primaryCustomer", "folderId", "userUpdatedAt") if key in record]
        if held and "id" in record and _threads(record) is not None:
            return f"records with {', '.join(map(repr, held))} and threads"
    return ""


def refuse(look: Look) -> str:
    """What to fetch instead of conversations without their threads."""
    if any({"mailboxId", "primaryCustomer"} <= set(record) for record in look.objects):
        return "Help Scout conversations without their threads; fetch them with embed=threads"
    return ""


def read(looks: Sequence[Look], options: Options) -> Read:  # noqa: ARG001 - the signature of a reader
    """The conversations of Help Scout files."""
    yield from each(records_of(looks, json_records), _ticket)


def _threads(value: Mapping[str, Any]) -> object:
    held = inner(value, "_embedded").get("threads")
    return held if held is not None else value.get("threads") if isinstance(value.get("threads"), list) else None


def _ticket(value: object) -> Ticket:
    return identified(value, _conversation, "id")


def _conversation(name: str, value: Mapping[str, Any]) -> Ticket:
    threads = [thread for thread in listed(_threads(value)) if _is_said(thread)]
    messages = in_order(map(_message, reversed(threads)))
    status, closed = first(value, "status"), first(value, "closedAt")
    created = first(value, "createdAt")
    spam = ("spam",) if status == "spam" else ()
    return Ticket(
        id=name,
        source=NAME,
        subject=first(value, "subject"),
        messages=messages,
        created_at=at(created) if created else messages[0].at,
        solved_at=at(closed) if closed else None,
        status="deleted" if value.get("state") == "deleted" else STATUS.get(status, "open"),
        tags=tags(value.get("tags"), "tag", "name") + spam,
        csat=next((rating for thread in threads if (rating := _rating(thread))), ""),
        customer=first(inner(value, "primaryCustomer"), "id", "email") or first(inner(value, "customer"), "id"),
    )


def _is_said(thread: Mapping[str, Any]) -> bool:
    return (
        thread.get("type") in SPOKEN
        and thread.get("state", "published") == "published"
        and first(thread, "body", "text") != ""
    )


def _message(thread: Mapping[str, Any]) -> Message:
    by = inner(thread, "createdBy")
    saved = thread.get("savedReplyId")
    return Message(
        _role(thread, first(by, "type")),
        first(thread, "body", "text"),
        at(thread.get("createdAt")),
        author=" ".join(filter(None, (first(by, "first", "firstName"), first(by, "last", "lastName")))),
        public=thread.get("type") not in INTERNAL,
        canned=isinstance(saved, int) and saved > 0,
        attachments=attached(inner(thread, "_embedded").get("attachments"), "filename", "fileName"),
    )


def _role(thread: Mapping[str, Any], by: str) -> Role:
    if by == "system_user":
        return "bot"
    if thread.get("type") == "customer":
        return "customer"
    return "customer" if by == "customer" and thread.get("type") != "message" else "agent"


def _rating(thread: Mapping[str, Any]) -> str:
    held = thread.get("rating")
    word = (first(held, "rating", "value", "name") if isinstance(held, dict) else str(held or "")).lower()
    return "good" if word in GOOD else "bad" if word in BAD else ""


FORMAT = Format(NAME, "Help Scout", recognise, read, refuse=refuse)
