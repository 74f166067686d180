"""Reads any CSV of conversations: one row a message (long), or one row a question with its answer (wide).

Columns are found by their names in English, German, French and Spanish, or named with ``--map``; a column of roles is
known by its words. Without a column of roles, whoever writes first in a ticket is the customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from deskhand_finetune.tickets.fields import in_order, language, tags
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.raw.shelf import Shelf, open_shelf
from deskhand_finetune.tickets.raw.table import plain_name, read_header, table_records
from deskhand_finetune.tickets.reader import Format, Options, Quarantined, Read, attempt
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket
from deskhand_finetune.tickets.times import at, is_day_first, undated
from deskhand_guardrails.errors import ConfigError, InputError

NAME = "csv"

ALIASES: dict[str, tuple[str, ...]] = {
    "ticket": ("ticket id", "conversation id", "case number", "case id", "thread id", "chat id", "session id", "ticket",
               "ticket number", "conversation", "dialogue id", "issue id", "ticketnummer", "vorgang", "fall id"),
    "role": ("role", "author type", "sender type", "author role", "from type", "direction", "inbound", "incoming",
             "sender", "speaker", "rolle", "absendertyp"),
    "author": ("author", "author name", "from", "sender name", "name", "agent name", "user", "verfasser", "absender",
               "auteur", "autor"),
    "body": ("body", "message", "text", "content", "message body", "comment", "utterance", "message text",
             "description", "nachricht", "inhalt", "message content", "texte", "mensaje"),
    "at": ("created at", "timestamp", "date", "sent at", "time", "datetime", "created", "created time", "message time",
           "datum", "zeitpunkt", "erstellt am", "fecha"),
    "public": ("is public", "public", "visible"),
    "private": ("is private", "private", "internal", "is internal", "note", "intern", "visibility", "part type",
                "message type", "comment type"),
    "subject": ("subject", "title", "ticket subject", "betreff", "sujet", "asunto"),
    "status": ("status", "ticket status", "state"),
    "tags": ("tags", "labels", "category", "kategorie"),
    "language": ("language", "lang", "sprache"),
    "csat": ("csat", "satisfaction", "satisfaction score", "satisfaction rating"),
    "customer": ("customer id", "customer", "requester id", "requester", "user id", "customer email", "kunde",
                 "kundennummer"),
    "question": ("question", "query", "customer message", "customer question", "instruction", "prompt", "frage",
                 "pregunta"),
    "answer": ("answer", "response", "agent response", "reply", "agent reply", "resolution", "antwort",
               "respuesta", "réponse"),
    "answered": ("answered at", "replied at", "response time stamp"),
    "solved": ("solved at", "resolved at", "closed at", "gelöst am"),
    "agent": ("agent", "agent name", "answered by", "assignee", "bearbeiter"),
}  # fmt: skip
ROLE_WORDS: dict[str, Role] = {
    **dict.fromkeys(("customer", "user", "client", "end-user", "end user", "enduser", "requester", "visitor", "contact",
                     "consumer", "incoming", "inbound", "human", "kunde", "client(e)", "cliente", "buyer", "guest",
                     "true", "1", "in", "lead", "patron", "shopper"), "customer"),
    **dict.fromkeys(("agent", "support", "staff", "operator", "assistant", "admin", "rep", "representative", "outgoing",
                     "outbound", "company", "advisor", "mitarbeiter", "agente", "false", "0", "out", "employee",
                     "seller", "helpdesk", "system admin", "agent human"), "agent"),
    **dict.fromkeys(("bot", "chatbot", "virtual assistant", "ai", "automation"), "bot"),
    **dict.fromkeys(("system", "event", "auto", "automatic", "trigger"), "system"),
}  # fmt: skip
SOLVED_WORDS = frozenset(
    {"solved", "closed", "resolved", "done", "completed", "gelöst", "geschlossen", "fermé", "cerrado"}
)
STATUS_WORDS = {
    "new": "new",
    "open": "open",
    "pending": "pending",
    "on hold": "hold",
    "hold": "hold",
    "deleted": "deleted",
}
GOOD, BAD = (
    frozenset({"good", "satisfied", "happy", "4", "5", "positive"}),
    frozenset({"bad", "1", "2", "unhappy", "negative"}),
)
YES = frozenset({"true", "yes", "1", "y", "ja", "oui", "sí", "t", "wahr"})
HIDDEN = YES | {
    "note",
    "internal",
    "private",
    "internal note",
    "private note",
    "internal comment",
    "agent only",
    "hidden",
}
ROWS_TRIED = 200


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands in a row."""

    places: Mapping[str, int]
    day_first: bool = False

    def get(self, row: list[str], field: str) -> str:
        """The cell, stripped; nothing when the table has no such column or the row is short."""
        place = self.places.get(field)
        return row[place].strip() if place is not None and place < len(row) else ""

    def has(self, *fields: str) -> bool:
        """Whether the table has all of the fields."""
        return all(field in self.places for field in fields)


