"""Folds what repeats: near-identical conversations, the same question and answer, and canned replies.

Canned replies are weighted down by number, not by a weight in the record, which other tools' trainers would not read:
of one template so many copies stay in training as the policy says (``training_data.most_copies``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from deskhand_finetune.prepare.answers import Example
from deskhand_finetune.prepare.conversation import Conversation
from deskhand_finetune.prepare.duplicates import groups, plain
from deskhand_finetune.prepare.spool import Places, digests, times


def near_duplicates(conversations: Sequence[Conversation]) -> set[int]:
    """Places of conversations that are nearly the same as a newer one: what the desk says now is what stays.

    None is compared with what was itself left out, so a chain of small changes is not one group.
    """
    newest = _newest_first(times(conversation.created_at for conversation in conversations))
    found = groups("\n".join(turn.text for turn in conversations[place].turns) for place in newest.tolist())
    return set(newest[found != np.arange(len(found))].tolist())


def duplicates(examples: Iterable[Example]) -> set[int]:
    """Places of examples that repeat the question and the answer of an earlier one."""
    keys = digests(f"{plain(example.conversation[-1][1])}\n{plain(example.answer)}" for example in examples)
    _, firsts = np.unique(keys, return_index=True)
    return set(np.setdiff1d(np.arange(len(keys)), firsts, assume_unique=True).tolist())


def surplus(examples: Iterable[Example], templates: Sequence[int] | Places, most: int) -> set[int]:
    """Places of examples beyond the ``most`` best of their template: those rated good first, then the newest.

    ``templates`` are the groups of the answers.
    """
    held = np.fromiter(
        ((example.answered_at.encode(), example.rating != "good") for example in examples), "S20,?", len(templates)
    )
    order = _newest_first(held["f0"])
    order = order[np.argsort(held["f1"][order], kind="stable")]
    copies = Counter[int]()
    found: set[int] = set()
    for place in order.tolist():
        copies[templates[place]] += 1
        if copies[templates[place]] > most:
            found.add(place)
    return found


def _newest_first(moments: npt.NDArray[np.bytes_]) -> Places:
    """Their places, the latest first; where two are the same, the earlier place first."""
    return (len(moments) - 1 - np.argsort(moments[::-1], kind="stable"))[::-1]
