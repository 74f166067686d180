"""Unpacks a zip or tar (plain, gzip, Zstandard) into a temporary folder, member by member, within limits.

Refused: a path that leads out of the folder, more members or bytes than an export has, and a member that unpacks to a
multiple of its size that no text reaches. Links and devices are left out. A zip is read by its directory; when that is
missing, because the file was cut off, by the headers before each member, so that what came before the cut is kept.
"""

from __future__ import annotations

import io
import os
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from deskhand_finetune.tickets.raw.files import HIGHEST_RATIO, RATIO_COUNTS_FROM, open_bytes
from deskhand_guardrails.errors import InputError

MOST_MEMBERS = 1_000_000
DEEPEST = 3
# What the usual file systems take: bytes of a name, and letters of a path with room for the folder it is unpacked into.
LONGEST_NAME, LONGEST_PATH = 255, 3000
CHUNK = 1 << 20
ZIP = b"PK\x03\x04"
LOCAL_HEADER = struct.Struct("<4s5H3L2H")
HAS_DESCRIPTOR, IS_UTF8, IS_ENCRYPTED = 0x8, 0x800, 0x1
IGNORED = ("__MACOSX", ".DS_Store", "Thumbs.db")


def kind_of(path: Path) -> str:
    """``zip`` or ``tar``, by content; nothing for a file that is no archive. An Office file is none."""
    with open_bytes(path, []) as binary:
        start = cast("io.BufferedReader", binary).peek(1024)[:1024]
    if start.startswith(ZIP):
        return "" if b"[Content_Types].xml" in start else "zip"
    return "tar" if start[257:262] == b"ustar" else ""


def unpack(path: Path, into: Path, depth: int = 1) -> list[str]:
    """Unpacks an archive, and those within it; gives what was wrong with it, one line each.

    Raises:
        InputError: it is not to be trusted, or encrypted.
    """
    damage: list[str] = []
    members = _zip_members(path, damage) if kind_of(path) == "zip" else _tar_members(path, damage)
    found: list[Path] = []
    for number, (name, size, content) in enumerate(members, start=1):
        if number > MOST_MEMBERS:
            raise InputError(f"{path}: an archive of over {MOST_MEMBERS} files; unpack it yourself if it is meant")
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0] or "\0" in name:
            raise InputError(f"{path}: holds a path that leads out of it; make the archive again without it")
        if len(name) > LONGEST_PATH or any(len(os.fsencode(part)) > LONGEST_NAME for part in parts):
            damage.append("a file in it has a name that is too long; pack it again under a shorter one")
        elif not any(part in IGNORED for part in parts):
            found.append(into.joinpath(*parts))
            _write(path, found[-1], content, size, damage)
    for file in found:
        if file.is_file() and kind_of(file):
            if depth == DEEPEST:
                raise InputError(f"{path}: archives within archives, over {DEEPEST} deep; unpack them yourself")
            inner = file.with_name(file.name + ".unpacked")
            damage += [f"{file.name}: {line}" for line in unpack(file, inner, depth + 1)]
            file.unlink()
    return damage


def _write(archive: Path, to: Path, content: BinaryIO, packed: int, damage: list[str]) -> None:
    written = 0
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with to.open("wb") as out:
            while chunk := content.read(CHUNK):
                written += len(chunk)
                if written > RATIO_COUNTS_FROM and packed and written > HIGHEST_RATIO * packed:
                    raise InputError(f"{archive}: a file that unpacks to over {HIGHEST_RATIO} times its size")
                out.write(chunk)
    except (zipfile.BadZipFile, tarfile.ReadError, zlib.error, EOFError, struct.error):
        damage.append(f"{to.name} is broken or cut off; pack or copy the archive again")
    except (NotADirectoryError, IsADirectoryError, FileExistsError):
        damage.append(f"{to.name} is a file and a folder at once")


def _zip_members(path: Path, damage: list[str]) -> Iterator[tuple[str, int, BinaryIO]]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error):
        damage.append("the zip file is broken or cut off; what came before was read")
        yield from _zip_headers(path)
        return
    with archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            try:
                with archive.open(info) as content:
                    yield info.filename, info.compress_size, cast("BinaryIO", content)
            except NotImplementedError:  # a RuntimeError too, so it is asked for first
                damage.append("a file in the zip is packed in a way that is not known here; pack it as plain zip")
            except RuntimeError:
                raise InputError(f"{path}: the zip file has a password; unpack it and name the folder") from None
            except (zipfile.BadZipFile, ValueError, OSError, EOFError, struct.error):
                damage.append("a file in the zip is broken; pack or copy it again")


def _zip_headers(path: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    """The members of a zip without its directory, as far as they can be followed (APPNOTE.TXT 4.3.7)."""
    with path.open("rb") as raw:
        while len(head := raw.read(LOCAL_HEADER.size)) == LOCAL_HEADER.size:
            mark, _, flags, method, _, _, _, size, _, name_length, extra_length = LOCAL_HEADER.unpack(head)
            if mark != ZIP or method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or flags & IS_ENCRYPTED:
                return
            name = raw.read(name_length).decode("utf-8" if flags & IS_UTF8 else "cp437", errors="replace")
            raw.seek(extra_length, io.SEEK_CUR)
            if method == zipfile.ZIP_STORED and flags & HAS_DESCRIPTOR:
                return
            start = raw.tell()
            content = _Deflated(raw) if method == zipfile.ZIP_DEFLATED else _Stored(raw, size)
            if not name.endswith("/"):
                yield name, 0, cast("BinaryIO", content)
            try:
                while content.read():
                    pass
            except (EOFError, zlib.error):
                return
            raw.seek(start + content.used)
            if flags & HAS_DESCRIPTOR:
                raw.seek(12 if raw.read(4) == b"PK\x07\x08" else 8, io.SEEK_CUR)


class _Stored:
    """``size`` bytes of a file as they are."""

    def __init__(self, raw: BinaryIO, size: int) -> None:
        self._raw, self.used, self._left = raw, 0, size

    def read(self, size: int = CHUNK) -> bytes:
        content = self._raw.read(min(size, self._left))
        self.used += len(content)
        self._left -= len(content)
        return content


class _Deflated:
    """A deflated member of unknown length; ``used`` is how much of the file it took."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self.used, self._unpack = raw, 0, zlib.decompressobj(wbits=-15)
        self._written = 0

    def read(self, size: int = CHUNK) -> bytes:
        while not self._unpack.eof:
            chunk = self._unpack.unconsumed_tail or self._raw.read(size)
            if not chunk:
                raise EOFError
            content = self._unpack.decompress(chunk, size)
            self.used += len(chunk) - len(self._unpack.unused_data) - len(self._unpack.unconsumed_tail)
            self._written += len(content)
            if self._written > RATIO_COUNTS_FROM and self._written > HIGHEST_RATIO * self.used:
                raise EOFError
            if content:
                return content
        return b""


def _tar_members(path: Path, damage: list[str]) -> Iterator[tuple[str, int, BinaryIO]]:
    with open_bytes(path, damage) as binary:
        try:
            with tarfile.open(fileobj=binary, mode="r|") as archive:
                for info in archive:
                    content = archive.extractfile(info) if info.isfile() else None
                    if content is not None:
                        yield info.name, 0, cast("BinaryIO", content)
        except (tarfile.TarError, EOFError, ValueError, OSError):
            if not damage:
                damage.append("the tar file is broken or cut off; what came before was read")


def remove(folder: Path) -> None:
    """Removes an unpacked archive; a file that is in use is left to the system's own tidying."""
    with suppress(OSError):
        shutil.rmtree(folder)
