"""Small questions that every reader asks of a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket


def first(value: Mapping[str, Any], *keys: str) -> str:
    """The first of the keys that holds something, as text; nothing when none does."""
    for key in keys:
        held = value.get(key)
        if held not in (None, "") and not isinstance(held, dict | list):
            return str(held)
    return ""


def inner(value: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The object at the end of a chain of keys; an empty one when it ends early."""
    for key in keys:
        held = value.get(key)
        value = held if isinstance(held, dict) else {}
    return dict(value)


def flag(value: object) -> bool | None:
    """What a flag says that is written as a truth value, a word or a number; None when it is missing or unclear."""
    word = str(value).strip().lower() if isinstance(value, bool | int | str) else ""
    return True if word in ("true", "1", "yes") else False if word in ("false", "0", "no") else None


def seen(said: bool | None, role: Role, *, otherwise: bool) -> bool:
    """Whether the customer could read a message. Where the export does not say, what customers wrote is public, and
    what the desk wrote as ``otherwise`` (``Options.public_comments``) says: a note must never be learnt as an answer.
    """
    return said if said is not None else otherwise or role == "customer"


def listed(value: object, *keys: str) -> list[dict[str, Any]]:
    """The objects of a list, which may be wrapped in an object under one of ``keys``.

    Raises:
        BadRecord: it holds something else.
    """
    if isinstance(value, dict):
        value = next((value[key] for key in keys if key in value), [value] if value else [])
    if value is None or value == "":
        return []
    if not isinstance(value, list) or not all(isinstance(member, dict) for member in value):
        raise BadRecord(f"'{keys[0] if keys else 'a list'}' is no list of objects")
    return value


def attached(value: object, *keys: str) -> tuple[str, ...]:
    """The names of attachments: each object's first filled key of ``keys``."""
    held = value if isinstance(value, list) else []
    return tuple(name for member in held if isinstance(member, dict) and (name := first(member, *keys)))


def tags(value: object, *keys: str) -> tuple[str, ...]:
    """Tags as text: a list of words, of objects with one of ``keys``, or words between commas."""
    if isinstance(value, str):
        value = value.split(",")
    held = value if isinstance(value, list) else []
    words = (first(member, *keys) if isinstance(member, dict) else str(member).strip() for member in held)
    return tuple(word for word in words if word)


def in_order(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Messages oldest first; of the same time, in the order given. Raises ``BadRecord`` when there are none."""
    held = tuple(sorted(messages, key=lambda message: message.at))
    if not held:
        raise BadRecord("no messages")
    return held


def language(value: object) -> str:
    """The two letters of ``de-AT`` or ``de``; nothing for anything longer."""
    code = str(value or "").replace("_", "-").split("-")[0].lower()
    return code if len(code) == 2 and code.isalpha() else ""


def outcome(messages: Iterable[Message]) -> str:
    """The status of a conversation whose source keeps none: solved once a person of the desk has answered in public."""
    return "solved" if any(message.role == "agent" and message.public for message in messages) else "open"


def identified(value: object, ticket_of: Callable[[str, dict[str, Any]], Ticket], *keys: str) -> Ticket:
    """The ticket of a record, made from its id (the first of ``keys`` that it has) and the record.

    Raises:
        BadRecord: it is no object or has no id; whatever else is wrong with it carries the id.
    """
    if not isinstance(value, dict):
        raise BadRecord("not an object")
    name = first(value, *keys)
    if not name:
        raise BadRecord("no 'id'")
    try:
        return ticket_of(name, value)
    except BadRecord as error:
        raise BadRecord(str(error), name) from None
