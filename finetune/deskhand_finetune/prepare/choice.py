"""What of the cleaned conversations is written, and on which side: folding, examples, split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from deskhand_finetune.disk import write_jsonl
from deskhand_finetune.prepare import fold
from deskhand_finetune.prepare.answers import Example, examples_of
from deskhand_finetune.prepare.conversation import Conversation, LeftOut
from deskhand_finetune.prepare.duplicates import groups
from deskhand_finetune.prepare.leaks import MARKS, crossing
from deskhand_finetune.prepare.plan import CONVERSATIONS, EXAMPLES, Plan
from deskhand_finetune.prepare.quarantine import Quarantine
from deskhand_finetune.prepare.report import REASONS
from deskhand_finetune.prepare.split import By, Side, split
from deskhand_finetune.prepare.spool import Chosen, Spool, digests
from deskhand_finetune.prepare.substitutes import put
from deskhand_guardrails.errors import InputError

T = TypeVar("T")


class Choice(NamedTuple):
    """What is written: records on disk, and their sides."""

    examples: Sequence[Example]
    """With placeholders, or with substitutes in their place."""
    sides: list[Side]
    by: By
    learnt: Sequence[Conversation]
    """The conversations of the examples' tickets."""
    tickets: int
    canned: dict[str, int]


def choose(plan: Plan, left_out: Quarantine, files: ExitStack) -> Choice:
    """Folds, splits and holds the sides apart; what goes is noted in ``left_out``."""
    spool = files.enter_context(Spool(plan.partial / CONVERSATIONS, Conversation.from_json))
    repeated = fold.near_duplicates(spool)
    left_out.add(LeftOut(spool[place].ticket_id, "near_duplicate") for place in sorted(repeated))
    conversations = _without(spool, repeated)
    write_jsonl(_examples(conversations, left_out), plan.partial / EXAMPLES)
    answers = files.enter_context(Spool(plan.partial / EXAMPLES, Example.from_json))
    again = fold.duplicates(answers)
    left_out.add(_left(answers[place], "duplicate") for place in sorted(again, reverse=True))
    examples = _without(answers, again)
    sides, by, canned = _sides(examples, left_out, plan.most_copies)
    learnt = _of(conversations, _kept(examples, sides))
    _apart(examples, sides, learnt, left_out)
    if "train" not in sides:
        why = _most_frequent(left_out.counts)
        raise InputError(f"{plan.exports[0].path}: no answered ticket is left to learn from; {why}")
    kept = _kept(examples, sides)
    return Choice(
        Chosen(kept, np.arange(len(kept)), _with_substitutes) if plan.rules.substitutes else kept,
        [side for side in sides if side is not None],
        by,
        _of(conversations, kept),
        len(np.unique(digests(example.ticket_id for example in kept))),
        canned | {"duplicates": len(again), "near_duplicates": len(repeated)},
    )


def _without(items: Sequence[T], places: set[int]) -> Sequence[T]:
    return Chosen(items, np.setdiff1d(np.arange(len(items)), np.fromiter(places, np.int64)))


def _kept(examples: Sequence[Example], sides: Sequence[Side | None]) -> Sequence[Example]:
    return Chosen(examples, np.flatnonzero([side is not None for side in sides]))


def _of(conversations: Sequence[Conversation], examples: Iterable[Example]) -> Sequence[Conversation]:
    """The conversations of the examples' tickets."""
    tickets = digests(example.ticket_id for example in examples)
    held = digests(conversation.ticket_id for conversation in conversations)
    return Chosen(conversations, np.flatnonzero(np.isin(held, tickets)))


def _examples(conversations: Iterable[Conversation], left_out: Quarantine) -> Iterator[dict[str, Any]]:
    for conversation in conversations:
        for item in examples_of(conversation):
            if isinstance(item, Example):
                yield asdict(item)
            else:
                left_out.add([item])


def _sides(
    examples: Sequence[Example], left_out: Quarantine, most_copies: int
) -> tuple[list[Side | None], By, dict[str, int]]:
    """The split; of each canned reply only the best copies stay in training."""
    sides, by = split(examples)
    outside = [place for place, side in enumerate(sides) if side is None]
    left_out.add(_left(examples[place], "customer_on_other_side") for place in outside)
    templates = groups(example.answer for example in examples)
    learnt = np.flatnonzero([side == "train" for side in sides])
    surplus = learnt[sorted(fold.surplus(Chosen(examples, learnt), templates[learnt], most_copies))].tolist()
    left_out.add(_left(examples[place], "canned") for place in surplus)
    for place in surplus:
        sides[place] = None
    _, counts = np.unique(templates, return_counts=True)
    return sides, by, {"replies": int((counts > 1).sum()), "uses": int(counts[counts > 1].sum())}


def _apart(
    examples: Sequence[Example],
    sides: list[Side | None],
    learnt: Sequence[Conversation],
    left_out: Quarantine,
) -> None:
    """Near duplicates on two sides, which MinHash has missed: the older one goes, as in the folding."""
    kept = np.flatnonzero([side is not None for side in sides])
    names, firsts = np.unique(digests(one.ticket_id for one in Chosen(examples, kept)), return_index=True)
    marks = marks_of([sides[place] for place in kept[firsts].tolist()])
    own = marks[np.searchsorted(names, digests(conversation.ticket_id for conversation in learnt))]
    pairs = list(crossing(learnt, own))
    older = {learnt[min(pair, key=lambda place: own[place])].ticket_id for pair in pairs}
    if not older:
        return
    for place, example in enumerate(examples):
        if example.ticket_id in older and sides[place] is not None:
            sides[place] = None
            left_out.add([_left(example, "duplicate_on_other_side")])


def marks_of(sides: Iterable[Side | None]) -> npt.NDArray[np.uint8]:
    """``MARKS`` of the sides, 0 for none."""
    return np.fromiter((MARKS[side] if side else 0 for side in sides), np.uint8)


def _left(example: Example, reason: str) -> LeftOut:
    return LeftOut(example.ticket_id, reason, example.answered_at)


def _most_frequent(left_out: Counter[str]) -> str:
    reasons = ", ".join(f"{REASONS[reason]} ({count})" for reason, count in left_out.most_common(3))
    return f"left out: {reasons}" if reasons else "it holds no ticket"


def _with_substitutes(example: Example) -> Example:
    """Its values in place of its placeholders; before this, folding and filters compare placeholders."""
    own = example.substitutes
    said = tuple((role, put(text, own)) for role, text in example.conversation)
    notes = tuple(put(note, own) for note in example.notes)
    return replace(example, conversation=said, answer=put(example.answer, own), notes=notes)
