"""Reads Salesforce Service Cloud: the Data Export's Case.csv, joined with EmailMessage.csv, CaseComment.csv, User.csv.

A case's description is its first message, unless the first incoming mail says the same. Comments count as an agent's
unless User.csv says that a portal user wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from deskhand_finetune.tickets.fields import first, in_order, language
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.raw.shelf import Shelf, open_shelf
from deskhand_finetune.tickets.raw.table import cells, plain_name, read_header, table_records
from deskhand_finetune.tickets.reader import Format, Options, Read, attempt, called
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket
from deskhand_finetune.tickets.times import at

NAME = "salesforce"
STATUS = {"new": "new", "working": "open", "in progress": "open", "escalated": "open", "on hold": "hold",
          "waiting on customer": "pending", "waiting": "pending", "resolved": "solved", "closed": "closed"}  # fmt: skip
PARTS = (
    ("case", frozenset({"id", "casenumber"})),
    ("mail", frozenset({"parentid", "textbody", "incoming"})),
    ("comment", frozenset({"parentid", "commentbody"})),
    ("user", frozenset({"id", "username", "usertype"})),
    ("contact", frozenset({"id", "lastname", "accountid"})),
)
PORTAL_USERS = frozenset(
    {"customersuccess", "powercustomersuccess", "csplitepPortal".lower(), "csnonly", "guest", "selfservice"}
)
DRAFT = "5"
"""EmailMessage.Status of a mail that was never sent."""
ID_LETTERS = 15
"""Ids come with 15 letters or with 18, of which the last three only check the case of the others."""


def _part(look: Look) -> str:
    names = frozenset(plain_name(column) for column in look.columns or read_header(look.path))
    return next((part for part, columns in PARTS if names >= columns), "")


def recognise(look: Look) -> str:
    """Why the file holds Salesforce cases, or nothing."""
    return "a table with Salesforce's 'Id' and 'CaseNumber'" if look.kind == "table" and _part(look) == "case" else ""


def accompany(look: Look) -> str:
    """Why the file holds mails, comments, users or contacts of Salesforce, or nothing."""
    return f"Salesforce's table of {_part(look)}s" if look.kind == "table" and _part(look) in dict(PARTS) else ""


def refuse(look: Look) -> str:
    """What to name instead of mails or comments without their cases."""
    if look.kind == "table" and _part(look) in ("mail", "comment"):
        return "Salesforce mails or comments without Case.csv; name the folder or zip of the whole export"
    return ""


def read(looks: Sequence[Look], options: Options) -> Read:  # noqa: ARG001 - the signature of a reader
    """The cases of one Data Export."""
    with open_shelf() as shelf:
        for look in sorted(looks, key=lambda one: _part(one) == "case"):
            part, header = _part(look), look.columns or tuple(read_header(look.path))
            for record in table_records(look.path):
                keep = partial(_keep, shelf, part, header)
                yield from attempt(f"{look.path.name}:{record.number}", record.problem, keep, record.value)
        for key in shelf.keys("case"):
            yield from attempt(called("case", key), "", partial(_ticket, shelf), key)


def _keep(shelf: Shelf, part: str, header: Sequence[str], row: list[str]) -> None:
    held = cells(header, row)
    key = first(held, "id") if part in ("case", "user", "contact") else first(held, "parentid")
    if not key:
        raise BadRecord("no 'Id'" if part == "case" else "no 'ParentId'")
    if held.get("isdeleted", "").lower() not in ("true", "1"):
        shelf.put(part, key[:ID_LETTERS], held)


def _ticket(shelf: Shelf, key: str) -> Ticket:
    case = shelf.first("case", key)
    name = first(case, "casenumber", "id")
    try:
        created = at(case.get("createddate"))
        contact = shelf.first("contact", first(case, "contactid")[:ID_LETTERS]) or {}
        asker = first(case, "suppliedname") or _name(contact)
        mails = [_mail(mail) for mail in shelf.get("mail", key) if mail.get("status") != DRAFT]
        comments = [_comment(shelf, comment, asker) for comment in shelf.get("comment", key)]
        described = _description(case, created, asker, mails)
        closed = first(case, "closeddate")
        status = "closed" if case.get("isclosed", "").lower() in ("true", "1") else first(case, "status").lower()
        return Ticket(
            id=name,
            source=NAME,
            subject=first(case, "subject"),
            messages=in_order([*described, *mails, *comments]),
            created_at=created,
            solved_at=at(closed) if closed else None,
            status=STATUS.get(status, "closed" if closed else "open"),
            tags=tuple(filter(None, (first(case, "type"), first(case, "reason")))),
            language=language(first(case, "language")),
            customer=first(case, "contactid", "suppliedemail", "accountid"),
            organization=first(case, "accountid"),
        )
    except BadRecord as error:
        raise BadRecord(str(error), name) from None


def _description(case: Mapping[str, str], created: datetime, asker: str, mails: list[Message]) -> list[Message]:
    """The case's own text, unless Email-to-Case took it from the first mail."""
    text = first(case, "description")
    incoming = next((mail.text for mail in sorted(mails, key=lambda mail: mail.at) if mail.role == "customer"), "")
    opening = " ".join(text.split())[:200]
    if not text or " ".join(incoming.split()).startswith(opening):
        return []
    return [Message("customer", text, created, author=asker)]


def _mail(mail: Mapping[str, str]) -> Message:
    is_incoming = mail.get("incoming", "").lower() in ("true", "1")
    return Message(
        "customer" if is_incoming else "agent",
        first(mail, "textbody", "htmlbody"),
        at(first(mail, "messagedate", "createddate")),
        author=first(mail, "fromname"),
        canned=bool(first(mail, "emailtemplateid")),
    )


def _comment(shelf: Shelf, comment: Mapping[str, str], asker: str) -> Message:
    user = shelf.first("user", first(comment, "createdbyid")[:ID_LETTERS]) or {}
    role: Role = "customer" if user.get("usertype", "").lower() in PORTAL_USERS else "agent"
    return Message(
        role,
        first(comment, "commentbody"),
        at(comment.get("createddate")),
        author=_name(user) or (asker if role == "customer" else ""),
        public=comment.get("ispublished", "").lower() in ("true", "1"),
    )


def _name(person: Mapping[str, str]) -> str:
    return first(person, "name") or " ".join(filter(None, (first(person, "firstname"), first(person, "lastname"))))


FORMAT = Format(NAME, "Salesforce Service Cloud", recognise, read, accompany, refuse)
