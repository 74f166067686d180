"""Puts a training record together: instructions, sources, conversation, answer."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from deskhand_finetune.prepare.answers import Example
from deskhand_finetune.prepare.sources import Neighbours
from deskhand_guardrails.encoder import Vectors
from deskhand_guardrails.processes import chunks
from deskhand_guardrails.prompt import HAND_OVER, Source, compose
from deskhand_guardrails.ranking import Meant

# So many training records teach that sources may not hold the answer.
HAND_OVER_SHARE = 0.03
# So many teach that the first source is not always the best one. Retrieval's order is right far more often than not,
# and a small model that is shown otherwise stops trusting it.
SHUFFLED_SHARE = 0.05
NOTES = "Notes of the team, which the customer has not read:"


def records(
    examples: Sequence[Example],
    vectors: Iterable[Vectors],
    neighbours: Neighbours,
    *,
    seed: int,
    is_training: bool,
) -> Iterator[dict[str, Any]]:
    """The records of one split. Chance is drawn per record from ``seed``, the ticket and the time, so that adding a
    ticket does not change the others; only training records hand over or are shuffled."""
    for chunk in chunks(zip(examples, vectors, strict=True)):
        compared = neighbours.compare(np.stack([vector for _, vector in chunk]))
        for (example, _), meant in zip(chunk, compared, strict=True):
            yield _made(example, meant, neighbours, seed, is_training)


def _made(example: Example, meant: Meant, neighbours: Neighbours, seed: int, is_training: bool) -> dict[str, Any]:
    draw = random.Random(f"{seed}:{example.ticket_id}:{example.answered_at}")
    sources, answer = neighbours.near(example, meant), example.answer
    if is_training and draw.random() < HAND_OVER_SHARE:
        # As many as retrieval brought: their number must not tell that the answer is missing.
        sources = neighbours.far(example, meant, len(sources), np.random.default_rng(draw.getrandbits(64)))
        answer = HAND_OVER
    if is_training and draw.random() < SHUFFLED_SHARE:
        sources = draw.sample(sources, len(sources))
    agreement = neighbours.agreement(example, sources) if is_training and answer != HAND_OVER else []
    return record(example, sources, answer) | {"source_agreement": agreement}


def record(example: Example, sources: Sequence[Source], answer: str) -> dict[str, Any]:
    """One line of ``train.jsonl``, but for ``source_agreement``: how nearly each source says what the agent said."""
    noted = [{"role": "system", "content": "\n- ".join([NOTES, *example.notes])}] if example.notes else []
    return {
        "messages": [*compose([*noted, *example.messages], sources), {"role": "assistant", "content": answer}],
        "ticket_id": example.ticket_id,
        "kind_tags": list(example.tags),
        "language": example.language,
        "answered_at": example.answered_at,
        "query": example.query,
        "source_ids": [source.reference for source in sources],
    }
