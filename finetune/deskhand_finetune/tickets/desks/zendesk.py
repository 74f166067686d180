"""Reads Zendesk: account exports (NDJSON, XML), pages of the ticket API, incremental ticket events and audits.

Comments stand in each ticket, or come from ticket events or audits in the same export; a ticket without any gives its
description. Users come from objects inside the tickets, from ``users`` in a page, or from a file of users beside them.
Not covered: the CSV export, which holds no messages at all, and chat transcripts kept outside of comments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deskhand_finetune.tickets.fields import first, flag, inner, seen
from deskhand_finetune.tickets.raw.files import CHUNK, open_text
from deskhand_finetune.tickets.raw.json_records import Record, json_records
from deskhand_finetune.tickets.raw.look import Look, first_objects, most
from deskhand_finetune.tickets.raw.shelf import Shelf, open_shelf
from deskhand_finetune.tickets.raw.xml_records import xml_records
from deskhand_finetune.tickets.reader import Format, Options, Quarantined, Read, attempt, called
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket, moment

NAME = "zendesk"

TELLTALE = ("requester_id", "requester", "comments", "via", "satisfaction_rating", "submitter_id", "description")
XML_TELLTALE = re.compile(r"<ticket>.*<(?:nice-id|requester-id|status-id)\b", re.DOTALL)
TICKET_KEYS = frozenset({"requester_id", "requester", "comments", "subject"})
ASIDE = frozenset({"users", "organizations"})
"""Lists of a page that say who is who."""
USERS_OR_EVENTS = re.compile(r'"role"\s{0,4}:\s{0,4}"(?:end-user|agent|admin)"|"(?:child_)?events"\s{0,4}:')
LONGEST_MARK = 40
AUTOMATIC_CHANNELS = frozenset({"rule", "system"})
BOT_NAMES = re.compile(r"\b(answer ?bot|chat ?bot|bot)\b", re.IGNORECASE)
XML_STATUS = ("new", "open", "pending", "solved", "closed", "deleted", "hold")
EVENT_FIELDS = frozenset({"subject", "requester_id", "status", "tags", "description", "submitter_id", "created_at"})


@dataclass(frozen=True, slots=True)
class User:
    """Who wrote: the display name, and the part in the help desk (``end-user``, ``agent``, ``admin``)."""

    name: str
    role: str


def recognise(look: Look) -> str:
    """Why the file holds Zendesk tickets or events, or nothing."""
    if look.kind == "xml":
        return "XML with <ticket> and Zendesk's fields" if XML_TELLTALE.search(look.head) else ""
    for record in look.objects:
        if _is_event(record):
            return "records with 'ticket_id' and 'child_events' or 'events'"
        inner = record.get("ticket", record)
        if not isinstance(inner, dict) or "id" not in inner or ("status" not in inner and "comments" not in inner):
            continue
        held = [key for key in TELLTALE if key in inner]
        if ("comments" in held and len(held) > 1) or ("description" in held and "via" in held):
            return f"records with {', '.join(repr(key) for key in ['id', *held])}"
    return ""


def accompany(look: Look) -> str:
    """Why the file holds a Zendesk account's users or organisations, or nothing."""
    held = look.objects
    if most(held, _is_user):
        return "records with 'id', 'role' and a name or address"
    return "a list of organisations" if most(held, lambda record: "domain_names" in record) else ""


def refuse(look: Look) -> str:
    """What to export instead of Zendesk's CSV."""
    if "summation column" in look.names or {"requester", "requester id", "satisfaction score"} <= look.names:
        return (
            "Zendesk's CSV export, which leaves the messages out; export JSON or XML (Admin Center, Account, Tools, "
            "Reports, Export), or the API's tickets with their comments"
        )
    if most(look.objects, lambda one: {"author_id", "public", "html_body"} <= set(one) and "ticket_id" not in one):
        return "Zendesk comments that do not say of which ticket; put each ticket's into its 'comments'"
    return "a list of users, not of tickets; name the file with the tickets" if accompany(look) else ""


