"""The knowledge file: passages and their vectors in SQLite, searched in memory.

Search compares the question with every passage. That is exact, needs no index to keep, and 50,000 passages take 13 ms
and 77 MB. A file is a single SQLite database with one writer; a rebuild replaces it in one step, so that a server that
holds it open is never given half of one.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from deskhand_guardrails.errors import InputError, UnavailableError
from deskhand_guardrails.progress import Track, quiet
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.ranking import Ranking
from langchain_deskhand.knowledge.articles import SUFFIXES, read_article
from langchain_deskhand.knowledge.passage import Passage
from langchain_deskhand.knowledge.tickets import read_dataset

Vectors = npt.NDArray[np.float32]

# "DHKN" in the database's header tells our files from others, and the version tells them from later ones.
APPLICATION = 0x44484B4E
VERSION = 1

# Every file keeps the vector of this sentence. An encoder that gives another one must not search the file: what the
# same int8 model gives on another processor differs by rounding, what another model gives has nothing to do with it.
PROBE = "How do I get my money back for an order that never arrived?"
SAME_ENCODER = 0.95

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE passages (
    digest TEXT PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL, reference TEXT NOT NULL, vector BLOB NOT NULL
);
"""


class Encodes(Protocol):
    """Turns texts into unit vectors: the shipped ``Encoder``, or another."""

    def encode(self, texts: Sequence[str]) -> Vectors: ...


