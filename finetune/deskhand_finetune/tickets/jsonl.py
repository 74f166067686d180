"""Reads our own interchange form, ``Ticket`` JSONL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deskhand_finetune.tickets.records import Record, read_records
from deskhand_finetune.tickets.ticket import BadRecord, Ticket

NAME = "deskhand"


def recognise(first: object) -> str:
    """Why the first record is one of ours, or nothing."""
    if isinstance(first, dict) and "messages" in first and "id" in first and isinstance(first["messages"], list):
        held = first["messages"]
        if held and isinstance(held[0], dict) and {"role", "text"} <= set(held[0]):
            return "records with 'id' and 'messages' of 'role' and 'text'"
    return ""


class JsonlReader:
    """One file of ``Ticket`` JSONL."""

    def __init__(self, files: list[Path]) -> None:
        self.files = files

    def records(self) -> Iterator[tuple[Path, Record]]:
        for file in self.files:
            for record in read_records(file):
                yield file, record

    def ticket(self, value: object) -> Ticket | None:
        if not isinstance(value, dict):
            raise BadRecord("not an object")
        return Ticket.from_json(value)
