"""The second stage of ``prepare``: from cleaned conversations to the files of the dataset."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from deskhand_finetune.dataset import REPORT
from deskhand_finetune.disk import read_jsonl, write_json, write_jsonl
from deskhand_finetune.prepare import fold
from deskhand_finetune.prepare.answers import Example, examples_of
from deskhand_finetune.prepare.articles import read_articles
from deskhand_finetune.prepare.card import card
from deskhand_finetune.prepare.conversation import Conversation, LeftOut
from deskhand_finetune.prepare.duplicates import groups
from deskhand_finetune.prepare.kinds import Kind, kinds
from deskhand_finetune.prepare.leaks import MARKS, crossing, leaks, refuse_leaks
from deskhand_finetune.prepare.lengths import Lengths
from deskhand_finetune.prepare.page import page
from deskhand_finetune.prepare.plan import (
    CONVERSATIONS,
    EXAMPLES,
    LEFT_OUT,
    QUARANTINE,
    STAGE,
    VECTORS,
    VECTORS_KEY,
    Plan,
)
from deskhand_finetune.prepare.quarantine import Quarantine
from deskhand_finetune.prepare.records import records
from deskhand_finetune.prepare.report import REASONS, PrepareReport
from deskhand_finetune.prepare.residual import estimate, refuse, write_suspects
from deskhand_finetune.prepare.sources import MOST_EXAMPLES, Neighbours
from deskhand_finetune.prepare.split import SPLITS, By, Side, split
from deskhand_finetune.prepare.spool import Chosen, Rows, Spool, digests, times
from deskhand_finetune.prepare.substitutes import put
from deskhand_finetune.prepare.timeline import timeline
from deskhand_guardrails.encoder import Encoder, Vectors
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.prompt import HAND_OVER

T = TypeVar("T")
# Questions embedded between two steps of the progress bar.
BLOCK = 64


def build(plan: Plan, started: float) -> PrepareReport:
    """Second stage: from conversations to the files of the dataset."""
    with ExitStack() as files:
        return _built(plan, started, files)


def _built(plan: Plan, started: float, files: ExitStack) -> PrepareReport:
    with Quarantine(plan.partial / QUARANTINE) as left_out:
        left_out.add(read_jsonl(plan.partial / LEFT_OUT))
        chosen = choose(plan, left_out, files)
    residual = estimate(chosen.learnt, plan.residual_limit)
    suspects = write_suspects(chosen.learnt, plan.out)
    if not plan.despite_leaks:
        refuse(residual, plan.out, suspects)
    written = write_splits(plan, chosen, files)
    found = leaks(plan.partial, chosen.learnt, by_organization=chosen.by == "organization")
    refuse_leaks(found, plan.out)
    stage = json.loads((plan.partial / STAGE).read_text(encoding="utf-8"))
    replaced, languages = _counted(chosen.learnt)
    report = PrepareReport(
        out=str(plan.out),
        fingerprint=plan.fingerprint,
        formats={export.path.name: f"{export.format} ({export.why})" for export in plan.exports},
        tickets=stage["tickets"],
        kept=chosen.tickets,
        splits=written.sizes,
        left_out=dict(left_out.counts.most_common()),
        replaced=replaced,
        residual=residual.to_json(),
        languages=languages,
        canned=chosen.canned,
        hand_overs=written.hand_overs,
        timeline=written.timeline,
        kinds=[list(kind) for kind in written.kinds],
        lengths=written.lengths,
        leaks=found,
        split_by=chosen.by,
        settings={
            "seed": plan.seed,
            "policy": plan.policy,
            "notes": plan.rules.notes,
            "substitutes": plan.rules.substitutes,
            "despite_leaks": plan.despite_leaks,
            "most_copies": plan.most_copies,
            "articles": [str(path) for path in plan.articles],
        },
        seconds=round(time.monotonic() - started, 2),
    )
    (plan.partial / "README.md").write_text(card(report), encoding="utf-8")
    write_json(report.to_json(), plan.partial / REPORT)
    (plan.partial / "report.html").write_text(page(report, read_jsonl(plan.partial / "train.jsonl")), encoding="utf-8")
    return report


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
    marks = _marks([sides[place] for place in kept[firsts].tolist()])
    own = marks[np.searchsorted(names, digests(conversation.ticket_id for conversation in learnt))]
    pairs = list(crossing(learnt, own))
    older = {learnt[min(pair, key=lambda place: own[place])].ticket_id for pair in pairs}
    if not older:
        return
    for place, example in enumerate(examples):
        if example.ticket_id in older and sides[place] is not None:
            sides[place] = None
            left_out.add([_left(example, "duplicate_on_other_side")])


def _marks(sides: Iterable[Side | None]) -> npt.NDArray[np.uint8]:
    """``MARKS`` of the sides, 0 for none."""
    return np.fromiter((MARKS[side] if side else 0 for side in sides), np.uint8)


def _left(example: Example, reason: str) -> LeftOut:
    return LeftOut(example.ticket_id, reason, example.answered_at)


class Written(NamedTuple):
    """What the three files hold."""

    sizes: dict[str, int]
    hand_overs: int
    """Training records whose answer is to hand over."""
    timeline: dict[str, dict[str, int]]
    kinds: list[Kind]
    lengths: dict[str, Any]


def write_splits(plan: Plan, chosen: Choice, files: ExitStack) -> Written:
    """Writes the three files."""
    examples = chosen.examples
    articles = read_articles(plan.articles)
    vectors = _vectors(plan, files, examples, [f"{article.title}\n{article.text}" for article in articles])
    marks = _marks(chosen.sides)
    train = np.flatnonzero(marks == MARKS["train"])
    answered = times(examples[place].answered_at for place in train.tolist())
    shown = np.sort(train[np.argsort(answered, kind="stable")[-MOST_EXAMPLES:]])
    learnt = list(Chosen(examples, shown))
    neighbours = Neighbours(learnt, vectors[shown], _answers(plan, learnt), articles, vectors[len(examples) :])
    sizes: dict[str, int] = {}
    handed_over = 0
    lengths = Lengths()

    def noted(made: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        nonlocal handed_over
        for record in made:
            lengths.add(record)
            handed_over += record["messages"][-1]["content"] == HAND_OVER
            yield record

    for side in SPLITS:
        places = np.flatnonzero(marks == MARKS[side])
        asked = Chosen(examples, places)
        made = records(asked, vectors.at(places), neighbours, seed=plan.seed, is_training=side == "train")
        sizes[side] = write_jsonl(
            noted(plan.track(made, f"writing {side}", len(asked))), plan.partial / f"{side}.jsonl"
        )
    firsts = np.sort(np.unique(digests(example.ticket_id for example in examples), return_index=True)[1])
    when = timeline((examples[place].created_at, chosen.sides[place]) for place in firsts.tolist())
    found = kinds(
        Chosen(examples, firsts, lambda example: example.query),
        Chosen(examples, firsts, lambda example: example.language),
        vectors.at(firsts),
        plan.seed,
    )
    return Written(sizes, handed_over, when, found, lengths.to_json())


def _vectors(plan: Plan, files: ExitStack, examples: Sequence[Example], sections: list[str]) -> Rows:
    """The vectors of questions and then article sections, kept in the partial folder: they are the slow part, and a
    run that was killed goes on with the next."""
    digest = hashlib.sha256()
    for text in chain((example.query for example in examples), sections):
        digest.update(hashlib.sha256(text.encode()).digest())
    path, key = plan.partial / VECTORS, plan.partial / VECTORS_KEY
    if not key.exists() or key.read_text(encoding="utf-8") != digest.hexdigest():
        path.unlink(missing_ok=True)
        key.write_text(digest.hexdigest(), encoding="utf-8")
    rows = files.enter_context(Rows(path))
    questions = Chosen(examples, np.arange(min(len(rows), len(examples)), len(examples)), lambda example: example.query)
    for made in _encoded(plan, questions, "embedding questions") if len(questions) else ():
        rows.append(made)
    rest = sections[len(rows) - len(examples) :]
    for made in _encoded(plan, rest, "embedding articles") if rest else ():
        rows.append(made)
    return rows


def _answers(plan: Plan, examples: Iterable[Example]) -> Vectors:
    """The vectors of the examples' answers, of which few are said only once."""
    places: dict[str, int] = {}
    rows = [places.setdefault(example.answer, len(places)) for example in examples]
    return np.concatenate(list(_encoded(plan, list(places), "embedding answers")))[rows]