class Knowledge:
    """Passages, searched by meaning and words. Get one with ``open``, ``create`` or ``build``; safe across threads."""

    def __init__(self, path: Path, encoder: Encodes) -> None:
        self.path = path
        self._encoder = encoder
        self._writing = threading.Lock()
        # Replaced as a whole, so that a search never sees passages and vectors of different times.
        self._held: tuple[list[Passage], Ranking | None] = ([], None)
        self._load()

    @classmethod
    def open(cls, path: Path | str, *, encoder: Encodes | None = None) -> Knowledge:
        """The knowledge in the file at ``path``.

        Args:
            path: a file that ``build`` or ``create`` wrote.
            encoder: the encoder that it was built with; the shipped one when not given.

        Raises:
            UnavailableError: there is no such file.
            InputError: it is no knowledge file, a later version's, or was built by another encoder.
        """
        path = Path(path)
        if not path.is_file():
            raise UnavailableError(f"knowledge {path}: no such file; build it with: deskhand index PATH...")
        return cls(path, encoder or _shipped())

    @classmethod
    def create(cls, path: Path | str, *, encoder: Encodes | None = None) -> Knowledge:
        """An empty file at ``path``, which must not exist yet.

        Raises:
            InputError: something is at ``path`` already.
            UnavailableError: it cannot be written.
        """
        path = Path(path)
        if path.exists():
            raise InputError(f"knowledge {path}: exists already; open it, or choose another name")
        encoder = encoder or _shipped()
        path.parent.mkdir(parents=True, exist_ok=True)
        with _connected(path) as database:
            database.executescript(_SCHEMA)
            facts = [("created", datetime.now(UTC).isoformat()), ("probe", _packed(encoder.encode([PROBE])[0]))]
            database.executemany("INSERT INTO facts VALUES (?, ?)", facts)
        return cls(path, encoder)

    @classmethod
    def build(
        cls, paths: Iterable[Path], out: Path | str, track: Track = quiet, *, encoder: Encodes | None = None
    ) -> Knowledge:
        """Reads articles and dataset folders into the file ``out``, replacing it in one step.

        Passages that ``out`` holds already are not encoded again.

        Args:
            paths: Markdown or text files, folders of them, and dataset folders (with a ``train.jsonl``).
            out: the file to write.
            track: shows progress over the passages.
            encoder: turns texts into vectors; the shipped one when not given.

        Raises:
            InputError: a path holds nothing to read, or a record is broken.
            UnavailableError: the disk is full or not writable.
        """
        out = Path(out)
        encoder = encoder or _shipped()
        passages = [passage for path in paths for passage in _read(Path(path))]
        known = _vectors(cls.open(out, encoder=encoder).path) if out.exists() else {}
        fresh = out.with_name(f".{out.name}.{os.getpid()}.partial")
        fresh.unlink(missing_ok=True)
        try:
            cls.create(fresh, encoder=encoder).add(passages, track, known=known)
            fresh.replace(out)
        finally:
            fresh.unlink(missing_ok=True)
        return cls(out, encoder)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled as its path; another process reads the file itself, with the shipped encoder."""
        if self._encoder is not _shipped():
            raise TypeError(f"knowledge {self.path}: cannot be pickled with an encoder of your own; open it there")
        return Knowledge.open, (self.path,)

    def __len__(self) -> int:
        return len(self._held[0])

    def add(
        self, passages: Iterable[Passage], track: Track = quiet, *, known: Mapping[str, bytes] | None = None
    ) -> int:
        """Writes new passages to the file and returns how many there were; those it holds already are passed over.

        Args:
            passages: what to add.
            track: shows progress over the new ones.
            known: vectors (as the file keeps them) by digest, of passages that need no encoding.
        """
        known = known or {}
        with self._writing:
            held = {passage.digest for passage in self._held[0]}
            new = {passage.digest: passage for passage in passages if passage.digest not in held}
            with _connected(self.path) as database:
                for digest, passage in track(new.items(), "Indexing", len(new)):
                    vector = known.get(digest) or _packed(self._encoder.encode([passage.compared])[0])
                    row = (digest, passage.title, passage.text, passage.reference, vector)
                    database.execute("INSERT INTO passages VALUES (?, ?, ?, ?, ?)", row)
            self._load()
        return len(new)

    def search(self, text: str, k: int = 3) -> list[Source]:
        """The ``k`` passages that fit ``text`` best by meaning and words; ``score`` is the cosine, 0 to 1."""
        passages, ranking = self._held
        if ranking is None or not text.strip() or k < 1:
            return []
        ranks, similarities = ranking.rank(text, self._encoder.encode([text])[0])
        best = np.argsort(-ranks, kind="stable")[:k]
        return [
            Source(
                title=passages[at].title,
                text=passages[at].text,
                reference=passages[at].reference,
                score=float(min(max(similarities[at], 0.0), 1.0)),
            )
            for at in best
        ]

    def _load(self) -> None:
        with _connected(self.path) as database:
            _check(database, self.path)
            probe = database.execute("SELECT value FROM facts WHERE name = 'probe'").fetchone()
            rows = database.execute("SELECT title, text, reference, vector FROM passages ORDER BY rowid").fetchall()
        if not _similar(_unpacked(probe[0]), self._encoder.encode([PROBE])[0]):
            raise InputError(
                f"knowledge {self.path}: built by another encoder; build it again with: deskhand index PATH..."
            )
        if rows:
            passages = [Passage(*row[:3]) for row in rows]
            vectors = np.stack([_unpacked(row[3]) for row in rows])
            compared, answers = [passage.compared for passage in passages], [passage.text for passage in passages]
            self._held = (passages, Ranking(compared, vectors, answers))


def _read(path: Path) -> Iterator[Passage]:
    """The passages at ``path``; a path that holds none is an error, since nobody names one for nothing."""
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    found = 0
    for passage in _passages_of(path):
        found += 1
        yield passage
    if not found:
        raise InputError(
            f"{path}: nothing to read; give Markdown or text articles, or a dataset folder with train.jsonl"
        )


def _passages_of(path: Path) -> Iterator[Passage]:
    if path.is_file():
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(f"{path}: not an article; give {', '.join(sorted(SUFFIXES))} or a dataset folder")
        yield from read_article(path)
    elif (path / "train.jsonl").is_file():
        yield from read_dataset(path)
    else:
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in SUFFIXES and file.is_file():
                yield from read_article(file, path)


def _vectors(path: Path) -> dict[str, bytes]:
    """The packed vectors in the file, by the digest of their passage."""
    with _connected(path) as database:
        return dict(database.execute("SELECT digest, vector FROM passages").fetchall())


def _check(database: sqlite3.Connection, path: Path) -> None:
    application = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION:
        raise InputError(f"knowledge {path}: not a knowledge file; build one with: deskhand index PATH...")
    if version != VERSION:
        raise InputError(f"knowledge {path}: version {version}, this Deskhand reads {VERSION}; build it again")


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """The database at ``path``; what happens in the block is written as a whole or not at all."""
    try:
        with closing(sqlite3.connect(path)) as database, database:
            yield database
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname == "SQLITE_NOTADB":
            raise InputError(
                f"knowledge {path}: not a knowledge file; build one with: deskhand index PATH..."
            ) from error
        raise UnavailableError(f"knowledge {path}: {error}; check the disk and the rights on the folder") from error


def _packed(vector: Vectors) -> bytes:
    """Half precision: the cosine changes by less than 0.001, the file is half as big."""
    return vector.astype("<f2").tobytes()


def _unpacked(blob: bytes) -> Vectors:
    return np.frombuffer(blob, dtype="<f2").astype(np.float32)


def _similar(one: Vectors, other: Vectors) -> bool:
    return one.shape == other.shape and float(one @ other) > SAME_ENCODER


def _shipped() -> Encodes:
    from deskhand_guardrails.encoder import Encoder

    return Encoder.shipped()
