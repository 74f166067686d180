"""``Knowledge``: what answers are taken from, in a SQLite file or a PostgreSQL database.

Up to ``IN_MEMORY`` passages all that the asker may see is ordered by ``Ranking``, as the sources of training data are.
Beyond that, which takes 100 ms and more, the database puts forward what is near in meaning and what shares words, and
their places in both lists decide.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np

from deskhand_guardrails.errors import ConfigError, InputError, UnavailableError
from deskhand_guardrails.progress import Track, quiet
from deskhand_guardrails.prompt import Source
from langchain_deskhand.knowledge.access import may_see
from langchain_deskhand.knowledge.documents import Document
from langchain_deskhand.knowledge.indexing import Indexed, Plan, plan
from langchain_deskhand.knowledge.matrix import Vectors
from langchain_deskhand.knowledge.passage import Passage
from langchain_deskhand.knowledge.postgres import SCHEMES, PostgresShelf
from langchain_deskhand.knowledge.shelf import Candidate
from langchain_deskhand.knowledge.sqlite import SqliteShelf
from langchain_deskhand.knowledge.views import Views, fused, source_of

PROBE = "How do I get my money back for an order that never arrived?"
SAME_ENCODER = 0.95
"""The vector of ``PROBE`` is kept. An encoder that gives another one must not search here: what the same int8 model
gives on another processor differs by rounding, what another model gives has nothing to do with it."""

IN_MEMORY = 5_000

BATCH = 256
"""Passages that are written together: a run that is stopped goes on from there."""


class Encodes(Protocol):
    """Turns texts into unit vectors: the shipped ``Encoder``, or another. May be called from several threads."""

    def encode(self, texts: Sequence[str]) -> Vectors: ...


class Knowledge:
    """Passages, searched by meaning and words. Get one with ``open``, ``create`` or ``build``; safe across threads.

    What another process indexes or removes counts from the next search on.
    """

    def __init__(self, where: Path | str, encoder: Encodes, *, new: bool = False, in_memory: int = IN_MEMORY) -> None:
        self.where = str(where)
        self.indexed = Indexed()
        """What the last ``build`` did."""
        self._encoder = encoder
        self._in_memory = in_memory
        self._writing = threading.Lock()
        probe = encoder.encode([PROBE])[0]
        self._shelf: SqliteShelf | PostgresShelf
        if _is_url(where):
            self._shelf = PostgresShelf(str(where), len(probe))
        else:
            self._shelf = SqliteShelf(Path(where))
        there = self._shelf.exists()
        if new and there:
            raise InputError(f"knowledge {self._shelf.name}: exists already; open it, or choose another name")
        if new:
            self._shelf.create()
            with self._shelf.writing() as connection:
                self._shelf.keep(connection, "probe", probe.astype("<f4").tobytes())
        elif not there:
            raise UnavailableError(f"knowledge {self._shelf.name}: no such file; build it with: deskhand index PATH...")
        self._shelf.check()
        self._views = Views(self._shelf)
        kept = np.frombuffer(self._shelf.fact("probe") or b"", dtype="<f4")
        if kept.shape != probe.shape or float(kept @ probe) < SAME_ENCODER:
            raise InputError(
                f"knowledge {self._shelf.name}: built by another encoder; delete it and build it again with: "
                "deskhand index PATH..."
            )

    @classmethod
    def open(cls, where: Path | str, *, encoder: Encodes | None = None, in_memory: int = IN_MEMORY) -> Knowledge:
        """The knowledge in a file, or in a database by URL.

        Args:
            where: what ``build`` or ``create`` wrote: a path, or ``postgresql://user@host/name``.
            encoder: the encoder that it was built with; the shipped one when not given.
            in_memory: up to so many passages are ranked in this process, more by the database.

        Raises:
            UnavailableError: there is no such file, or the database does not answer.
            ConfigError: the URL is not PostgreSQL's, or its driver is missing.
            InputError: it is no knowledge, a later version's, or was built by another encoder.
        """
        return cls(where, encoder or _shipped(), in_memory=in_memory)

    @classmethod
    def create(cls, where: Path | str, *, encoder: Encodes | None = None) -> Knowledge:
        """Empty knowledge at ``where``, which must not hold any yet.

        Raises:
            InputError: something is there already.
            UnavailableError: it cannot be written.
        """
        return cls(where, encoder or _shipped(), new=True)

    @classmethod
    def build(
        cls,
        paths: Iterable[Path],
        out: Path | str,
        track: Track = quiet,
        *,
        encoder: Encodes | None = None,
        access: tuple[str, ...] = (),
    ) -> Knowledge:
        """Brings ``out`` up to date with files, folders and datasets; ``indexed`` tells what that changed.

        Files whose content is the same are passed over, changed ones replaced, and what is gone from a folder that is
        named is removed. What came from other paths stays. A file or record that cannot be used is left out, with the
        reason in ``indexed.left``; a file that was fine before and is not now is removed, since who may read it may
        have changed too. Stopped half way, ``out`` holds whole files, and the same call goes on from there.

        Args:
            paths: articles, FAQs, folders of them, and dataset folders (with a ``train.jsonl``).
            out: the file to write, or a database's URL.
            track: shows progress over the passages.
            encoder: turns texts into vectors; the shipped one when not given.
            access: labels of the documents that name none themselves.

        Raises:
            InputError: a path holds nothing to read, or nothing of it could be used.
            UnavailableError: the disk is full or not writable, or the database does not answer.
        """
        encoder = encoder or _shipped()
        there = cls(out, encoder) if _is_there(out) else None
        planned = plan(paths, there.documents() if there else {}, access)
        knowledge = there or cls(out, encoder, new=True)
        knowledge.carry_out(planned, track)
        return knowledge

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled as its place; another process opens it itself, with the shipped encoder."""
        if self._encoder is not _shipped():
            raise TypeError(f"knowledge {self._shelf.name}: cannot be pickled with an encoder of your own")
        return Knowledge.open, (self.where,)

    def close(self) -> None:
        """Closes the connections; the next call opens new ones."""
        self._shelf.close()

    @property
    def name(self) -> str:
        """Its file or database, for messages: without a password."""
        return self._shelf.name

    def __len__(self) -> int:
        return self._shelf.count()

    def documents(self) -> dict[Document, str]:
        """The files that were indexed, each with the digest that it was read under."""
        return self._shelf.held()

    def carry_out(self, planned: Plan, track: Track = quiet) -> None:
        """Does what was planned; ``indexed`` tells of it."""
        self._apply(planned.changed, planned.gone, track)
        self.indexed = planned.indexed(self._shelf.count())

    def add(self, passages: Iterable[Passage], track: Track = quiet) -> int:
        """Writes passages of your own and returns how many were new; those that are there already are passed over."""
        new = {Document("", passage.digest): (passage.digest, [passage]) for passage in passages}
        held = self._shelf.held()
        new = {document: what for document, what in new.items() if document not in held}
        self._apply(new, [], track)
        return len(new)

    def remove(self, names: Iterable[str | Path]) -> int:
        """Removes what each name stands for and returns how many passages that were.

        Args:
            names: references as answers cite them (``refunds.md`` with all its sections, ``ticket:45``), or files and
                folders that were indexed, whether or not they still exist.

        Raises:
            InputError: a name stands for nothing here; nothing was removed then.
        """
        wanted = [str(name) for name in names]
        before, held = len(self), self._shelf.held()
        below = {name: [one for one in held if _is_at(one, Path(name).resolve())] for name in wanted}
        for name in wanted:
            if not below[name] and not self._shelf.cited(name):
                raise InputError(f"knowledge {self._shelf.name}: holds nothing named {name}; nothing was removed")
        with self._writing:
            self._shelf.drop(document for found in below.values() for document in found)
            self._shelf.drop_passages(name for name in wanted if not below[name])
            self._shelf.bump()
        return before - len(self)

    def search(self, text: str, k: int = 3, access: Iterable[str] = ()) -> list[Source]:
        """The ``k`` passages that fit ``text`` best by meaning and words; ``score`` is the cosine, 0 to 1.

        Args:
            text: the question.
            k: how many.
            access: the labels that whoever asks holds. Documents with other labels are left out before anything is
                compared.
        """
        if not text.strip() or k < 1:
            return []
        vector = self._encoder.encode([text])[0]
        asker = frozenset(access)
        if self._shelf.size() <= self._in_memory:
            return self._views.search(self._shelf.matrix, text, vector, k, asker)
        ids = fused(self._shelf.near(vector, asker), self._shelf.holding(text, asker))
        held = self._shelf.passages_of(ids)
        # Looked at once more: another process may be writing while this one searches.
        mine = [held[one] for one in ids if one in held and may_see(held[one].passage.access, asker)]
        return [source_of(one.passage, float(one.vector @ vector)) for one in mine[:k]]

    def _apply(
        self, changed: dict[Document, tuple[str, list[Passage]]], gone: Sequence[Document], track: Track
    ) -> None:
        passages = {passage.digest: passage for _, read in changed.values() for passage in read}
        with self._writing:
            vectors = self._shelf.vectors(list(passages))
            waiting = [passage for digest, passage in passages.items() if digest not in vectors]
            self._shelf.drop(gone)
            batch: dict[Document, tuple[str, list[Candidate]]] = {}
            size = 0
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                encoded = track(pool.map(self._encoded, waiting), "Indexing", len(waiting))
                for document, (digest, read) in changed.items():
                    for passage in read:
                        while passage.digest not in vectors:
                            made, vector = next(encoded)
                            vectors[made] = vector
                    batch[document] = (digest, [Candidate(passage, vectors[passage.digest]) for passage in read])
                    size += len(read)
                    if size >= BATCH:
                        self._shelf.replace(batch)
                        batch, size = {}, 0
                for _ in encoded:
                    raise AssertionError("every passage belongs to a document")
            self._shelf.replace(batch)
            self._shelf.bump()

    def _encoded(self, passage: Passage) -> tuple[str, Vectors]:
        return passage.digest, self._encoder.encode([passage.compared])[0]


def _is_url(where: Path | str) -> bool:
    scheme, apart, _ = str(where).partition("://")
    if apart and not str(where).startswith(SCHEMES):
        raise ConfigError(f"knowledge: {scheme} is not supported; give a file, or postgresql://user@host/name")
    return bool(apart)


def _is_there(where: Path | str) -> bool:
    if not _is_url(where):
        return Path(where).exists()
    shelf = PostgresShelf(str(where), 1)
    try:
        return shelf.exists()
    finally:
        shelf.close()


def _is_at(document: Document, path: Path) -> bool:
    return bool(document.origin) and (document.path == path or path in document.path.parents)


def _shipped() -> Encodes:
    from deskhand_guardrails.encoder import Encoder

    return Encoder.shipped()