def columns_of(header: Sequence[str], chosen: Mapping[str, str]) -> Columns:
    """Finds the columns by their names; ``chosen`` wins over what is guessed.

    Raises:
        ConfigError: a chosen column is not in the header.
    """
    names = [plain_name(column) for column in header]
    places: dict[str, int] = {}
    for field, column in chosen.items():
        if plain_name(column) not in names:
            raise ConfigError(f"--map {field}={column}: no such column; there are {', '.join(header)[:200]}")
        places[field] = names.index(plain_name(column))
    for field, aliases in ALIASES.items():
        free = [alias for alias in aliases if alias in names and names.index(alias) not in places.values()]
        if field not in places and free:
            places[field] = names.index(free[0])
    if "answer" in places and "body" in places and "role" not in places:
        places.setdefault("question", places["body"])
    return Columns(places)


def _layout(columns: Columns) -> str:
    if columns.has("ticket", "body") and (columns.has("role") or columns.has("author")):
        return "long"
    return "wide" if columns.has("question", "answer") else ""


def recognise(look: Look) -> str:
    """Why the table holds conversations, or nothing."""
    if look.kind != "table":
        return ""
    columns = columns_of(look.columns, {})
    layout = _layout(columns)
    fields = (
        ("ticket", "role" if columns.has("role") else "author", "body") if layout == "long" else ("question", "answer")
    )
    named = ", ".join(f"'{look.columns[columns.places[field]]}'" for field in fields) if layout else ""
    return (
        f"a table with {named}, one {'message' if layout == 'long' else 'question and answer'} a row" if layout else ""
    )


def refuse(look: Look) -> str:
    """What to do with a table that has no column of messages."""
    if look.kind == "table" and not {"body", "question", "answer"} & set(columns_of(look.columns, {}).places):
        return (
            "a CSV file without the messages, which many help desks leave out of CSV; use the JSON export, or name "
            "the columns with --map body=COLUMN"
        )
    return ""


def read(looks: Sequence[Look], options: Options) -> Read:
    """The conversations of tables."""
    count = 0
    for one in looks:
        columns = columns_of(one.columns or read_header(one.path), options.columns)
        sample = [record.value for record in islice(table_records(one.path), ROWS_TRIED) if not record.problem]
        columns = Columns(columns.places, is_day_first([columns.get(row, "at") for row in sample]))
        layout = _layout(columns)
        if not layout:
            raise InputError(
                f"{one.path}: needs columns for ticket, body and role (or author), or for question and answer; "
                "name them, such as --map body=Nachricht"
            )
        if layout == "wide":
            for record in table_records(one.path):
                count += 1
                ticket = partial(_wide, columns=columns, name=f"{one.path.stem}-{record.number}", count=count)
                yield from attempt(f"{one.path.name}:{record.number}", record.problem, ticket, record.value)
        else:
            yield from _long(one, _checked_roles(columns, sample), options)


def _checked_roles(columns: Columns, sample: list[list[str]]) -> Columns:
    """A 'sender' column may hold names: fewer than half known words, and it is the author's."""
    words = [word for row in sample if (word := columns.get(row, "role").lower())]
    if sum(word in ROLE_WORDS for word in words) * 2 >= max(len(words), 1) and columns.has("role"):
        return columns
    places = dict(columns.places)
    if "role" in places:
        places.setdefault("author", places.pop("role"))
    return Columns({field: place for field, place in places.items() if field != "role"}, columns.day_first)