def _encoded(plan: Plan, texts: Sequence[str], what: str) -> Iterator[Vectors]:
    """The vectors of ``texts``, a block at a time."""
    encoder = Encoder.shipped(threads=plan.workers)
    starts = range(0, len(texts), BLOCK)
    yield from (encoder.encode(texts[at : at + BLOCK]) for at in plan.track(starts, what, len(starts)))


def _most_frequent(left_out: Counter[str]) -> str:
    reasons = ", ".join(f"{REASONS[reason]} ({count})" for reason, count in left_out.most_common(3))
    return f"left out: {reasons}" if reasons else "it holds no ticket"


def _with_substitutes(example: Example) -> Example:
    """Its values in place of its placeholders; before this, folding and filters compare placeholders."""
    own = example.substitutes
    said = tuple((role, put(text, own)) for role, text in example.conversation)
    notes = tuple(put(note, own) for note in example.notes)
    return replace(example, conversation=said, answer=put(example.answer, own), notes=notes)


def _counted(conversations: Iterable[Conversation]) -> tuple[dict[str, int], dict[str, int]]:
    """How much was replaced, by kind, and how many tickets are in each language, the most frequent first."""
    replaced, languages = Counter[str](), Counter[str]()
    for conversation in conversations:
        replaced.update(conversation.replaced)
        languages[conversation.language] += 1
    return dict(replaced.most_common()), dict(languages.most_common())