def read(looks: Sequence[Look], options: Options) -> Read:
    """The tickets of the files of one account: first who is who and what happened, wherever it stands, then tickets."""
    with open_shelf() as shelf:
        desk = _Desk(shelf, options)
        apart: set[Path] = set()
        for one in looks:
            if one.kind != "json":
                continue
            is_apart = _holds_no_tickets(one) or bool(accompany(one))
            if is_apart or _says_more(one.path):
                problems, tickets = desk.joined(one.path)
                if is_apart and not tickets:
                    apart.add(one.path)
                    yield from problems
        for one in looks:
            if one.path in apart:
                continue
            records = xml_records(one.path, ("ticket",)) if one.kind == "xml" else json_records(one.path)
            for record in records:
                if record.problem or not (record.key in ASIDE or _is_aside(record.value)):
                    value = record.value if one.kind == "json" else _from_xml(record)
                    yield from attempt(f"{one.path.name}:{record.number}", record.problem, desk.ticket, value)
        for name in shelf.keys("event"):
            if shelf.first("seen", name) is None:
                yield from attempt(called("ticket", name), "", desk.ticket_of_events, name)


def _holds_no_tickets(look: Look) -> bool:
    """Whether a file holds what is joined to tickets; the page's list says it, else its first records."""
    if look.keys - {""}:
        return bool(look.keys & {"ticket_events", "audits", "users", "organizations"}) and "tickets" not in look.keys
    return most(first_objects(look.path), lambda one: _is_aside(one) or "domain_names" in one)


def _says_more(path: Path) -> bool:
    """Whether users or events stand somewhere in a file: they may come after the tickets that need them. A search
    costs a few percent of decoding the file, which tickets without either are spared.
    """
    with open_text(path, []) as text:
        held = ""
        while more := text.read(CHUNK):
            held += more
            if USERS_OR_EVENTS.search(held):
                return True
            held = held[-LONGEST_MARK:]
    return False


def _is_ticket(value: object) -> bool:
    held = value.get("ticket", value) if isinstance(value, dict) else None
    return isinstance(held, dict) and not _is_aside(held) and bool(TICKET_KEYS & set(held))


def _is_aside(value: object) -> bool:
    return _is_event(value) or (isinstance(value, dict) and _is_user(value))


def _is_user(value: dict[str, Any]) -> bool:
    return {"id", "role"} <= set(value) and bool({"name", "email"} & set(value)) and "comments" not in value


class _Desk:
    """One account: who its users are, and what its events say."""

    def __init__(self, shelf: Shelf, options: Options) -> None:
        self._shelf = shelf
        self._otherwise = options.public_comments

    def joined(self, path: Path) -> tuple[list[Quarantined], int]:
        """Keeps the users and events of a file; gives what of it cannot be read, and how many tickets it holds too."""
        problems: list[Quarantined] = []
        tickets = 0
        for record in json_records(path):
            if record.key not in ASIDE and _is_ticket(record.value):
                tickets += 1
                continue
            read = attempt(f"{path.name}:{record.number}", record.problem, self.keep, record.value)
            problems += [bad for bad in read if isinstance(bad, Quarantined)]
        return problems, tickets

    def keep(self, value: object) -> None:
        """Keeps a user's record, or a ticket event."""
        if not isinstance(value, dict):
            raise BadRecord("not an object")
        if _is_event(value):
            self._shelf.put("event", str(value["ticket_id"]), value)
        elif "domain_names" not in value and (read := _user(value)):  # an organisation's id may be a user's too
            self._shelf.put("user", read[0], [read[1].name, read[1].role])

    def ticket(self, value: object) -> Ticket | None:
        """One ticket; None for a line that is no record at all (the header line of some exports)."""
        if isinstance(value, dict) and "ticket" in value and "id" not in value:
            value = value["ticket"]
        if _is_header(value):
            return None
        if not isinstance(value, dict):
            raise BadRecord("not an object")
        if _is_event(value):
            self.keep(value)
            return None
        if value.get("id") in (None, ""):
            raise BadRecord("no 'id'")
        name = str(value["id"])
        try:
            events = self._shelf.get("event", name)
            if events:
                self._shelf.put("seen", name, True)
                value = {**value, "comments": value.get("comments") or _comments_of(events)}
            return self._ticket(name, value)
        except BadRecord as error:
            raise BadRecord(str(error), name) from None

    def ticket_of_events(self, name: str) -> Ticket:
        """A ticket of which the export holds the events only."""
        events = sorted(self._shelf.get("event", name), key=lambda event: moment(_time_of(event)))
        fields: dict[str, Any] = {"id": name, "created_at": _time_of(events[0]), "updated_at": _time_of(events[-1])}
        for event in events:
            for child in _children(event):
                fields.update({key: child[key] for key in EVENT_FIELDS & set(child) if key != "created_at"})
                if child.get("field_name") in EVENT_FIELDS:
                    fields[child["field_name"]] = child.get("value")
            fields.setdefault("requester_id", event.get("updater_id") or event.get("author_id"))
        return self._ticket(name, {**fields, "comments": _comments_of(events)})

    def _ticket(self, name: str, value: Mapping[str, Any]) -> Ticket:
        users = _embedded(value)
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
            organization=str(value.get("organization_id") or ""),
            reopens=_reopens(metrics),
            messages=tuple(sorted(messages, key=lambda message: message.at)),
        )

    def _message(self, comment: object, requester: str, users: dict[str, User]) -> Message:
        if not isinstance(comment, dict):
            raise BadRecord("a comment is not an object")
        author = str(comment.get("author_id") or (comment.get("author") or {}).get("id") or "")
        user = users.get(author)
        if user is None and (held := self._shelf.first("user", author)):
            user = User(*held)
        text = comment.get("html_body") or comment.get("plain_body") or comment.get("body") or ""
        role = _role(comment, author, requester, user)
        said = flag(comment.get("public", comment.get("comment_public")))
        return Message(
            role=role,
            text=str(text),
            at=moment(comment.get("created_at")),
            author=user.name if user else "",
            public=seen(said, role, otherwise=self._otherwise),
            canned=comment.get("canned") is True,
            attachments=tuple(
                str(held["file_name"]) for held in comment.get("attachments") or () if "file_name" in held
            ),
        )