def _long(one: Look, columns: Columns, options: Options) -> Read:
    with open_shelf() as shelf:
        for record in table_records(one.path):
            where = f"{one.path.name}:{record.number}"
            if record.problem:
                yield Quarantined(where, "", record.problem)
            elif not (key := columns.get(record.value, "ticket")):
                yield Quarantined(where, "", "a row without a ticket's id")
            else:
                shelf.put("row", key, [record.number, record.value])
        for count, key in enumerate(shelf.keys("row")):
            yield from _grouped(shelf, key, columns, options, count, one.path.name)


def _grouped(shelf: Shelf, key: str, columns: Columns, options: Options, count: int, file: str) -> Read:
    """One ticket of many rows; a bad row is put aside alone."""
    messages: list[Message] = []
    asker = ""
    rows = shelf.get("row", key)
    for number, row in rows:
        asker = asker or columns.get(row, "customer") or columns.get(row, "author")
        try:
            messages.append(_message(columns, row, asker, options, (count, len(messages))))
        except BadRecord as error:
            yield Quarantined(f"{file}:{number}", key, str(error))
    if messages:
        whole = _merged(columns, [row for _, row in rows])
        yield from attempt(f"{file}:{rows[0][0]}", "", lambda _: _ticket(columns, whole, key, in_order(messages)), None)


def _merged(columns: Columns, rows: list[list[str]]) -> list[str]:
    """One row for the ticket: how it ended from the last row that says it, anything else from the first."""
    late = {columns.places.get(field) for field in ("status", "solved", "csat")}
    width = max(map(len, rows))
    return [
        next((row[place] for row in (reversed(rows) if place in late else rows) if place < len(row) and row[place]), "")
        for place in range(width)
    ]


def _message(columns: Columns, row: list[str], asker: str, options: Options, place: tuple[int, int]) -> Message:
    text, author = columns.get(row, "body"), columns.get(row, "author")
    if not text:
        raise BadRecord("a row without text")
    when = columns.get(row, "at")
    hidden = columns.get(row, "private").lower() in HIDDEN or (columns.get(row, "public").lower() or "yes") not in YES
    if columns.has("role"):
        role = ROLE_WORDS.get(columns.get(row, "role").lower())
        if role is None:
            raise BadRecord("a role that is not known; known are customer, agent, bot, system and the like")
    elif options.agents:
        role = "agent" if author.lower() in options.agents else "customer"
    else:
        role = "customer" if author == asker else "agent"
    moment = at(when, day_first=columns.day_first) if when else undated(*place)
    return Message(role, text, moment, author=author, public=not hidden)


def _wide(row: list[str], columns: Columns, name: str, count: int) -> Ticket:
    question, answer = columns.get(row, "question"), columns.get(row, "answer")
    if not question or not answer:
        raise BadRecord("a row without a question or without an answer")
    when = columns.get(row, "at")
    asked = at(when, day_first=columns.day_first) if when else undated(count)
    later = columns.get(row, "answered") or columns.get(row, "solved")
    answered = at(later, day_first=columns.day_first) if later else asked
    said = (
        Message("customer", question, asked, author=columns.get(row, "author")),
        Message("agent", answer, max(asked, answered), author=columns.get(row, "agent")),
    )
    return _ticket(columns, row, columns.get(row, "ticket") or name, said)


def _ticket(columns: Columns, row: list[str], name: str, messages: tuple[Message, ...]) -> Ticket:
    status = columns.get(row, "status").lower()
    solved = columns.get(row, "solved")
    rated = columns.get(row, "csat").lower()
    return Ticket(
        id=name,
        source=NAME,
        subject=columns.get(row, "subject"),
        messages=messages,
        created_at=messages[0].at,
        solved_at=at(solved, day_first=columns.day_first) if solved else messages[-1].at,
        status="solved" if not status or status in SOLVED_WORDS else STATUS_WORDS.get(status, status),
        tags=tags(columns.get(row, "tags")),
        csat="good" if rated in GOOD else "bad" if rated in BAD else "",
        language=language(columns.get(row, "language")),
        customer=columns.get(row, "customer"),
    )


FORMAT = Format(NAME, "Any CSV of messages, or of questions with answers", recognise, read, refuse=refuse)
