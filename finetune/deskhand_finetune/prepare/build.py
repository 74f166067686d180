"""The second stage of ``prepare``: from cleaned conversations to the files of the dataset."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from deskhand_finetune.dataset import REPORT
from deskhand_finetune.disk import read_jsonl, write_json, write_jsonl
from deskhand_finetune.prepare.answers import Example
from deskhand_finetune.prepare.articles import read_articles
from deskhand_finetune.prepare.canaries import plant
from deskhand_finetune.prepare.card import card
from deskhand_finetune.prepare.choice import Choice, choose, marks_of
from deskhand_finetune.prepare.conversation import Conversation
from deskhand_finetune.prepare.kinds import Kind, kinds
from deskhand_finetune.prepare.leaks import MARKS, leaks, refuse_leaks
from deskhand_finetune.prepare.lengths import Lengths
from deskhand_finetune.prepare.page import page
from deskhand_finetune.prepare.particular import particular, shared
from deskhand_finetune.prepare.plan import (
    CONVERSATIONS,
    LEFT_OUT,
    QUARANTINE,
    STAGE,
    VECTORS,
    VECTORS_KEY,
    Plan,
)
from deskhand_finetune.prepare.quarantine import Quarantine
from deskhand_finetune.prepare.records import records
from deskhand_finetune.prepare.report import PrepareReport
from deskhand_finetune.prepare.residual import estimate, refuse, write_suspects
from deskhand_finetune.prepare.sources import MOST_EXAMPLES, Neighbours
from deskhand_finetune.prepare.split import SPLITS
from deskhand_finetune.prepare.spool import Chosen, Rows, digests, times
from deskhand_finetune.prepare.timeline import timeline
from deskhand_guardrails.encoder import Encoder, Vectors
from deskhand_guardrails.prompt import HAND_OVER
from deskhand_guardrails.training_text import TrainingText

# Questions embedded between two steps of the progress bar.
BLOCK = 64


def build(plan: Plan, started: float) -> PrepareReport:
    """Second stage: from conversations to the files of the dataset."""
    with ExitStack() as files:
        return _built(plan, started, files)


def _built(plan: Plan, started: float, files: ExitStack) -> PrepareReport:
    others = shared(map(Conversation.from_json, read_jsonl(plan.partial / CONVERSATIONS)))
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
    planted = plant(plan.partial / "train.jsonl", plan.canaries)
    written.sizes["train"] += len(planted)
    learnt = (one for one, side in zip(chosen.examples, chosen.sides, strict=True) if side == "train")
    TrainingText.of(particular(learnt, others, read_articles(plan.articles)), planted).save(plan.partial)
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
            "canaries": plan.canaries,
            "articles": [str(path) for path in plan.articles],
        },
        seconds=round(time.monotonic() - started, 2),
    )
    (plan.partial / "README.md").write_text(card(report), encoding="utf-8")
    write_json(report.to_json(), plan.partial / REPORT)
    (plan.partial / "report.html").write_text(page(report, read_jsonl(plan.partial / "train.jsonl")), encoding="utf-8")
    return report


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
    marks = marks_of(chosen.sides)
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


def _counted(conversations: Iterable[Conversation]) -> tuple[dict[str, int], dict[str, int]]:
    """How much was replaced, by kind, and how many tickets are in each language, the most frequent first."""
    replaced, languages = Counter[str](), Counter[str]()
    for conversation in conversations:
        replaced.update(conversation.replaced)
        languages[conversation.language] += 1
    return dict(replaced.most_common()), dict(languages.most_common())
