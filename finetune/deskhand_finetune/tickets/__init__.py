"""Ticket exports: one reader per help desk, all giving the same ``Ticket``."""

from deskhand_finetune.tickets.export import Export, Quarantined, open_export
from deskhand_finetune.tickets.ticket import Message, Ticket, read_tickets, write_tickets

__all__ = ["Export", "Message", "Quarantined", "Ticket", "open_export", "read_tickets", "write_tickets"]
