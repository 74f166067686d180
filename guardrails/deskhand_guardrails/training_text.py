"""What is particular in the text that a model was trained on, as a filter of hashes, and the canaries planted in it.

``deskhand prepare`` writes both beside a dataset, ``deskhand train`` copies them into the run, and the detector
``leakage`` reads them where the run answers::

    learnt = TrainingText.load(Path("run"))             # None where a run has neither
    learnt.repeated("I am the nurse from the third floor who ...", known=["the sources"])    # [(start, end)]

Every ``RUN`` words in a row are one hash in a Bloom filter (Bloom 1970, with the two hash functions of Kirsch and
Mitzenmacher 2006): no text, 12 bits a run. On the sample that is 23 runs and 35 bytes a ticket. Whoever holds the file
can find out whether words that he has already were in the training text, so it is kept like the run itself.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deskhand_guardrails.errors import InputError
from deskhand_guardrails.normalise import plain

Hashes = npt.NDArray[np.uint64]
Filter = npt.NDArray[np.uint8]

FILE, CANARIES = "training_text.npz", "canaries.txt"
VERSION = 1
RUN = 8
"""Words in a run: fewer are often common by themselves, and a run that is common hides what stands around it."""
REPEATED = 10
"""Words in a row that make a repetition: every run in them is a training conversation's own."""
BITS, PROBES = 12, 8
"""For each run: 0.3 % of other runs hit by chance, and three in a row, which a repetition takes, 3 in 100 million."""

# A placeholder counts by its kind: the number says nothing, and sources hold them without (``pseudonyms.anonymous``).
_WORD = re.compile(r"[<\[‹][A-Z][A-Z_]*(?:[_#]\d+)?[>\]›]|\w+(?:['’]\w+)?")
_NUMBER = re.compile(r"[_#]*\d*[>\]›]")


@dataclass(frozen=True, slots=True, eq=False)
class TrainingText:
    """The particular runs of words of one or more datasets, and the canaries planted there."""

    filters: tuple[Filter, ...] = ()
    canaries: tuple[str, ...] = ()

    @classmethod
    def of(cls, runs: Hashes, canaries: Iterable[str] = ()) -> TrainingText:
        """A filter that holds ``runs``."""
        bits = np.zeros(max(8, -(-BITS * len(runs) // 8)), np.uint8)
        for probe in range(PROBES):
            places = _places(runs, 8 * len(bits), np.uint64(probe))
            for bit in range(8):  # within one bit all writes to a byte agree, so that none of them is lost
                bits[places[places % 8 == bit] // 8] |= np.uint8(1 << bit)
        return cls((bits,), tuple(canaries))

    def __add__(self, other: TrainingText) -> TrainingText:
        """Both: a run that was trained from another run knows that one's text too."""
        return TrainingText((*self.filters, *other.filters), tuple(dict.fromkeys((*self.canaries, *other.canaries))))

    def holds(self, runs: Hashes) -> npt.NDArray[np.bool_]:
        """For each run whether it was put in; one in 300 others is taken for one."""
        found = np.zeros(len(runs), dtype=bool)
        for bits in self.filters:
            places = _places(runs, 8 * len(bits), np.arange(PROBES, dtype=np.uint64)[:, None])
            found |= ((bits[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8)) & 1).all(axis=0)
        return found

    def repeated(self, text: str, known: Iterable[str] = ()) -> list[tuple[int, int]]:
        """Where ``text`` has ``REPEATED`` words or more in a row that are a training conversation's own.

        Args:
            text: an answer.
            known: texts that it may repeat: sources, the conversation, instructions.
        """
        seen = plain(text)
        runs = hashes(words(seen.text))
        held = self.holds(runs)
        if not held.any():
            return []
        held &= ~np.isin(runs, np.concatenate([runs_of(one) for one in known] or [runs[:0]]))
        places = [one.span() for one in _WORD.finditer(seen.text)]
        return [
            seen.span(places[first][0], places[past + RUN - 2][1])
            for first, past in _stretches(held)
            if past - first + RUN - 1 >= REPEATED
        ]

    def save(self, folder: Path) -> None:
        """Writes ``training_text.npz`` into ``folder``, and ``canaries.txt`` where there are canaries."""
        partial = folder / f".{FILE}.partial"
        with partial.open("wb") as out:
            arrays: dict[str, Any] = {f"filter{at}": one for at, one in enumerate(self.filters)}
            np.savez(out, version=np.array(VERSION), **arrays)
        partial.replace(folder / FILE)
        if self.canaries:
            (folder / CANARIES).write_text("".join(f"{one}\n" for one in self.canaries), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> TrainingText | None:
        """What ``folder`` (a dataset or a run) holds, if it does.

        Raises:
            InputError: a file is broken, or another version's.
        """
        path, planted = folder / FILE, folder / CANARIES
        if not path.is_file() and not planted.is_file():
            return None
        try:
            filters = _filters(path) if path.is_file() else ()
            lines = planted.read_text(encoding="utf-8").splitlines() if planted.is_file() else []
        except (OSError, EOFError, ValueError, LookupError, TypeError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{folder}: {FILE} or {CANARIES} cannot be read ({type(error).__name__}); prepare and train again"
            ) from None
        return cls(filters, tuple(line.strip() for line in lines if line.strip()))


def words(text: str) -> list[str]:
    """The words of ``text`` as runs are made of them: lower case, placeholders as ``<KIND``."""
    found = _WORD.findall(text.replace("’", "'"))
    return [f"<{_NUMBER.sub('', one[1:])}" if one[0] in "<[‹" else one.lower() for one in found]


def runs_of(text: str) -> Hashes:
    """The hashes of every ``RUN`` words in a row of ``text``, in order."""
    return hashes(words(plain(text).text))


def hashes(words: Sequence[str]) -> Hashes:
    """64 bits of BLAKE2b for every ``RUN`` words in a row: the same in every process, too wide to meet by chance."""
    runs = (" ".join(words[at : at + RUN]).encode() for at in range(len(words) - RUN + 1))
    raw = b"".join(hashlib.blake2b(one, digest_size=8).digest() for one in runs)
    return np.frombuffer(raw, "<u8").astype(np.uint64, copy=False)


def _places(runs: Hashes, size: int, probe: np.uint64 | Hashes) -> Hashes:
    """The bit of each run, in a filter of ``size`` bits, that the probe of this number looks at."""
    step = (runs >> np.uint64(32)) * np.uint64(0x9E3779B97F4A7C15) | np.uint64(1)
    return (runs + probe * step) % np.uint64(size)


def _stretches(held: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and past-last place of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]]).astype(np.int8)))
    return [(int(first), int(past)) for first, past in edges.reshape(-1, 2)]


def _filters(path: Path) -> tuple[Filter, ...]:
    with path.open("rb") as raw, np.load(raw) as held:
        if int(held["version"]) != VERSION:
            raise ValueError
        found = tuple(held[f"filter{at}"] for at in range(len(held.files) - 1))
    if any(one.dtype != np.uint8 or one.ndim != 1 or not len(one) for one in found):
        raise ValueError
    return found
