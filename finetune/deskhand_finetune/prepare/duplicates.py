"""Near-identical texts: MinHash (Broder 1997) over three-word shingles, banded (Indyk and Motwani 1998).

32 bands of 5 rows: two texts with a Jaccard similarity of 0.8 miss each other in every band once in 300,000 times, and
a meeting is checked against the true similarity, so nothing is called alike that is not. Where hundreds share the
words of one form, buckets full of it take no more in (``FULL``), and some of its near duplicates may stay.

Our own eighty lines of numpy instead of datasketch, which would bring scipy (100 MB installed) into every installation;
``benchmarks/prepare.py`` runs both.
"""

from __future__ import annotations

import re
import tempfile
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import IO, Any

import numpy as np
import numpy.typing as npt

ALIKE = 0.8
BANDS, ROWS = 32, 5
SHINGLE_WORDS = 3
FULL = 256
"""Texts in a bucket, none like another, that take no more in: what they share is a form's or a signature's words."""
MOST_COMPARED = 64
"""With FULL, what bounds the time of a text when ten thousand others fill in the same form."""
PRIME = np.uint64(4_294_967_291)
_DIFFERS = re.compile(r"<[A-Z_]+_\d+>|\d+|[^\w\s]")


def plain(text: str) -> str:
    """The text without what differs between two uses of one template: case, placeholders, digits, punctuation."""
    return " ".join(_DIFFERS.sub(" ", text.casefold().upper()).split()).casefold()


def shingles(text: str) -> npt.NDArray[np.uint32]:
    """The distinct three-word runs of ``plain(text)``, hashed and sorted; a shorter text is one run."""
    words = plain(text).split()
    runs = (" ".join(words[at : at + SHINGLE_WORDS]) for at in range(max(1, len(words) - SHINGLE_WORDS + 1)))
    return np.unique(np.fromiter((zlib.crc32(run.encode()) for run in runs), np.uint32))


def groups(texts: Iterable[str]) -> npt.NDArray[np.int64]:
    """For each text the number of its group of near-identical ones (the place of the group's first text).

    Of a text 150 bytes stay in memory; its shingles wait in a temporary file until they are compared.
    """
    with tempfile.TemporaryFile() as file:
        held = Sets(file, np.uint32)
        bands = _bands(texts, held)
        buckets: dict[int, list[int]] = defaultdict(list)
        group = np.arange(len(held))
        for place in np.flatnonzero(bands.any(axis=1)).tolist():
            own = held[place]
            keys = [key for key in bands[place].tolist() if key]
            met = _likeliest(Counter(other for key in keys for other in buckets[key]))
            likely = (other for other in met if held.may_be_alike(place, other))
            first = next((other for other in likely if are_alike(own, held[other])), None)
            if first is not None:
                group[place] = first
                continue
            for key in keys:
                if len(buckets[key]) < FULL:
                    buckets[key].append(place)
    return group


def _likeliest(met: Counter[int]) -> Iterable[int]:
    """Those that share the most bands, where there are too many to compare with; in the order in which they were met.

    Texts that are alike share ten bands of 32, those of one form with other contents two or three.
    """
    if len(met) <= MOST_COMPARED:
        return met
    chosen = {other for other, _ in met.most_common(MOST_COMPARED)}
    return (other for other in met if other in chosen)


class Sets:
    """Sorted arrays of numbers without repetition, in a file; their sizes stay in memory."""

    def __init__(self, file: IO[bytes], kind: type[np.unsignedinteger[Any] | np.signedinteger[Any]]) -> None:
        self._file = file
        self._kind = np.dtype(kind)
        self._ends = array("q", [0])

    def append(self, numbers: npt.NDArray[Any]) -> None:
        self._file.write(numbers.tobytes())
        self._ends.append(self._ends[-1] + len(numbers))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, place: int) -> npt.NDArray[Any]:
        self._file.seek(self._ends[place] * self._kind.itemsize)
        return np.frombuffer(self._file.read(self.size(place) * self._kind.itemsize), self._kind)

    def size(self, place: int) -> int:
        return self._ends[place + 1] - self._ends[place]

    def may_be_alike(self, one: int, other: int) -> bool:
        """Whether their sizes allow a similarity of ``ALIKE``."""
        smaller, larger = sorted((self.size(one), self.size(other)))
        return smaller >= ALIKE * larger - 1e-9


def _bands(texts: Iterable[str], held: Sets) -> npt.NDArray[np.uint32]:
    """For each text a number for each band, which texts that agree in the band share; 0 where it agrees with none.

    Most texts are like no other, so that the buckets stay small. Adds the shingles of each text to ``held``.
    """
    random = np.random.default_rng(7)
    factors = random.integers(1, int(PRIME), BANDS * ROWS, dtype=np.uint64)
    offsets = random.integers(0, int(PRIME), BANDS * ROWS, dtype=np.uint64)
    mixers = random.integers(1, 2**63, ROWS, dtype=np.uint64) | np.uint64(1)
    made = bytearray()
    for text in texts:
        own = shingles(text)
        held.append(own)
        least = ((own.astype(np.uint64)[:, None] * factors + offsets) % PRIME).min(axis=0)
        # Half of the sum's bits: two texts that meet by chance are compared and found to differ.
        made += ((least.reshape(BANDS, ROWS) * mixers).sum(axis=1) >> np.uint64(32)).astype(np.uint32).tobytes()
    bands = np.frombuffer(made, np.uint32).reshape(-1, BANDS)
    for band in range(BANDS):
        _, which, counts = np.unique(bands[:, band], return_inverse=True, return_counts=True)
        bands[:, band] = np.where(counts[which] > 1, which * BANDS + band + 1, 0)
    return bands


def are_alike(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Whether two arrays of distinct numbers have a Jaccard similarity of ``ALIKE`` or more."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared >= ALIKE * (len(one) + len(other) - shared)
