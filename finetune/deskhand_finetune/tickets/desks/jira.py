"""Reads Jira Service Management: REST issues (ADF or wiki text), service-desk requests and comments, the CSV export.

The first message is the issue's description, the reporter the customer. A comment is internal when ``jsdPublic`` (or
``public``) is false, or when its visibility is restricted. Where that is not said (the CSV never says it, nor do issues
of projects without a portal), the desk's comments count as internal unless ``Options.public_comments`` says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from deskhand_finetune.tickets.fields import attached, first, flag, in_order, inner, language, listed, seen, tags
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.look import Look, first_objects, most
from deskhand_finetune.tickets.raw.shelf import Shelf, open_shelf
from deskhand_finetune.tickets.raw.table import cells, plain_name, read_header, table_records
from deskhand_finetune.tickets.reader import Format, Options, Read, attempt
from deskhand_finetune.tickets.text.adf import adf_to_text
from deskhand_finetune.tickets.text.wiki import wiki_to_text
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket
from deskhand_finetune.tickets.times import at

NAME = "jira"
CATEGORIES = {"done": "solved", "new": "new", "indeterminate": "open", "undefined": "open"}
DONE = frozenset({"done", "resolved", "closed", "canceled", "cancelled", "completed", "fertig", "erledigt"})
OF_REQUEST = re.compile(r"/request/([^/]+)/comment")


def recognise(look: Look) -> str:
    """Why the file holds Jira issues, or nothing."""
    if look.kind == "table":
        return "a table with 'Issue key' and 'Summary'" if {"issue key", "summary", "reporter"} <= look.names else ""
    for record in look.objects:
        fields = record.get("fields")
        if "key" in record and isinstance(fields, dict) and {"summary", "description", "reporter"} & set(fields):
            return "records with 'key' and 'fields'"
        if "issueKey" in record and "requestFieldValues" in record:
            return "records with 'issueKey' and 'requestFieldValues'"
    return ""


def accompany(look: Look) -> str:
    """Why the file holds comments of service-desk requests, or nothing."""
    return "comments that link to their request" if most(look.objects, _request_of) else ""


def refuse(look: Look) -> str:
    """What to name instead of comments alone."""
    return "comments of service-desk requests; name the folder that holds the requests too" if accompany(look) else ""


def read(looks: Sequence[Look], options: Options) -> Read:
    """The issues of Jira files."""
    with open_shelf() as shelf:
        joined = [one for one in looks if one.kind == "json" and most(first_objects(one.path), _request_of)]
        for one in joined:
            for record in json_records(one.path):
                keep = partial(_keep, shelf)
                yield from attempt(f"{one.path.name}:{record.number}", record.problem, keep, record.value)
        for one in looks:
            if one.kind == "table":
                yield from _table(one, options)
            elif one not in joined:
                for record in json_records(one.path):
                    ticket = partial(_ticket, shelf=shelf, otherwise=options.public_comments)
                    yield from attempt(f"{one.path.name}:{record.number}", record.problem, ticket, record.value)


def _request_of(comment: Mapping[str, Any]) -> str:
    """The id or key of the request that a service-desk comment belongs to."""
    found = OF_REQUEST.search(first(inner(comment, "_links"), "self"))
    return found[1] if found and "body" in comment else ""


def _keep(shelf: Shelf, value: object) -> None:
    request = _request_of(value) if isinstance(value, dict) else ""
    if not request:
        raise BadRecord("a comment without a link to its request")
    shelf.put("comment", request, value)


def _ticket(value: object, shelf: Shelf, *, otherwise: bool) -> Ticket:
    if not isinstance(value, dict):
        raise BadRecord("not an object")
    name = first(value, "key", "issueKey")
    if not name:
        raise BadRecord("no 'key'")
    try:
        joined = [held for key in (name, first(value, "id", "issueId")) for held in shelf.get("comment", key)]
        return (_request if "issueKey" in value else _issue)(name, value, joined, otherwise=otherwise)
    except BadRecord as error:
        raise BadRecord(str(error), name) from None


def _issue(name: str, value: Mapping[str, Any], joined: list[dict[str, Any]], *, otherwise: bool) -> Ticket:
    fields = inner(value, "fields")
    reporter = inner(fields, "reporter") or inner(fields, "creator")
    customer = _id_of(reporter)
    created = at(fields.get("created"))
    messages = [
        Message(
            "customer",
            _text(fields.get("description")) or first(fields, "summary"),
            created,
            author=first(reporter, "displayName"),
            attachments=attached(fields.get("attachment"), "filename"),
        )
    ]
    comments = [*listed(fields.get("comment"), "comments", "values"), *joined]
    messages += [_comment(held, customer, otherwise=otherwise) for held in comments]
    resolved = first(fields, "resolutiondate")
    category = first(inner(fields, "status", "statusCategory"), "key")
    done = bool(resolved) or first(inner(fields, "status"), "name").lower() in DONE
    return Ticket(
        id=name,
        source=NAME,
        subject=first(fields, "summary"),
        messages=in_order(messages),
        created_at=created,
        solved_at=at(resolved) if resolved else None,
        status="solved" if done else CATEGORIES.get(category, "open"),
        tags=tags(fields.get("labels")),
        csat=next(
            (rating for key, held in fields.items() if key.startswith("customfield_") and (rating := _rating(held))), ""
        ),
        language=language(first(inner(fields, "requestLanguage"), "languageCode")),
        customer=customer,
    )


def _request(name: str, value: Mapping[str, Any], joined: list[dict[str, Any]], *, otherwise: bool) -> Ticket:
    """A service-desk request, whose fields are a list."""
    answers = {first(held, "fieldId"): held.get("value") for held in listed(value.get("requestFieldValues"))}
    reporter = inner(value, "reporter")
    customer = _id_of(reporter)
    created = _moment(value.get("createdDate"))
    text = _text(answers.get("description")) or str(answers.get("summary") or "")
    comments = [*listed(value.get("comments"), "values"), *joined]
    status = inner(value, "currentStatus")
    is_done = first(status, "statusCategory").lower() == "done" or first(status, "status").lower() in DONE
    return Ticket(
        id=name,
        source=NAME,
        subject=str(answers.get("summary") or ""),
        messages=in_order(
            [
                Message("customer", text, created, author=first(reporter, "displayName")),
                *(_comment(held, customer, otherwise=otherwise) for held in comments),
            ]
        ),
        created_at=created,
        solved_at=_moment(status.get("statusDate")) if is_done and status.get("statusDate") else None,
        status="solved" if is_done else CATEGORIES.get(first(status, "statusCategory").lower(), "open"),
        customer=customer,
    )


def _comment(value: Mapping[str, Any], customer: str, *, otherwise: bool) -> Message:
    author = inner(value, "author")
    by = _id_of(author)
    kind = first(author, "accountType")
    role: Role = "bot" if kind == "app" else "customer" if kind == "customer" or by == customer else "agent"
    said = [flag(value[key]) for key in ("jsdPublic", "public") if key in value]
    said += [not flag(inner(held, "value").get("internal")) for held in listed(value.get("properties"))]
    # Staff can write internal comments on what they reported themselves; a portal customer cannot.
    public = seen(
        min(said, key=str) if said else None, "customer" if kind == "customer" else "agent", otherwise=otherwise
    )
    return Message(
        role,
        _text(value.get("body")) or first(value, "renderedBody"),
        _moment(value.get("created")),
        author=first(author, "displayName"),
        public=public and not value.get("visibility"),
        attachments=attached(inner(value, "attachments").get("values") or value.get("attachments"), "filename"),
    )


def _id_of(person: Mapping[str, Any]) -> str:
    return first(person, "accountId", "key", "name", "emailAddress")


def _moment(value: object) -> datetime:
    """A time as it is, or as the service desk writes it: an object with the same time in several forms."""
    return at(first(value, "iso8601", "epochMillis") if isinstance(value, dict) else value)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return adf_to_text(value)
    return wiki_to_text(value) if isinstance(value, str) else ""


def _rating(value: object) -> str:
    stars = value.get("rating") if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(stars, bool) or not isinstance(stars, int | float):
        return ""
    return "good" if stars >= 4 else "bad" if stars <= 2 else ""


def _table(look: Look, options: Options) -> Read:
    header = look.columns or tuple(read_header(look.path))
    for record in table_records(look.path):
        ticket = partial(_row, header=header, public=options.public_comments)
        yield from attempt(f"{look.path.name}:{record.number}", record.problem, ticket, record.value)


def _row(row: list[str], header: Sequence[str], *, public: bool) -> Ticket:
    held = cells(header, row)
    name = first(held, "issue key")
    if not name:
        raise BadRecord("no 'Issue key'")
    try:
        created = at(held.get("created"), day_first=True)
        people = {first(held, "reporter"), first(held, "reporter id"), first(held, "reporter name")} - {""}
        text = wiki_to_text(first(held, "description")) or first(held, "summary")
        files = tuple(cell.split(";")[2] for cell in _repeated(header, row, "attachment") if cell.count(";") >= 3)
        messages = [Message("customer", text, created, author=first(held, "reporter"), attachments=files)]
        messages += [_cell(cell, people, first(held, "reporter"), public) for cell in _repeated(header, row, "comment")]
        resolved = first(held, "resolved")
        status = first(held, "status").lower()
        return Ticket(
            id=name,
            source=NAME,
            subject=first(held, "summary"),
            messages=in_order(messages),
            created_at=created,
            solved_at=at(resolved, day_first=True) if resolved else None,
            status="solved" if resolved or status in DONE else "open",
            tags=tuple(_repeated(header, row, "labels")),
            csat=_stars(
                first(
                    held, "satisfaction rating", "custom field (satisfaction rating)", "satisfaction score (out of 5)"
                )
            ),
            customer=first(held, "reporter id", "reporter"),
        )
    except BadRecord as error:
        raise BadRecord(str(error), name) from None


def _repeated(header: Sequence[str], row: list[str], name: str) -> Iterator[str]:
    """The filled cells of a column that comes several times; cells beyond the header belong to its last column."""
    names = [plain_name(column) for column in header]
    names += names[-1:] * (len(row) - len(names))
    return (cell.strip() for column, cell in zip(names, row, strict=False) if column == name and cell.strip())


def _cell(cell: str, reporter: set[str], reporter_name: str, public: bool) -> Message:
    """``dd/MMM/yy h:mm AM;author;text``."""
    parts = cell.split(";", 2)
    if len(parts) < 3:
        raise BadRecord("a comment is not 'date;author;text'")
    is_reporter = parts[1].strip() in reporter
    role: Role = "customer" if is_reporter else "agent"
    name = reporter_name if is_reporter else ""
    return Message(role, wiki_to_text(parts[2]), at(parts[0], day_first=True), author=name, public=public)


def _stars(cell: str) -> str:
    try:
        return _rating({"rating": float(cell)})
    except ValueError:
        return ""


FORMAT = Format(NAME, "Jira Service Management", recognise, read, accompany, refuse)
