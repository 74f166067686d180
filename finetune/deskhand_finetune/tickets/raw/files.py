"""Opens a file as bytes or text: gzip and Zstandard unpacked while reading, any usual encoding, cut-off files kept.

Text is UTF-8 or UTF-16; a byte that is not UTF-8 is read as Windows-1252, letter by letter, because exports that went
through Excel or several mail systems mix both in one file.
"""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO, cast

import zstandard

from deskhand_guardrails.errors import InputError

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
CHUNK = 1 << 18
# Text packs 3 to 20 times. What unpacks to more than this many times its size, and is big, was made to fill a disk.
HIGHEST_RATIO = 300
RATIO_COUNTS_FROM = 1 << 28
FALLBACK = "deskhand-cp1252"


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


codecs.register_error(FALLBACK, _as_cp1252)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class BadPackError(InputError):
    """A packed file that grows beyond reason, or is broken where that is not borne."""


class Unpacked(io.RawIOBase):
    """A gzip or Zstandard file as its content; ends where the damage begins, and says so in ``damage``, or raises."""

    def __init__(self, raw: BinaryIO, kind: str, damage: list[str] | None) -> None:
        self._raw, self._kind, self._damage = raw, kind, damage
        self._content = self._read()
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # typeshed says WriteableBuffer
        if not self._held:
            self._held = next(self._content, b"")
        taken, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _read(self) -> Iterator[bytes]:
        packed = unpacked = 0
        unpack: _Decompressor | None = None
        try:
            while chunk := self._raw.read(CHUNK // 16):
                packed += len(chunk)
                while chunk:
                    unpack = unpack or self._start()
                    content = unpack.decompress(chunk)
                    unpacked += len(content)
                    if unpacked > RATIO_COUNTS_FROM and unpacked > HIGHEST_RATIO * packed:
                        raise BadPackError(
                            f"unpacks to over {HIGHEST_RATIO} times its size; unpack it yourself if it is meant"
                        )
                    if content:
                        yield content
                    chunk = unpack.unused_data if unpack.eof else b""
                    unpack = None if unpack.eof else unpack
        except (zlib.error, zstandard.ZstdError):
            unpack = unpack or self._start()
        if unpack is not None:
            problem = f"the {self._kind} file is broken or cut off; export or copy it again"
            if self._damage is None:
                raise BadPackError(problem)
            self._damage.append(problem)

    def _start(self) -> _Decompressor:
        if self._kind == "gzip":
            return zlib.decompressobj(wbits=31)
        return cast("_Decompressor", zstandard.ZstdDecompressor().decompressobj())


@contextmanager
def open_bytes(path: Path, damage: list[str] | None = None) -> Iterator[BinaryIO]:
    """The file's content, unpacked if it is gzip or Zstandard.

    Args:
        path: the file.
        damage: takes one line when the packed file is cut off or broken; what came before is read all the same.

    Raises:
        InputError: missing, unreadable, or made to fill the memory; with no ``damage`` list also broken.
    """
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
            raw.seek(0)
            kind = "gzip" if start.startswith(GZIP) else "Zstandard" if start == ZSTD else ""
            yield cast("BinaryIO", io.BufferedReader(Unpacked(raw, kind, damage), CHUNK)) if kind else raw
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the path") from None
    except PermissionError:
        raise InputError(f"{path}: may not be read; check its permissions") from None
    except BadPackError as error:
        raise InputError(f"{path}: {error}") from None


@contextmanager
def open_bytes_as_utf8(path: Path, damage: list[str] | None = None) -> Iterator[BinaryIO]:
    """The file's content as bytes, those of a UTF-16 file as UTF-8, without a byte order mark; see ``open_bytes``."""
    with open_bytes(path, damage) as binary:
        buffered = cast("io.BufferedReader", binary)
        start = buffered.peek(4096)[:4096]
        encoding = _encoding(start)
        if encoding.startswith("utf-16"):
            buffered = cast("io.BufferedReader", codecs.EncodedFile(buffered, "utf-8", encoding, "replace"))
        elif start.startswith(codecs.BOM_UTF8):
            buffered.read(len(codecs.BOM_UTF8))
        yield cast("BinaryIO", buffered)


@contextmanager
def open_text(path: Path, damage: list[str] | None = None, *, newline: str | None = None) -> Iterator[TextIO]:
    """The file as text; see ``open_bytes``. ``newline`` is that of ``open``."""
    with open_bytes(path, damage) as binary:
        buffered = cast("io.BufferedReader", binary)
        encoding = _encoding(buffered.peek(4096)[:4096])
        yield io.TextIOWrapper(buffered, encoding=encoding, errors=FALLBACK, newline=newline)


def _encoding(start: bytes) -> str:
    """UTF-16 by its mark or by the zeros that ASCII letters leave in it, else UTF-8."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    odd, even = start[1::2].count(0), start[0::2].count(0)
    if max(odd, even) * 4 > len(start) and min(odd, even) == 0:
        return "utf-16-le" if odd else "utf-16-be"
    return "utf-8-sig"
