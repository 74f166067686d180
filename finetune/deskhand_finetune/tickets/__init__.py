"""Ticket exports: one reader per help desk, all giving the same ``Ticket``."""

from deskhand_finetune.tickets.export import Export, open_export
from deskhand_finetune.tickets.reader import Format, Formats, Options, Quarantined
from deskhand_finetune.tickets.ticket import Message, Ticket, read_tickets, write_tickets

__all__ = [
    "Export",
    "Format",
    "Formats",
    "Message",
    "Options",
    "Quarantined",
    "Ticket",
    "open_export",
    "read_tickets",
    "write_tickets",
]
