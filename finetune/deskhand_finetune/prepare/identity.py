"""One id, one ticket: help desks number from 1, so two exports may hold different tickets of the same number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import blake2b
from itertools import chain, count

from deskhand_finetune.tickets import Ticket
from deskhand_finetune.tickets.ticket import iso


def distinct(tickets: Iterable[Ticket]) -> Iterator[Ticket]:
    """``tickets``, each with an id of its own: the first keeps it, another one gets its help desk's name before it,
    such as ``freshdesk:1``, and where that is taken a number behind it.

    The same ticket may come again, as in exports that overlap: it is the same when its help desk, its time and its
    first message are. What was seen waits in a temporary file.
    """
    with closing(sqlite3.connect("")) as seen:
        seen.execute("CREATE TABLE seen (id TEXT PRIMARY KEY, what BLOB) WITHOUT ROWID")
        for ticket in tickets:
            own = _what(ticket)
            for name in _names(ticket):
                seen.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (name, own))
                (held,) = seen.execute("SELECT what FROM seen WHERE id = ?", (name,)).fetchone()
                if held == own:
                    yield ticket if name == ticket.id else replace(ticket, id=name)
                    break


def _names(ticket: Ticket) -> Iterator[str]:
    named = f"{ticket.source}:{ticket.id}"
    return chain((ticket.id, named), (f"{named}:{number}" for number in count(2)))


def _what(ticket: Ticket) -> bytes:
    first = ticket.messages[0].text if ticket.messages else ""
    told = "\n".join((ticket.source, iso(ticket.created_at), first))
    return blake2b(told.encode(errors="surrogatepass"), digest_size=16).digest()
