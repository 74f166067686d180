"""``open_export``: which help desk is this, and its tickets as a stream.

::

    file, folder or archive -> a look at each file -> its format -> that format's reader -> tickets

The format is recognised from the content, never from the file's name. A record that cannot be read is put aside with
its place and reason in ``Export.quarantined``, as is a file in a folder that nobody knows; the rest goes on. Memory
stays constant: JSON, XML and CSV are read record by record, joins go through a temporary file, archives are unpacked
into a temporary folder (``TMPDIR``) that is gone with the export.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from deskhand_finetune.tickets.formats import FORMATS
from deskhand_finetune.tickets.raw import archive
from deskhand_finetune.tickets.raw.look import RECORDS_LOOKED_AT, Look, look
from deskhand_finetune.tickets.reader import Format, Options, Quarantined
from deskhand_finetune.tickets.ticket import Ticket
from deskhand_guardrails.errors import InputError

# A named file brings the users, comments and the like beside it; a folder with more files than this is a store.
SIBLINGS_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Part:
    """The files of one format within an export."""

    format: Format
    why: str
    files: tuple[Look, ...]


@dataclass(slots=True, weakref_slot=True)
class Export:
    """The tickets of an export, as often as it is iterated; ``quarantined`` belongs to the latest pass."""

    path: Path
    format: str
    why: str
    """What the format was recognised by."""
    files: list[Path]
    """The files it is made of, those that were named or lie in the folder: an archive is one."""
    parts: tuple[Part, ...]
    options: Options = field(default_factory=Options)
    put_aside: tuple[Quarantined, ...] = ()
    """Files that are no part of it, and what was wrong with an archive."""
    quarantined: list[Quarantined] = field(default_factory=list)

    def __iter__(self) -> Iterator[Ticket]:
        self.quarantined[:] = self.put_aside
        for part in self.parts:
            for item in part.format.read(part.files, self.options):
                if isinstance(item, Ticket):
                    yield item
                else:
                    self.quarantined.append(item)


@dataclass(slots=True)
class _Found:
    """What lies at a path: files to look at, and where they come from."""

    files: list[Path] = field(default_factory=list)
    origins: list[Path] = field(default_factory=list)
    problems: list[Quarantined] = field(default_factory=list)
    temporary: list[Path] = field(default_factory=list)


def open_export(
    path: str | Path,
    format: str | None = None,  # noqa: A002 - the option's name
    *,
    options: Options | None = None,
) -> Export:
    """Opens a file, a folder or an archive (zip, tar, gzip, Zstandard) of a help desk's export.

    Args:
        path: the export.
        format: a format's name, to read it as that without looking.
        options: what the export does not say itself: columns of tables, who answers.

    Raises:
        InputError: nothing there, empty, or not an export we can read; says what it looks like.
        ConfigError: ``format`` is none of ours.
    """
    path = Path(path)
    options = options or Options()
    # Whoever names columns has a table that no recogniser knows.
    named = FORMATS.named(format or "csv") if format or options.columns else None
    found = _find(path)
    beside = _siblings(path) if found.files == [path] else []
    try:
        parts, aside = _as_named(found.files, beside, named) if named else _recognised(path, found.files, beside)
    except InputError:
        for folder in found.temporary:
            archive.remove(folder)
        raise
    export = Export(
        path,
        " + ".join(part.format.name for part in parts),
        "; ".join(part.why for part in parts),
        [*found.origins, *(one.path for part in parts for one in part.files if one in beside)],
        parts,
        options,
        (*found.problems, *aside),
    )
    for folder in found.temporary:
        weakref.finalize(export, archive.remove, folder)
    return export


def _find(path: Path) -> _Found:
    found = _Found()
    if path.is_dir():
        foreign = _foreign_folder(path)
        if foreign:
            raise InputError(f"{path}: {foreign}")
        files = sorted(file for file in path.rglob("*") if file.is_file() and not _is_hidden(file.relative_to(path)))
        if not files:
            raise InputError(f"{path}: a folder without files; name the export's file or folder")
    elif path.exists():
        files = [path]
    else:
        raise InputError(f"{path}: no such file or folder; check the path")
    for file in files:
        found.origins.append(file)
        if not archive.kind_of(file):
            found.files.append(file)
            continue
        folder = Path(tempfile.mkdtemp(prefix="deskhand-export-"))
        found.temporary.append(folder)
        try:
            found.problems += [Quarantined(file.name, "", problem) for problem in archive.unpack(file, folder)]
        except InputError:
            archive.remove(folder)
            raise
        found.files += sorted(inner for inner in folder.rglob("*") if inner.is_file())
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part in archive.IGNORED for part in path.parts)


def _foreign_folder(path: Path) -> str:
    if (path / "train.jsonl").exists():
        return f"a dataset folder, prepared already; train on it with: deskhand train {path}"
    if any((path / name).exists() for name in ("run.json", "config.json", "adapter_config.json")):
        return "a run or model folder, not an export of tickets"
    return ""


def _as_named(files: list[Path], beside: list[Look], named: Format) -> tuple[tuple[Part, ...], list[Quarantined]]:
    """Every file that the named format knows; when it knows none, every file that may be text."""
    looks = [look(file) for file in files]
    known = [one for one in looks if named.recognise(one) or named.accompany(one)]
    chosen = [_slim(one) for one in known or looks if known or not one.foreign]
    read = {one.path for one in chosen}
    aside = [
        Quarantined(one.path.name, "", one.foreign or "not of the named format")
        for one in looks
        if one.path not in read
    ]
    chosen += [one for one in beside if named.accompany(one)]
    return (Part(named, "it was named", tuple(chosen)),), aside


def _recognised(path: Path, files: list[Path], beside: list[Look]) -> tuple[tuple[Part, ...], list[Quarantined]]:
    whys: dict[str, str] = {}
    held: dict[str, list[Look]] = {}
    others: list[Look] = []
    for file in files:
        one = look(file)
        asked = ((each.name, each.recognise(one)) for each in FORMATS)
        name, why = next(((name, why) for name, why in asked if why), ("", ""))
        if why:
            whys.setdefault(name, why)
            held.setdefault(name, []).append(_slim(one))
        else:
            others.append(one)
    if not held:
        raise InputError(f"{path}: {_unknown(others) if others else EMPTY_ARCHIVE}")
    aside = []
    for one in others:
        owner = next((name for name in held if FORMATS.named(name).accompany(one)), "")
        if owner:
            held[owner].append(_slim(one))
        else:
            aside.append(Quarantined(one.path.name, "", f"not read: {_unknown([one])}"))
    for name, looks in held.items():
        looks += [one for one in beside if FORMATS.named(name).accompany(one)]
    return tuple(Part(FORMATS.named(name), whys[name], tuple(looks)) for name, looks in held.items()), aside


def _siblings(path: Path) -> list[Look]:
    beside = sorted(file for file in path.parent.iterdir() if file != path and file.is_file())
    return [look(file) for file in beside if not archive.kind_of(file)] if len(beside) <= SIBLINGS_LOOKED_AT else []


def _slim(one: Look) -> Look:
    """Without the text that it was recognised by: a mailbox may be a folder of a hundred thousand files."""
    return replace(one, head="", records=())


def _unknown(looks: list[Look]) -> str:
    """What files look like that are no export, the most telling reason first."""
    for one in looks:
        for known in FORMATS:
            if reason := known.refuse(one):
                return reason
    for one in looks:
        if reason := one.foreign or one.damage:
            return reason
    hint = OTHER_KINDS.get(looks[0].kind, f"no ticket in its first {RECORDS_LOOKED_AT} records")
    return f"{hint}; known formats are {', '.join(FORMATS.names)}, see --format"


EMPTY_ARCHIVE = "an archive without a file that can be read; pack or copy it again"
OTHER_KINDS = {
    "text": "plain text that is no conversation",
    "table": "a CSV file with other columns than messages have; name them, such as --map body=Nachricht",
    "xml": "XML or HTML that is no export",
}
