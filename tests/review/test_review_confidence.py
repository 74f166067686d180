"""Confidence refitted on what reviewers decided."""

from __future__ import annotations

from deskhand_guardrails.confidence import LEAST, Signals
from deskhand_guardrails.monitor import Store, Turn
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.review import ReviewQueue, refit


def test_reviewers_decisions_refit_it(store: Store, queue: ReviewQueue) -> None:
    answer = "Returns are possible within thirty days."
    for place in range(LEAST + 4):
        source = Source("Returns", answer, "a.md", 0.2 if place % 2 else 0.9)
        turn = Turn(
            conversation_id=f"c{place}",
            channel="web",
            question="How long can I return it?",
            answer=answer,
            decision="review",
            sources=(source,),
            model="m" if place else "other",
        )
        store.add(turn)
        if place % 2:
            queue.reject(turn.id, "ann")
        else:
            queue.approve(turn.id, "ann")
    made = refit(store, "m")
    assert made is not None
    assert (made.records, made.judge) == (LEAST + 3, "reviewers")
    assert made.probability(Signals(0.9, 0.0, 0.0, 1.0)) > 0.7
    assert made.probability(Signals(0.2, 0.0, 0.0, 1.0)) < 0.3
    assert refit(store, "other") is None
