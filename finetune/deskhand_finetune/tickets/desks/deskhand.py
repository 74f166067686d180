"""Reads our own interchange form, ``Ticket`` JSONL."""

from __future__ import annotations

from collections.abc import Sequence

from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.reader import Format, Options, Read, each, records_of
from deskhand_finetune.tickets.ticket import BadRecord, Ticket


def recognise(look: Look) -> str:
    """Why the file holds tickets of ours, or nothing."""
    for record in look.objects:
        held = record.get("messages")
        first = held[0] if isinstance(held, list) and held else None
        if "id" in record and isinstance(first, dict) and {"role", "text", "at"} <= set(first):
            return "records with 'id' and 'messages' of 'role', 'text' and 'at'"
    return ""


def _ticket(value: object) -> Ticket:
    if not isinstance(value, dict):
        raise BadRecord("not an object")
    return Ticket.from_json(value)


def read(looks: Sequence[Look], options: Options) -> Read:  # noqa: ARG001 - the signature of a reader
    """The tickets of files of ours."""
    yield from each(records_of(looks, json_records), _ticket)


FORMAT = Format("deskhand", "Deskhand's own ticket JSONL", recognise, read)
