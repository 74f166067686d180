"""Reads product and app reviews with the seller's replies: tables (Google Play, Judge.me, Trustpilot …) or JSON.

The stars rate the product, not the reply, so that they are no CSAT. A review without a reply has nothing to learn from
and stays open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from deskhand_finetune.tickets.fields import first, language, outcome
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.raw.table import cells, plain_name, read_header, table_records
from deskhand_finetune.tickets.reader import Format, Options, Read, attempt
from deskhand_finetune.tickets.ticket import BadRecord, Message, Ticket
from deskhand_finetune.tickets.times import at, undated

NAME = "reviews"
RATING = ("star rating", "rating", "stars", "review rating", "review stars", "score")
TEXT = ("review text", "review content", "review body", "review", "content", "body", "text", "comment")
REPLY = ("developer reply text", "developer response", "company reply", "reply text", "reply content", "reply",
         "response", "owner response", "seller reply", "merchant reply", "replycontent", "owner reply")  # fmt: skip
TITLE = ("review title", "title", "subject")
AT = ("review submit date and time", "review date", "review created (utc)", "review created", "created at", "date",
      "at", "submitted at")  # fmt: skip
REPLIED = (
    "developer reply date and time",
    "reply date",
    "company reply date (utc)",
    "replied at",
    "repliedat",
    "response date",
)
LANGUAGE = ("reviewer language", "review language", "language")
REVIEWER = ("reviewer name", "username", "author", "user name", "reviewer")
IDS = ("review id", "reviewid", "id", "review link")
CUSTOMER = ("reviewer email", "reviewer id", "user id", "reviewer name", "username")


def _is_review(names: frozenset[str]) -> bool:
    return all(names & set(aliases) for aliases in (RATING, TEXT, REPLY))


def recognise(look: Look) -> str:
    """Why the file holds reviews with replies, or nothing."""
    if look.kind == "table":
        return "a table with a rating, a review and a reply" if _is_review(look.names) else ""
    for record in look.objects:
        if _is_review(frozenset(map(plain_name, record))):
            return "records with a rating, a review and a reply"
    return ""


def read(looks: Sequence[Look], options: Options) -> Read:  # noqa: ARG001 - the signature of a reader
    """The reviews of tables and JSON files."""
    count = 0
    for look in looks:
        header = look.columns or tuple(read_header(look.path)) if look.kind == "table" else ()
        for record in table_records(look.path) if look.kind == "table" else json_records(look.path):
            count += 1
            build = partial(
                _row if look.kind == "table" else _record, header, f"{look.path.stem}-{record.number}", count
            )
            yield from attempt(f"{look.path.name}:{record.number}", record.problem, build, record.value)


def _row(header: Sequence[str], name: str, count: int, row: list[str]) -> Ticket:
    return _ticket(cells(header, row), name, count)


def _record(_: Sequence[str], name: str, count: int, value: object) -> Ticket:
    if not isinstance(value, dict):
        raise BadRecord("not an object")
    return _ticket({plain_name(key): held for key, held in value.items()}, name, count)


def _ticket(held: Mapping[str, Any], name: str, count: int) -> Ticket:
    text, (reply, replied) = first(held, *TEXT), _reply(held)
    name = first(held, *IDS) or name
    if not text:
        raise BadRecord("a review without text", name)
    try:
        written = first(held, *AT)
        asked = at(written) if written else undated(count)
        messages = [Message("customer", text, asked, author=first(held, *REVIEWER))]
        if reply:
            messages.append(Message("agent", reply, max(at(replied), asked) if replied else asked))
    except BadRecord as error:
        raise BadRecord(str(error), name) from None
    status = outcome(messages)
    return Ticket(
        id=name,
        source=NAME,
        subject=first(held, *TITLE),
        messages=tuple(messages),
        created_at=asked,
        solved_at=messages[-1].at if status == "solved" else None,
        status=status,
        language=language(first(held, *LANGUAGE)),
        customer=first(held, *CUSTOMER),
    )


def _reply(held: Mapping[str, Any]) -> tuple[str, str]:
    """The reply's text and time, which may stand in an object of its own."""
    inner = next((held[key] for key in REPLY if isinstance(held.get(key), dict)), None)
    if inner is None:
        return first(held, *REPLY), first(held, *REPLIED)
    named = {plain_name(key): value for key, value in inner.items()}
    return first(named, "text", "body", "content", "comment"), first(named, *AT, *REPLIED) or first(held, *REPLIED)


FORMAT = Format(NAME, "Reviews with replies", recognise, read)
