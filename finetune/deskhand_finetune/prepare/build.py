"""The second stage of ``prepare``: from cleaned conversations to the files of the dataset."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from deskhand_finetune.dataset import REPORT
from deskhand_finetune.disk import fingerprint, read_jsonl, write_json, write_jsonl
from deskhand_finetune.prepare import fold
from deskhand_finetune.prepare.answers import Example, examples_of
from deskhand_finetune.prepare.articles import read_articles
from deskhand_finetune.prepare.canaries import plant
from deskhand_finetune.prepare.card import card
from deskhand_finetune.prepare.conversation import Conversation, LeftOut
from deskhand_finetune.prepare.duplicates import groups
from deskhand_finetune.prepare.kinds import Kind, kinds
from deskhand_finetune.prepare.leaks import leaks, refuse_leaks
from deskhand_finetune.prepare.lengths import Lengths
from deskhand_finetune.prepare.page import page
from deskhand_finetune.prepare.particular import particular, shared
from deskhand_finetune.prepare.plan import CONVERSATIONS, LEFT_OUT, STAGE, VECTORS, Plan
from deskhand_finetune.prepare.records import records
from deskhand_finetune.prepare.report import REASONS, PrepareReport
from deskhand_finetune.prepare.residual import estimate, refuse, write_suspects
from deskhand_finetune.prepare.sources import Neighbours
from deskhand_finetune.prepare.split import SPLITS, By, Side, split
from deskhand_finetune.prepare.substitutes import put
from deskhand_finetune.prepare.timeline import timeline
from deskhand_guardrails.encoder import DIMENSIONS, Encoder, Vectors
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.prompt import HAND_OVER
from deskhand_guardrails.training_text import TrainingText

# Questions embedded between two steps of the progress bar.
BLOCK = 64


def build(plan: Plan, started: float) -> PrepareReport:
    """Second stage: from conversations to the files of the dataset."""
    conversations = [Conversation.from_json(record) for record in read_jsonl(plan.partial / CONVERSATIONS)]
    others = shared(conversations)
    left_out: list[dict[str, str]] = list(read_jsonl(plan.partial / LEFT_OUT))
    repeated = fold.near_duplicates(conversations)
    left_out.extend(LeftOut(conversations[place].ticket_id, "near_duplicate").to_json() for place in sorted(repeated))
    conversations = [one for place, one in enumerate(conversations) if place not in repeated]
    examples: list[Example] = []
    for conversation in conversations:
        for item in examples_of(conversation):
            if isinstance(item, Example):
                examples.append(item)
            else:
                left_out.append(item.to_json())
    sides, by, canned = _sides(examples, left_out, plan.most_copies)
    if "train" not in sides:
        raise InputError(
            f"{plan.exports[0].path}: no answered ticket is left to learn from; {_most_frequent(left_out)}"
        )
    kept = [(example, side) for example, side in zip(examples, sides, strict=True) if side is not None]
    tickets = {example.ticket_id for example, _ in kept}
    learnt = [conversation for conversation in conversations if conversation.ticket_id in tickets]
    residual = estimate(learnt, plan.residual_limit)
    suspects = write_suspects(learnt, plan.out)
    if not plan.despite_leaks:
        refuse(residual, plan.out, suspects)
    if plan.rules.substitutes:
        kept = _with_substitutes(kept, learnt)
    written = write_splits(plan, kept)
    crossing = leaks(plan.partial, learnt, by_organization=by == "organization")
    refuse_leaks(crossing, plan.out)
    planted = plant(plan.partial / "train.jsonl", plan.canaries)
    written.sizes["train"] += len(planted)
    runs = particular((one for one, side in kept if side == "train"), others, read_articles(plan.articles))
    TrainingText.of(runs, planted).save(plan.partial)
    write_jsonl(left_out, plan.partial / "quarantine.jsonl")
    stage = json.loads((plan.partial / STAGE).read_text(encoding="utf-8"))
    report = PrepareReport(
        out=str(plan.out),
        fingerprint=plan.fingerprint,
        formats={export.path.name: f"{export.format} ({export.why})" for export in plan.exports},
        tickets=stage["tickets"],
        kept=len(tickets),
        splits=written.sizes,
        left_out=dict(Counter(item["reason"] for item in left_out).most_common()),
        replaced=_replaced(learnt),
        residual=residual.to_json(),
        languages=dict(Counter(conversation.language for conversation in learnt).most_common()),
        canned=canned | {"near_duplicates": len(repeated)},
        hand_overs=written.hand_overs,
        timeline=timeline([(one.created_at, side) for one, side in _first(kept)]),
        kinds=[list(kind) for kind in written.kinds],
        lengths=written.lengths,
        leaks=crossing,
        split_by=by,
        settings={
            "seed": plan.seed,
            "policy": plan.policy,
            "notes": plan.rules.notes,
            "substitutes": plan.rules.substitutes,
            "despite_leaks": plan.despite_leaks,
            "most_copies": plan.most_copies,
            "canaries": plan.canaries,
            "articles": [str(path) for path in plan.articles],
        },
        seconds=round(time.monotonic() - started, 2),
    )
    (plan.partial / "README.md").write_text(card(report), encoding="utf-8")
    write_json(report.to_json(), plan.partial / REPORT)
    (plan.partial / "report.html").write_text(page(report, read_jsonl(plan.partial / "train.jsonl")), encoding="utf-8")
    return report


def _sides(
    examples: list[Example], left_out: list[dict[str, str]], most_copies: int
) -> tuple[list[Side | None], By, dict[str, int]]:
    """Duplicates go, the rest is split, and of each canned reply only the best copies stay in training."""
    repeated = fold.duplicates(examples)
    left_out.extend(_left(examples.pop(place), "duplicate") for place in sorted(repeated, reverse=True))
    sides, by = split(examples)
    for example, side in zip(examples, sides, strict=True):
        if side is None:
            left_out.append(_left(example, "customer_on_other_side"))
    templates = groups([example.answer for example in examples])
    learnt = [place for place, side in enumerate(sides) if side == "train"]
    surplus = fold.surplus([examples[place] for place in learnt], [templates[place] for place in learnt], most_copies)
    for place in sorted(learnt[number] for number in surplus):
        sides[place] = None
        left_out.append(_left(examples[place], "canned"))
    sizes = [count for count in Counter(templates).values() if count > 1]
    return sides, by, {"replies": len(sizes), "uses": sum(sizes), "duplicates": len(repeated)}


def _left(example: Example, reason: str) -> dict[str, str]:
    return LeftOut(example.ticket_id, reason, example.answered_at).to_json()


class Written(NamedTuple):
    """What the three files hold."""

    sizes: dict[str, int]
    hand_overs: int
    """Training records whose answer is to hand over."""
    kinds: list[Kind]
    lengths: dict[str, Any]


def write_splits(plan: Plan, kept: Sequence[tuple[Example, Side]]) -> Written:
    """Writes the three files."""
    examples = [example for example, _ in kept]
    articles = read_articles(plan.articles)
    vectors, article_vectors = _vectors(
        plan, [example.query for example in examples], [f"{article.title}\n{article.text}" for article in articles]
    )
    places = {side: [place for place, (_, own) in enumerate(kept) if own == side] for side in SPLITS}
    train = places["train"]
    learnt = [examples[place] for place in train]
    answer_vectors = _encoded(plan, [example.answer for example in learnt], "embedding answers")
    neighbours = Neighbours(learnt, vectors[train], answer_vectors, articles, article_vectors)
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
        asked = [examples[place] for place in places[side]]
        made = records(asked, vectors[places[side]], neighbours, seed=plan.seed, is_training=side == "train")
        sizes[side] = write_jsonl(
            noted(plan.track(made, f"writing {side}", len(asked))), plan.partial / f"{side}.jsonl"
        )
    firsts = sorted({example.ticket_id: place for place, example in reversed(list(enumerate(examples)))}.values())
    found = kinds(
        [examples[place].query for place in firsts],
        [examples[place].language for place in firsts],
        vectors[firsts],
        plan.seed,
    )
    return Written(sizes, handed_over, found, lengths.to_json())


def _first(kept: Sequence[tuple[Example, Side]]) -> list[tuple[Example, Side]]:
    """One example of each ticket."""
    return list({example.ticket_id: (example, side) for example, side in reversed(kept)}.values())


def _vectors(plan: Plan, queries: list[str], sections: list[str]) -> tuple[Vectors, Vectors]:
    """The vectors of questions and article sections, kept in the partial folder: they are the slow part."""
    path = plan.partial / VECTORS
    key = fingerprint(queries, sections)
    if path.exists():
        with np.load(path) as held:
            if str(held["key"]) == key:
                return held["queries"], held["sections"]
    made = [_encoded(plan, queries, "embedding questions"), _encoded(plan, sections, "embedding articles")]
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as out:
        np.savez(out, key=key, queries=made[0], sections=made[1])
    temporary.replace(path)
    return made[0], made[1]


def _encoded(plan: Plan, texts: list[str], what: str) -> Vectors:
    encoder = Encoder.shipped(threads=plan.workers)
    blocks = [texts[start : start + BLOCK] for start in range(0, len(texts), BLOCK)]
    rows = [encoder.encode(block) for block in plan.track(blocks, what, len(blocks))]
    return np.concatenate(rows) if rows else np.zeros((0, DIMENSIONS), np.float32)


def _most_frequent(left_out: Sequence[dict[str, str]]) -> str:
    counts = Counter(item["reason"] for item in left_out).most_common(3)
    reasons = ", ".join(f"{REASONS[reason]} ({count})" for reason, count in counts)
    return f"left out: {reasons}" if reasons else "it holds no ticket"


def _with_substitutes(
    kept: Sequence[tuple[Example, Side]], conversations: Sequence[Conversation]
) -> list[tuple[Example, Side]]:
    """Each ticket's values in place of its placeholders; before this, folding and filters compare placeholders."""
    drawn = {conversation.ticket_id: conversation.substitutes for conversation in conversations}

    def one(example: Example) -> Example:
        own = drawn[example.ticket_id]
        said = tuple((role, put(text, own)) for role, text in example.conversation)
        notes = tuple(put(note, own) for note in example.notes)
        return replace(example, conversation=said, answer=put(example.answer, own), notes=notes)

    return [(one(example), side) for example, side in kept]


def _replaced(conversations: Sequence[Conversation]) -> dict[str, int]:
    total = Counter[str]()
    for conversation in conversations:
        total.update(conversation.replaced)
    return dict(total.most_common())
