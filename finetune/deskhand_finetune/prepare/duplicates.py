"""Near-identical texts: MinHash (Broder 1997) over three-word shingles, banded (Indyk and Motwani 1998).

32 bands of 5 rows: two texts with a Jaccard similarity of 0.8 miss each other in every band once in 300,000 times, and
a meeting is checked against the true similarity, so nothing is called alike that is not. Our own fifty lines of numpy
instead of datasketch, which would bring scipy (100 MB installed) into every installation; ``benchmarks/prepare.py``
runs both.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

ALIKE = 0.8
BANDS, ROWS = 32, 5
SHINGLE_WORDS = 3
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


def groups(texts: Sequence[str]) -> list[int]:
    """For each text the number of its group of near-identical ones (the place of the group's first text)."""
    held = [shingles(text) for text in texts]
    bands = _bands(held)
    buckets: dict[int, list[int]] = defaultdict(list)
    group = list(range(len(texts)))
    for place, own in enumerate(held):
        keys = [int(key) for key in bands[place] if key]
        met = dict.fromkeys(other for key in keys for other in buckets[key])
        first = next((other for other in met if _alike(own, held[other])), None)
        if first is not None:
            group[place] = first
            continue
        for key in keys:
            buckets[key].append(place)
    return group


def _bands(held: Sequence[npt.NDArray[np.uint32]]) -> npt.NDArray[np.uint64]:
    """For each text a number for each band, which texts that agree in the band share; 0 where it agrees with none.

    Most texts are like no other, so that the buckets stay small: 1 kB a text altogether, shingles included.
    """
    random = np.random.default_rng(7)
    factors = random.integers(1, int(PRIME), BANDS * ROWS, dtype=np.uint64)
    offsets = random.integers(0, int(PRIME), BANDS * ROWS, dtype=np.uint64)
    mixers = random.integers(1, 2**63, ROWS, dtype=np.uint64) | np.uint64(1)
    bands = np.zeros((len(held), BANDS), np.uint64)
    for place, own in enumerate(held):
        least = ((own.astype(np.uint64)[:, None] * factors + offsets) % PRIME).min(axis=0)
        bands[place] = (least.reshape(BANDS, ROWS) * mixers).sum(axis=1)
    for band in range(BANDS):
        _, which, counts = np.unique(bands[:, band], return_inverse=True, return_counts=True)
        bands[:, band] = np.where(counts[which] > 1, which * BANDS + band + 1, 0)
    return bands


def _alike(one: npt.NDArray[np.uint32], other: npt.NDArray[np.uint32]) -> bool:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared >= ALIKE * (len(one) + len(other) - shared)
