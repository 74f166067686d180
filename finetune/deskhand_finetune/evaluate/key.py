"""The answer key: which kind of answer each ticket needs, and what an answer of that kind must say.

::

    {"kinds": {KIND: {"title", "references": [answer, ...], "facts": [[alternative, ...], ...]}},
     "tickets": {TICKET: {"kind", "language", "answered_at"}}}

An answer is right when, of all reference answers of all kinds, the most similar one belongs to the ticket's kind, and
every fact of the kind is in it in one of its forms. The first catches a fluent answer to another question, the second
an answer that invents the details. A placeholder in place of a fact counts as missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deskhand_finetune.tickets.raw.files import open_text
from deskhand_guardrails.encoder import Encoder, Vectors
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.prompt import HAND_OVER


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the key says about one answer."""

    kind: str
    """The kind that the ticket needs."""
    nearest: str
    """The kind that the answer is most similar to."""
    missing: tuple[str, ...]
    """The facts that it does not state, each by its first form."""

    @property
    def is_right(self) -> bool:
        return self.kind == self.nearest and not self.missing


class AnswerKey:
    """A loaded key; ``judge`` needs no model but the shipped encoder."""

    _vectors: Vectors

    def __init__(self, kinds: Mapping[str, Mapping[str, Any]], tickets: Mapping[str, Mapping[str, Any]]) -> None:
        self.kinds = kinds
        self._tickets = tickets
        references = [(kind, text) for kind, held in kinds.items() for text in held["references"]]
        self._of = [kind for kind, _ in references]
        self._encoder = Encoder.shipped()
        self._vectors = self._encoder.encode([text for _, text in references])

    @classmethod
    def load(cls, path: Path) -> AnswerKey:
        """Reads a key, plain or gzip.

        Raises:
            InputError: not there, not JSON, or not of this form.
        """
        with open_text(path) as text:
            try:
                held = json.load(text)
                kinds, tickets = held["kinds"], held["tickets"]
                for name, kind in kinds.items():
                    if not kind["references"] or not isinstance(kind["facts"], list):
                        raise InputError(f"{path}: kind '{name}' needs 'references' and 'facts'")
                unknown = {ticket["kind"] for ticket in tickets.values()} - set(kinds)
            except (ValueError, KeyError, TypeError, AttributeError):
                raise InputError(
                    f"{path}: no answer key; it needs 'kinds' with references and facts, and 'tickets'"
                ) from None
        if unknown:
            raise InputError(f"{path}: tickets of kinds that it does not hold: {', '.join(sorted(unknown))}")
        return cls(kinds, tickets)

    def learn(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Takes agents' answers in other languages than English as further references.

        The encoder is English: a German answer is more like any German text than like its English reference (measured
        on the sample: 10 of 12 agents' own answers were held to be of another kind). So it is compared within its
        language, with answers to other tickets of the same kind.
        """
        more = [
            (kind, record["messages"][-1]["content"])
            for record in records
            if record.get("language") not in ("en", "", None) and (kind := self.kind_of(record))
        ]
        more = [(kind, text) for kind, text in more if text != HAND_OVER]
        if more:
            self._of.extend(kind for kind, _ in more)
            self._vectors = np.vstack([self._vectors, self._encoder.encode([text for _, text in more])])

    def kind_of(self, record: Mapping[str, Any]) -> str:
        """The kind that a dataset's record needs; nothing when the key does not cover that answer of the ticket."""
        held = self._tickets.get(str(record.get("ticket_id")), {})
        return str(held["kind"]) if held and held.get("answered_at") == record.get("answered_at") else ""

    def judge(self, answers: Sequence[str], kinds: Sequence[str]) -> list[Judgement]:
        """Judges each answer against the kind that its ticket needs."""
        if not answers:
            return []
        similar = self._encoder.encode([answer or " " for answer in answers]) @ self._vectors.T
        nearest = [self._of[int(place)] for place in np.argmax(similar, axis=1)]
        return [
            Judgement(kind, near, tuple(forms[0] for forms in self.kinds[kind]["facts"] if not _states(answer, forms)))
            for answer, kind, near in zip(answers, kinds, nearest, strict=True)
        ]


def _states(answer: str, forms: Sequence[str]) -> bool:
    folded = " ".join(answer.casefold().split())
    return any(" ".join(form.casefold().split()) in folded for form in forms)
