"""Finds what repeats: duplicate conversations, and canned replies that differ in a name or number only.

Near-identical texts are found by MinHash (Broder 1997) over three-word shingles, 8 bands of 4 rows: two texts with a
Jaccard similarity of 0.8 meet in a band with probability 0.98, and a meeting is checked against the true similarity.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from deskhand_finetune.prepare.answers import Example

ALIKE = 0.8
BANDS, ROWS = 8, 4
SHINGLE_WORDS = 3
# So many of one canned reply stay in training: enough to see it asked for in different words, too few to drown others.
MOST_COPIES = 12
PRIME = np.uint64(4_294_967_291)


def plain(text: str) -> str:
    """The text without what differs between two uses of one template: case, placeholders, digits, punctuation."""
    return " ".join(re.sub(r"<[A-Z_]+_\d+>|\d+|[^\w\s]", " ", text.casefold().upper()).split()).casefold()


def duplicates(examples: Sequence[Example]) -> set[int]:
    """Places of examples that repeat the question and the answer of an earlier one."""
    seen: set[tuple[str, str]] = set()
    found: set[int] = set()
    for place, example in enumerate(examples):
        key = (plain(example.conversation[-1][1]), plain(example.answer))
        if key in seen:
            found.add(place)
        seen.add(key)
    return found


def groups(texts: Sequence[str]) -> list[int]:
    """For each text the number of its group of near-identical ones (the place of the group's first text)."""
    random = np.random.default_rng(7)
    factors = random.integers(1, int(PRIME), BANDS * ROWS, dtype=np.uint64)
    offsets = random.integers(0, int(PRIME), BANDS * ROWS, dtype=np.uint64)
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    shingles = [_shingles(plain(text)) for text in texts]
    group = list(range(len(texts)))
    for place, own in enumerate(shingles):
        hashed = np.fromiter((zlib.crc32(words.encode()) for words in own), np.uint64, len(own))
        least = ((hashed[:, None] * factors + offsets) % PRIME).min(axis=0).astype(np.uint32)
        keys = [(band, least[band * ROWS : (band + 1) * ROWS].tobytes()) for band in range(BANDS)]
        for key in keys:
            first = next((other for other in buckets[key] if _alike(own, shingles[other])), None)
            if first is not None:
                group[place] = group[first]
                break
        else:
            for key in keys:
                buckets[key].append(place)
    return group


def _shingles(text: str) -> frozenset[str]:
    words = text.split()
    if len(words) <= SHINGLE_WORDS:
        return frozenset({text})
    return frozenset(" ".join(words[i : i + SHINGLE_WORDS]) for i in range(len(words) - SHINGLE_WORDS + 1))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= ALIKE * len(one | other)
