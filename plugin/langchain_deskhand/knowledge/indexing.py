"""What ``deskhand index`` has to do: which documents are new or changed, which are gone, what could not be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deskhand_guardrails.errors import InputError
from langchain_deskhand.knowledge.documents import Document, find
from langchain_deskhand.knowledge.passage import Passage


@dataclass(frozen=True, slots=True)
class Indexed:
    """What was done; documents are counted, but for ``passages``."""

    passages: int = 0
    """All that there are now."""
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    left: tuple[str, ...] = ()
    """One line for each file or record that could not be used."""


@dataclass(slots=True)
class Plan:
    """What is to be written and removed."""

    changed: dict[Document, tuple[str, list[Passage]]] = field(default_factory=dict)
    """New and changed documents: their digest and passages."""
    gone: list[Document] = field(default_factory=list)
    new: int = 0
    unchanged: int = 0
    left: list[str] = field(default_factory=list)

    def indexed(self, passages: int) -> Indexed:
        """The account of it, once it is done."""
        changed = len(self.changed) - self.new
        return Indexed(passages, self.new, changed, self.unchanged, len(self.gone), tuple(self.left))


def plan(paths: Iterable[Path], held: Mapping[Document, str], access: tuple[str, ...]) -> Plan:
    """Compares what is at ``paths`` with the documents ``held`` (and the digest that each was read under).

    Raises:
        InputError: a path holds nothing to read, or nothing of it could be used.
    """
    paths = [Path(path) for path in paths]
    found = find(paths)
    made = Plan()
    for document in found:
        try:
            digest = document.digest(access)
        except InputError as error:
            made.left.append(str(error))
            made.gone += [document] if document in held else []
            continue
        if held.get(document) == digest:
            made.unchanged += 1
            continue
        passages, faults = _read(document, access)
        made.left += faults
        if passages:
            made.changed[document] = (digest, passages)
            made.new += document not in held
        else:
            made.left += [] if faults else [f"{document.path}: holds no text to answer from"]
            made.gone += [document] if document in held else []
    folders = {str(path.resolve()) for path in paths if path.is_dir()}
    here = set(found)
    made.gone += [document for document in held if document.origin in folders and document not in here]
    if not (made.changed or made.unchanged or made.gone):
        first, *others = made.left
        raise InputError(f"{first} (nothing could be used; {len(others)} more left out)" if others else first)
    return made


def _read(document: Document, access: tuple[str, ...]) -> tuple[list[Passage], list[str]]:
    passages, faults = list[Passage](), list[str]()
    for read in document.read(access):
        if isinstance(read, Passage):
            passages.append(read)
        else:
            faults.append(str(read))
    return passages, faults
