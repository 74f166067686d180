"""``Document``: a file that passages are read from, found by the paths that ``deskhand index`` is given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deskhand_guardrails.errors import InputError
from langchain_deskhand.knowledge import articles, faqs
from langchain_deskhand.knowledge.passage import Passage
from langchain_deskhand.knowledge.tickets import read_dataset

READERS_VERSION = 1
"""Raised when a reader changes what it makes of a file: then unchanged files are read again."""

DATASET = "train.jsonl"


@dataclass(frozen=True, slots=True)
class Document:
    """A file below ``origin``: the folder that was named, or the one that holds a file that was."""

    origin: str
    """An absolute path."""
    name: str
    """Relative to ``origin``."""

    @property
    def path(self) -> Path:
        """Where it is now."""
        return Path(self.origin) / self.name

    def digest(self, access: tuple[str, ...]) -> str:
        """Of its content and of what else decides what is read from it.

        Raises:
            InputError: it cannot be read.
        """
        digest = hashlib.sha256(json.dumps([READERS_VERSION, access]).encode())
        try:
            with self.path.open("rb") as raw:
                digest.update(hashlib.file_digest(raw, "sha256").digest())
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({error.strerror})") from None
        return digest.hexdigest()

    def read(self, access: tuple[str, ...]) -> Iterator[Passage | InputError]:
        """Its passages; what cannot be used comes as the error that says why, and the rest goes on."""
        root, suffix = Path(self.origin), self.path.suffix.lower()
        try:
            if self.name == DATASET:
                yield from read_dataset(root, access)
            elif suffix in faqs.SUFFIXES:
                yield from faqs.read_faqs(self.path, root, access)
            else:
                yield from articles.read_article(self.path, root, access)
        except InputError as error:
            yield error
        except OSError as error:
            yield InputError(f"{self.path}: cannot be read ({error.strerror})")


def find(paths: Iterable[Path]) -> list[Document]:
    """The documents at ``paths``: files, folders of them (but for hidden ones), dataset folders.

    Raises:
        InputError: a path is not there, or holds nothing to read; nobody names one for nothing.
    """
    found: dict[Document, None] = {}
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder")
        here = list(_at(path.resolve()))
        if not here:
            raise InputError(
                f"{path}: nothing to read; give {', '.join(sorted(articles.SUFFIXES | faqs.SUFFIXES))}, "
                f"or a dataset folder with {DATASET}"
            )
        found |= dict.fromkeys(here)
    return list(found)


def _at(path: Path) -> Iterator[Document]:
    if path.is_file():
        if _readable(path):
            yield Document(str(path.parent), path.name)
    elif (path / DATASET).is_file():
        yield Document(str(path), DATASET)
    else:
        for file in sorted(path.rglob("*")):
            name = file.relative_to(path)
            if _readable(file) and file.is_file() and not any(part.startswith(".") for part in name.parts):
                yield Document(str(path), name.as_posix())


def _readable(path: Path) -> bool:
    return path.suffix.lower() in articles.SUFFIXES | faqs.SUFFIXES
