"""The ticket: what every help desk's export is turned into, and its JSONL form.

One JSON object per line, the same keys as the dataclasses below, times in UTC ISO 8601 with ``Z``::

    {"id", "source", "subject", "created_at", "solved_at", "status", "tags", "csat", "language", "customer",
     "messages": [{"role", "author", "at", "public", "text", "canned"}]}

A message with files has ``attachments`` as well, their names; a ticket of a company ``organization``, its id, and one
that was reopened ``reopens``, how often.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

Role = Literal["customer", "agent", "bot", "system"]
ROLES: tuple[str, ...] = get_args(Role)


class BadRecord(ValueError):  # noqa: N818 - it is put aside with its place, never raised at a user
    """A record that is no ticket; ``str()`` says what is wrong with it, without quoting it."""

    def __init__(self, problem: str, ticket_id: str = "") -> None:
        super().__init__(problem)
        self.ticket_id = ticket_id


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a ticket, as the help desk stored it: text or HTML, quotes and signatures included."""

    role: Role
    text: str
    at: datetime
    author: str = ""
    """The display name where the export holds it; it is what the redaction looks for, and never leaves it."""
    public: bool = True
    """Whether the customer could read it; False for internal notes."""
    canned: bool = False
    """Whether the help desk marked it as a saved reply."""
    attachments: tuple[str, ...] = ()
    """The names of the files that came with it; the files are never read."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket with its messages, oldest first."""

    id: str
    source: str
    """The help desk's name, such as ``zendesk``."""
    messages: tuple[Message, ...]
    created_at: datetime
    subject: str = ""
    solved_at: datetime | None = None
    status: str = ""
    """Zendesk's words: new, open, pending, hold, solved, closed, deleted; readers translate into them."""
    tags: tuple[str, ...] = ()
    csat: str = ""
    """``good``, ``bad`` or nothing."""
    language: str = ""
    """Two-letter code where the export says it."""
    customer: str = ""
    """The help desk's id of the requester: what keeps one customer on one side of a split."""
    organization: str = ""
    """The help desk's id of the requester's company; the same purpose."""
    reopens: int = 0
    """How often it was solved and opened again."""

    def to_json(self) -> dict[str, Any]:
        """The object of one JSONL line."""
        held: dict[str, Any] = {
            "id": self.id,
            "source": self.source,
            "subject": self.subject,
            "created_at": iso(self.created_at),
            "solved_at": iso(self.solved_at) if self.solved_at else None,
            "status": self.status,
            "tags": list(self.tags),
            "csat": self.csat,
            "language": self.language,
            "customer": self.customer,
            "messages": [_message_json(message) for message in self.messages],
        }
        more = {"organization": self.organization, "reopens": self.reopens}
        return held | {key: value for key, value in more.items() if value}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Ticket:
        """Reads one JSONL object; raises ``BadRecord`` that names the field."""
        name = str(record.get("id") or "")
        if not name:
            raise BadRecord("no 'id'")
        messages = record.get("messages")
        if not isinstance(messages, list) or not messages:
            raise BadRecord("no 'messages'", name)
        try:
            read = tuple(_message(message) for message in messages)
            created = record.get("created_at")
            return cls(
                id=name,
                source=str(record.get("source") or "deskhand"),
                subject=str(record.get("subject") or ""),
                created_at=moment(created) if created else read[0].at,
                solved_at=moment(record["solved_at"]) if record.get("solved_at") else None,
                status=str(record.get("status") or ""),
                tags=tuple(str(tag) for tag in record.get("tags") or ()),
                csat=str(record.get("csat") or ""),
                language=str(record.get("language") or ""),
                customer=str(record.get("customer") or ""),
                organization=str(record.get("organization") or ""),
                reopens=int(record.get("reopens") or 0),
                messages=tuple(sorted(read, key=lambda message: message.at)),
            )
        except BadRecord as error:
            raise BadRecord(str(error), name) from None
        except (TypeError, ValueError, AttributeError):
            raise BadRecord("a field holds the wrong kind of value", name) from None


def _message_json(message: Message) -> dict[str, Any]:
    held: dict[str, Any] = {
        "role": message.role,
        "author": message.author,
        "at": iso(message.at),
        "public": message.public,
        "text": message.text,
        "canned": message.canned,
    }
    return {**held, "attachments": list(message.attachments)} if message.attachments else held


def _message(record: object) -> Message:
    if not isinstance(record, dict):
        raise BadRecord("a message is not an object")
    role = record.get("role")
    if role not in ROLES:
        raise BadRecord(f"a message's 'role' is none of {', '.join(ROLES)}")
    if not isinstance(record.get("text"), str):
        raise BadRecord("a message has no 'text'")
    if not isinstance(record.get("public", True), bool):
        raise BadRecord("a message's 'public' is neither true nor false")
    return Message(
        role=cast("Role", role),
        text=record["text"],
        at=moment(record.get("at")),
        author=str(record.get("author") or ""),
        public=record.get("public", True),
        canned=bool(record.get("canned")),
        attachments=tuple(str(name) for name in record.get("attachments") or ()),
    )


def moment(value: object) -> datetime:
    """A point in time, in UTC: ISO 8601 (without an offset it is taken as UTC), or seconds since 1970.

    Raises:
        BadRecord: it is neither.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        text = str(value).strip().removesuffix(" UTC")
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise BadRecord("a time is neither ISO 8601 nor seconds since 1970") from None


def iso(at: datetime) -> str:
    """``2026-01-31T08:15:00Z``."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def write_tickets(tickets: Iterable[Ticket], path: Path) -> int:
    """Writes tickets as JSONL and says how many."""
    count = 0
    with path.open("w", encoding="utf-8") as out:
        for ticket in tickets:
            out.write(json.dumps(ticket.to_json(), ensure_ascii=False) + "\n")
            count += 1
    return count


def read_tickets(path: Path) -> Iterator[Ticket]:
    """Reads JSONL that ``write_tickets`` wrote; for files from elsewhere use ``open_export``."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Ticket.from_json(json.loads(line))
