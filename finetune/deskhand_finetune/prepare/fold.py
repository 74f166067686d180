"""Folds what repeats: near-identical conversations, the same question and answer, and canned replies.

Canned replies are weighted down by number, not by a weight in the record, which other tools' trainers would not read:
of one template so many copies stay in training as the policy says (``training_data.most_copies``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from deskhand_finetune.prepare.answers import Example
from deskhand_finetune.prepare.conversation import Conversation
from deskhand_finetune.prepare.duplicates import groups, plain


def near_duplicates(conversations: Sequence[Conversation]) -> set[int]:
    """Places of conversations that are nearly the same as a newer one: what the desk says now is what stays.

    None is compared with what was itself left out, so a chain of small changes is not one group.
    """
    newest = sorted(range(len(conversations)), key=lambda place: conversations[place].created_at, reverse=True)
    found = groups(["\n".join(turn.text for turn in conversations[place].turns) for place in newest])
    return {place for number, place in enumerate(newest) if found[number] != number}


def duplicates(examples: Sequence[Example]) -> set[int]:
    """Places of examples that repeat the question and the answer of an earlier one."""
    seen: set[tuple[str, str]] = set()
    found: set[int] = set()
    for place, example in enumerate(examples):
        key = (plain(example.conversation[-1][1]), plain(example.answer))
        if key in seen:
            found.add(place)
        seen.add(key)
    return found


def surplus(examples: Sequence[Example], templates: Sequence[int], most: int) -> set[int]:
    """Places of examples beyond the ``most`` best of their template: those rated good first, then the newest.

    ``templates`` are the groups of the answers.
    """
    order = sorted(range(len(examples)), key=lambda place: examples[place].answered_at, reverse=True)
    order.sort(key=lambda place: examples[place].rating != "good")
    copies = Counter[int]()
    found: set[int] = set()
    for place in order:
        copies[templates[place]] += 1
        if copies[templates[place]] > most:
            found.add(place)
    return found