def _role(comment: dict[str, Any], author: str, requester: str, user: User | None) -> Role:
    channel = first(inner(comment, "via"), "channel")
    if channel in AUTOMATIC_CHANNELS or author in ("-1", "") or comment.get("type") == "VoiceComment":
        return "system"
    if channel.startswith("answer_bot"):
        return "bot"
    if author == requester:
        return "customer"
    if user is None:
        return "agent"
    if user.role == "system":
        return "system"
    if BOT_NAMES.search(user.name):
        return "bot"
    return "customer" if user.role == "end-user" else "agent"


def _reopens(metrics: object) -> int:
    held = metrics.get("reopens") if isinstance(metrics, dict) else 0
    return held if isinstance(held, int) else 0


def _requester(value: Mapping[str, Any]) -> str:
    held = value.get("requester_id")
    if held is None and isinstance(value.get("requester"), dict):
        held = value["requester"].get("id") or value["requester"].get("email")
    return str(held or "")


def _description(value: Mapping[str, Any], requester: str) -> dict[str, Any]:
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
    return isinstance(value, dict) and not any(key in value for key in ("id", "ticket_id", "comments", "subject"))


def _is_event(value: object) -> bool:
    return isinstance(value, dict) and "ticket_id" in value and ("child_events" in value or "events" in value)


def _children(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    held = event.get("child_events") or event.get("events") or []
    return [child for child in held if isinstance(child, dict)]


def _time_of(event: Mapping[str, Any]) -> object:
    return event.get("created_at") or event.get("timestamp")


def _comments_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The comments in ticket events or audits; one that a macro wrote is a saved reply."""
    found = []
    for event in events:
        kinds = {str(child.get("event_type") or child.get("type")) for child in _children(event)}
        for child in _children(event):
            if "Comment" in (child.get("event_type"), child.get("type")):
                who = {"author_id": event.get("updater_id") or event.get("author_id"), "via": event.get("via")}
                found.append({**who, "created_at": _time_of(event), **child, "canned": "AgentMacroReference" in kinds})
    return found


def _user(record: object) -> tuple[str, User] | None:
    if not isinstance(record, dict) or record.get("id") is None:
        return None
    role = str(record.get("role") or ("agent" if record.get("agent") else "")).lower()
    return str(record["id"]), User(str(record.get("name") or ""), role)


def _embedded(value: Mapping[str, Any]) -> dict[str, User]:
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


def _from_xml(record: Record) -> object:
    """An XML ticket with the names of the JSON one."""
    if not isinstance(record.value, dict):
        return record.value
    value = {key.replace("-", "_"): held for key, held in record.value.items()}
    status = str(value.get("status_id") or "")
    comments = value.get("comments") or []
    return {
        **value,
        "id": value.get("nice_id") or value.get("id"),
        "status": value.get("status") or (XML_STATUS[int(status)] if status in "0123456" and status else ""),
        "tags": str(value.get("current_tags") or "").split(),
        "comments": [_xml_comment(held) for held in (comments.values() if isinstance(comments, dict) else comments)],
    }


def _xml_comment(held: object) -> object:
    if not isinstance(held, dict):
        return held
    return {
        "author_id": held.get("author-id"),
        "body": held.get("value") or held.get("body"),
        "public": held.get("is-public"),
        "created_at": held.get("created-at"),
    }


FORMAT = Format(NAME, "Zendesk", recognise, read, accompany, refuse)
