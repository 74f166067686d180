"""Records on disk that read like a sequence in memory: what the second stage holds of a ticket is eight bytes."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self, TypeVar, overload

import numpy as np
import numpy.typing as npt

from deskhand_guardrails.encoder import DIMENSIONS, Vectors

T = TypeVar("T")
R = TypeVar("R")
Places = npt.NDArray[np.int64]
WIDTH = 4 * DIMENSIONS


class _OnDisk:
    """Closes its file at the end of a ``with`` block."""

    _file: BinaryIO

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class Spool(_OnDisk, Sequence[T]):
    """The records of a JSONL file by their place, read when they are asked for.

    Args:
        path: the file, which must not change.
        decode: makes a record of its JSON value.
    """

    def __init__(self, path: Path, decode: Callable[[Any], T]) -> None:
        self._file = path.open("rb")
        self._decode = decode
        ends = array("q", [0])
        for line in self._file:
            ends.append(ends[-1] + len(line))
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        start, end = self._ends[place], self._ends[place + 1]
        self._file.seek(start)
        return self._decode(json.loads(self._file.read(end - start)))


class Chosen(Sequence[R]):
    """The items of ``source`` at ``places``, in that order, each as ``change`` makes it when it is asked for."""

    @overload
    def __init__(self, source: Sequence[R], places: Places) -> None: ...
    @overload
    def __init__(self, source: Sequence[Any], places: Places, change: Callable[[Any], R]) -> None: ...
    def __init__(self, source: Sequence[Any], places: Places, change: Callable[[Any], Any] = lambda item: item) -> None:
        self._source, self._places, self._change = source, places, change

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> R: ...
    @overload
    def __getitem__(self, place: slice) -> list[R]: ...
    def __getitem__(self, place: int | slice) -> R | list[R]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        item: R = self._change(self._source[int(self._places[place])])
        return item


class Rows(_OnDisk):
    """Vectors on disk, float32 (n, 384): appended at the end, read by place."""

    def __init__(self, path: Path) -> None:
        """Opens what an earlier run left, less a torn last row, or an empty file."""
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._count = self._file.seek(0, 2) // WIDTH
        self._places: Places | None = None

    def append(self, vectors: Vectors) -> None:
        self._file.seek(self._count * WIDTH)
        self._file.write(vectors.astype(np.float32).tobytes())
        self._file.flush()
        self._count += len(vectors)

    def at(self, places: Places) -> Rows:
        """A view of the rows at ``places``, in that order."""
        view = object.__new__(Rows)
        view._file, view._count, view._places = self._file, len(places), places
        return view

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, places: slice | Sequence[int] | Places) -> Vectors:
        """The rows at ``places``: shape (places, 384)."""
        wanted = np.arange(self._count)[places]
        read = np.empty((len(wanted), DIMENSIONS), np.float32)
        for row, place in enumerate((wanted if self._places is None else self._places[wanted]).tolist()):
            self._file.seek(place * WIDTH)
            read[row] = np.frombuffer(self._file.read(WIDTH), np.float32)
        return read

    def __iter__(self) -> Iterator[Vectors]:
        """The rows one by one: each of shape (384,)."""
        return (self[place : place + 1][0] for place in range(self._count))


def digest(name: str) -> int:
    """A 64-bit hash, eight bytes instead of a hundred; the same within this process, 0 for no name."""
    return hash(name) if name else 0


def digests(names: Iterable[str]) -> Places:
    """The ``digest`` of each name."""
    return np.fromiter(map(digest, names), np.int64)


def times(moments: Iterable[str]) -> npt.NDArray[np.bytes_]:
    """ISO times (``2026-01-31T08:15:00Z``) in twenty bytes each; they sort as the texts do."""
    return np.frombuffer(b"".join(map(time_bytes, moments)), "S20")


def time_bytes(moment: str) -> bytes:
    """One of ``times``."""
    return moment.encode().ljust(20, b"\0")
