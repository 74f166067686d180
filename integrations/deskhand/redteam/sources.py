"""What a red-teamed model is given to answer from: the probe's own documents first, then what its question finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deskhand_guardrails.prompt import Source, retrieval_query
from deskhand_guardrails.redteam import Probe

if TYPE_CHECKING:
    from langchain_deskhand.knowledge import Knowledge

SOURCES = 3


class Planted:
    """Knowledge in which a probe's documents are found first, as an attacker who has placed them well would have it."""

    def __init__(self, probe: Probe, knowledge: Knowledge | None) -> None:
        self._documents = [Source(one.title, one.text, one.reference, 1.0) for one in probe.documents]
        self._knowledge = knowledge

    def search(self, text: str, k: int = SOURCES, access: Iterable[str] = ()) -> list[Source]:
        """The documents, then the knowledge's passages that holders of ``access`` may see; ``k`` in all."""
        found = self._knowledge.search(text, k, access) if self._knowledge is not None else []
        return [*self._documents, *found][:k]


def sources(probe: Probe, knowledge: Knowledge | None) -> list[Source]:
    """The sources for the prompt of ``probe``."""
    return Planted(probe, knowledge).search(retrieval_query(conversation(probe)))


def conversation(probe: Probe) -> list[dict[str, str]]:
    """The probe's messages."""
    return [{"role": role, "content": text} for role, text in probe.turns]


def write_documents(probes: Sequence[Probe], folder: Path) -> int:
    """Writes the probes' documents as articles into ``folder``, for a desk that retrieves by itself; how many.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"# {one.title}\n\n{one.text}\n": probe.id for probe in probes for one in probe.documents}
    for text, name in texts.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return len(texts)
