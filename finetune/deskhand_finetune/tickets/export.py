"""``open_export``: which help desk is this, and its tickets as a stream.

The format is recognised from the content, never from the file's name. A record that cannot be read is put aside with
its line and reason in ``Export.quarantined``; the rest goes on. Memory stays constant for exports with one record per
line; a file that is one JSON document (an API page) is held as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deskhand_finetune.tickets import jsonl, zendesk
from deskhand_finetune.tickets.look import describe
from deskhand_finetune.tickets.records import Record, read_records
from deskhand_finetune.tickets.ticket import BadRecord, Ticket
from deskhand_guardrails.errors import ConfigError, InputError

# A header, a comment line or a broken first record must not hide what the file is.
RECORDS_LOOKED_AT = 20


class Reader(Protocol):
    """One help desk: raw records of its files, and the ticket that one record holds."""

    files: list[Path]

    def records(self) -> Iterator[tuple[Path, Record]]: ...

    def ticket(self, value: object) -> Ticket | None:
        """The ticket; None for a record that is none and means no harm. Raises ``BadRecord``."""
        ...


READERS: dict[str, tuple[Callable[[object], str], Callable[[list[Path]], Reader]]] = {
    zendesk.NAME: (zendesk.recognise, zendesk.ZendeskReader),
    jsonl.NAME: (jsonl.recognise, jsonl.JsonlReader),
}


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that was put aside."""

    where: str
    """File name and line (or number in a document), such as ``tickets.json:17``."""
    ticket_id: str
    reason: str


@dataclass(slots=True)
class Export:
    """The tickets of an export, as often as it is iterated; ``quarantined`` belongs to the latest pass."""

    path: Path
    format: str
    why: str
    """What the format was recognised by."""
    reader: Reader
    quarantined: list[Quarantined] = field(default_factory=list)

    @property
    def files(self) -> list[Path]:
        """The files it reads, without users and the like beside them."""
        return self.reader.files

    def __iter__(self) -> Iterator[Ticket]:
        self.quarantined.clear()
        for file, record in self.reader.records():
            where = f"{file.name}:{record.number}"
            if record.problem:
                self.quarantined.append(Quarantined(where, "", record.problem))
                continue
            try:
                ticket = self.reader.ticket(record.value)
            except BadRecord as error:
                self.quarantined.append(Quarantined(where, error.ticket_id, str(error)))
            else:
                if ticket is not None:
                    yield ticket


def open_export(path: str | Path, format: str | None = None) -> Export:  # noqa: A002 - the option's name
    """Opens a file, or a folder that holds ``tickets*.json`` (``.jsonl``, ``.gz``).

    Args:
        path: the export.
        format: a help desk's name, to read it as that without looking.

    Raises:
        InputError: nothing there, empty, or not an export we can read; says what it looks like.
        ConfigError: ``format`` is none of ours.
    """
    path = Path(path)
    files = _files(path)
    if format is not None:
        if format not in READERS:
            raise ConfigError(f"--format {format}: unknown; known are {', '.join(READERS)}")
        return Export(path, format, "it was named", READERS[format][1](files))
    foreign = describe(files[0])
    if foreign:
        raise InputError(f"{path}: {foreign}")
    for _, record in zip(range(RECORDS_LOOKED_AT), read_records(files[0]), strict=False):
        for name, (recognise, reader) in READERS.items():
            why = recognise(record.value)
            if why:
                return Export(path, name, why, reader(files))
    raise InputError(
        f"{path}: no ticket in its first {RECORDS_LOOKED_AT} records; known are {', '.join(READERS)}, see --format"
    )


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; check the path")
    if not path.is_dir():
        return [path]
    foreign = describe(path)
    if foreign:
        raise InputError(f"{path}: {foreign}")
    found = sorted(file for ending in ("json", "jsonl", "ndjson") for file in path.glob(f"*ticket*.{ending}"))
    found += sorted(file for ending in ("json", "jsonl", "ndjson") for file in path.glob(f"*ticket*.{ending}.gz"))
    if not found:
        raise InputError(f"{path}: a folder without tickets*.json or tickets*.jsonl; name the export's file")
    return found
