"""What is particular in the training conversations: the runs of words for the dataset's ``training_text.npz``.

A customer's words are, unless ``COMMON`` customers of the export (left-out tickets included) have written or were told
the same. An agent's words are where they hold a placeholder, so that they speak of one customer, and nobody else was
told the same: all others are what a model is trained to say. Measured on the sample's 183 held-out agents' answers: of
every rare run 22 of them would be taken for a repetition, of these none (``benchmarks/training_text.py``). What an
article says is nobody's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deskhand_finetune.prepare.answers import Example
from deskhand_finetune.prepare.conversation import Conversation
from deskhand_guardrails.normalise import plain
from deskhand_guardrails.prompt import HAND_OVER, Source
from deskhand_guardrails.training_text import RUN, Hashes, hashes, runs_of, words

COMMON = 3
"""Customers from whom on a run is common: two may be one person with two addresses."""


class Shared(NamedTuple):
    """The runs that stand in more than one customer's tickets."""

    runs: Hashes
    """Sorted."""
    customers: npt.NDArray[np.int64]
    """For each, in how many customers' tickets it stands."""

    def most(self, runs: Hashes, customers: int) -> npt.NDArray[np.bool_]:
        """Which of ``runs`` stand in at most so many customers' tickets."""
        if not len(self.runs):
            return np.ones(len(runs), dtype=bool)
        places = np.minimum(np.searchsorted(self.runs, runs), len(self.runs) - 1)
        counts: npt.NDArray[np.int64] = np.where(self.runs[places] == runs, self.customers[places], 1)
        return counts <= customers


def shared(conversations: Iterable[Conversation]) -> Shared:
    """Counts the runs of all tickets by customer: 8 bytes a word while it does."""
    of: dict[str, list[Hashes]] = defaultdict(list)
    for one in conversations:
        of[one.customer or f"ticket {one.ticket_id}"] += [runs_of(turn.text) for turn in one.turns]
    own = [np.unique(np.concatenate(held)) for held in of.values() if held]
    runs, counts = np.unique(np.concatenate(own), return_counts=True) if own else (runs_of(""), np.zeros(0, np.int64))
    return Shared(runs[counts > 1], counts[counts > 1])


def particular(examples: Iterable[Example], others: Shared, articles: Sequence[Source]) -> Hashes:
    """The runs of ``examples`` (as they are written to ``train.jsonl``) that are their customers' own, sorted."""
    asked: list[Hashes] = [runs_of("")]
    told: list[Hashes] = [runs_of("")]
    for example in examples:
        asked += [runs_of(text) for role, text in example.conversation if role == "user"]
        told += [_personal(text) for role, text in example.conversation if role != "user"]
        told += [_personal(example.answer)] if example.answer != HAND_OVER else []
    customers, agents = np.unique(np.concatenate(asked)), np.unique(np.concatenate(told))
    found = np.union1d(customers[others.most(customers, COMMON - 1)], agents[others.most(agents, 1)])
    public = [runs_of(text) for one in articles for text in (one.title, one.text)]
    return np.setdiff1d(found, np.concatenate(public)) if public else found


def _personal(text: str) -> Hashes:
    """The runs of an agent's words that hold a placeholder."""
    said = words(plain(text).text)
    runs = hashes(said)
    marks = np.cumsum([0, *(word.startswith("<") for word in said)])
    return runs[marks[RUN:] > marks[: len(said) - RUN + 1]] if len(runs) else runs
