"""Reads Zendesk: account exports (NDJSON), pages of the ticket API, comments nested in each ticket.

Users come from objects inside the tickets (``requester``, ``users`` beside ``tickets``) or from a file ``users*.json``,
plain or gzip, next to the export. Not covered: the CSV export, which holds no messages at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deskhand_finetune.tickets.records import Record, read_records
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket, moment

NAME = "zendesk"

TELLTALE = ("requester_id", "requester", "comments", "via", "satisfaction_rating", "submitter_id", "description")
AUTOMATIC_CHANNELS = frozenset({"rule", "system"})
BOT_NAMES = re.compile(r"\b(answer ?bot|chat ?bot|bot)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class User:
    """Who wrote: the display name, and the part in the help desk (``end-user``, ``agent``, ``admin``)."""

    name: str
    role: str


def recognise(first: object) -> str:
    """Why the first record is a Zendesk ticket, or nothing."""
    if not isinstance(first, dict) or "id" not in first:
        return ""
    held = [key for key in TELLTALE if key in first]
    is_ours = ("comments" in held and len(held) > 1) or ("description" in held and "via" in held)
    return f"records with {', '.join(repr(key) for key in ['id', *held])}" if is_ours else ""


class ZendeskReader:
    """The tickets of one or several files of one account."""

    def __init__(self, files: list[Path]) -> None:
        self.files = files
        self.users = _users_beside(files)

    def records(self) -> Iterator[tuple[Path, Record]]:
        for file in self.files:
            for record in read_records(file):
                self.users.update(_users(record.beside.get("users")))
                yield file, record

    def ticket(self, value: object) -> Ticket | None:
        """One ticket; None for a line that is no record at all (the header line of some exports)."""
        if isinstance(value, dict) and "ticket" in value and "id" not in value:
            value = value["ticket"]
        if _is_header(value):
            return None
        if not isinstance(value, dict):
            raise BadRecord("not an object")
        if value.get("id") in (None, ""):
            raise BadRecord("no 'id'")
        name = str(value["id"])
        try:
            return self._ticket(name, value)
        except BadRecord as error:
            raise BadRecord(str(error), name) from None
        except (TypeError, AttributeError, KeyError, ValueError):
            raise BadRecord("a field holds the wrong kind of value", name) from None

    def _ticket(self, name: str, value: dict[str, Any]) -> Ticket:
        users = {**self.users, **_embedded(value)}
        requester = _requester(value)
        comments = value.get("comments")
        if not comments:
            comments = [_description(value, requester)] if value.get("description") else []
        if not isinstance(comments, list):
            raise BadRecord("'comments' is not a list")
        messages = [self._message(comment, requester, users) for comment in comments]
        if not messages:
            raise BadRecord("no comments and no description")
        status = str(value.get("status") or "").lower()
        metrics = value.get("metric_set") or {}
        solved = value.get("solved_at") or metrics.get("solved_at")
        if not solved and status in ("solved", "closed"):
            solved = value.get("updated_at")
        created = value.get("created_at")
        return Ticket(
            id=name,
            source=NAME,
            subject=str(value.get("subject") or value.get("raw_subject") or ""),
            created_at=moment(created) if created else messages[0].at,
            solved_at=moment(solved) if solved else None,
            status=status,
            tags=tuple(str(tag) for tag in value.get("tags") or ()),
            csat=_rating(value.get("satisfaction_rating")),
            language=str(value.get("language") or value.get("locale") or "")[:2].lower(),
            customer=requester,
            messages=tuple(sorted(messages, key=lambda message: message.at)),
        )

    def _message(self, comment: object, requester: str, users: dict[str, User]) -> Message:
        if not isinstance(comment, dict):
            raise BadRecord("a comment is not an object")
        author = str(comment.get("author_id") or (comment.get("author") or {}).get("id") or "")
        user = users.get(author)
        text = comment.get("html_body") or comment.get("plain_body") or comment.get("body") or ""
        return Message(
            role=_role(comment, author, requester, user),
            text=str(text),
            at=moment(comment.get("created_at")),
            author=user.name if user else "",
            public=comment.get("public") is not False,
        )


def _role(comment: dict[str, Any], author: str, requester: str, user: User | None) -> Role:
    channel = (comment.get("via") or {}).get("channel")
    if channel in AUTOMATIC_CHANNELS or author in ("-1", ""):
        return "system"
    if author == requester:
        return "customer"
    if user is None:
        return "agent"
    if user.role == "system":
        return "system"
    if BOT_NAMES.search(user.name):
        return "bot"
    return "customer" if user.role == "end-user" else "agent"


def _requester(value: dict[str, Any]) -> str:
    held = value.get("requester_id")
    if held is None and isinstance(value.get("requester"), dict):
        held = value["requester"].get("id") or value["requester"].get("email")
    return str(held or "")


def _description(value: dict[str, Any], requester: str) -> dict[str, Any]:
    """The ticket's description in the shape of a comment: what the customer wrote first."""
    return {
        "author_id": value.get("submitter_id") or requester,
        "body": value["description"],
        "public": value.get("is_public", True),
        "created_at": value.get("created_at"),
    }


def _rating(value: object) -> str:
    score = value.get("score") if isinstance(value, dict) else value
    score = str(score or "").lower()
    return next((word for word in ("good", "bad") if score.startswith(word)), "")


def _is_header(value: object) -> bool:
    """Some account exports begin with a line about the export, or with a list of column names."""
    if isinstance(value, list):
        return all(isinstance(member, str) for member in value)
    return isinstance(value, dict) and "id" not in value and not any(key in value for key in ("comments", "subject"))


def _user(record: object) -> tuple[str, User] | None:
    if not isinstance(record, dict) or record.get("id") is None:
        return None
    role = str(record.get("role") or ("agent" if record.get("agent") else "")).lower()
    return str(record["id"]), User(str(record.get("name") or ""), role)


def _embedded(value: dict[str, Any]) -> dict[str, User]:
    """Users inside one ticket; a requester without a role is the customer."""
    found: dict[str, User] = {}
    for key, default in (("requester", "end-user"), ("submitter", ""), ("assignee", "agent")):
        read = _user(value.get(key))
        if read:
            found[read[0]] = User(read[1].name, read[1].role or default)
    for comment in value.get("comments") or ():
        read = _user(comment.get("author")) if isinstance(comment, dict) else None
        if read:
            found[read[0]] = read[1]
    return found


def _users_beside(files: list[Path]) -> dict[str, User]:
    found: dict[str, User] = {}
    for folder in sorted({file.parent for file in files}):
        for file in sorted([*folder.glob("users*.json"), *folder.glob("users*.json.gz"), *folder.glob("users*.jsonl")]):
            for record in read_records(file):
                held = record.value.get("users") if isinstance(record.value, dict) else None
                found.update(_users(held if isinstance(held, list) else [record.value]))
    return found


def _users(records: object) -> dict[str, User]:
    return dict(read for read in map(_user, records if isinstance(records, list) else ()) if read)
