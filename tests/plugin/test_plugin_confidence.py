"""Below the confidence that was asked for, the guarded model hands over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from deskhand_guardrails import Rails
from deskhand_guardrails.confidence import AFTER, BEFORE, WITH_TOKENS, Calibration, Regression
from langchain_deskhand import ChatDeskhand
from langchain_deskhand.knowledge import Knowledge, Passage
from langchain_deskhand.testing import RecordingStore, ScriptedChatModel

QUESTION = "How long do I have to return a tent?"
ANSWER = "You have thirty days to return tents."


def regression(names: tuple[str, ...], bias: float, **weights: float) -> Regression:
    held = tuple(weights.get(name, 0.0) for name in names)
    return Regression(names, (0.0,) * len(names), (1.0,) * len(names), held, bias)


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    knowledge = Knowledge.create(tmp_path / "k.db")
    knowledge.add([Passage("Returning tents", ANSWER, "tents.md")])
    return knowledge


def asked(model: ChatDeskhand, question: str = QUESTION) -> tuple[str, dict[str, Any]]:
    answer = model.invoke(question)
    return answer.text, answer.response_metadata["deskhand"]


def test_an_answer_from_doubtful_sources_is_handed_over_before_it_is_begun(knowledge: Knowledge, rails: Rails) -> None:
    doubtful = Calibration((regression(BEFORE, -2.0),), 100, "a test")
    sure = Calibration((regression(BEFORE, 2.0),), 100, "a test")
    store = RecordingStore()
    inner = ScriptedChatModel(answers=[ANSWER] * 8)
    model = ChatDeskhand(model=inner, rails=rails, knowledge=knowledge, store=store, minimum_similarity=0)
    held_over = rails.policy.messages.hand_over
    text, told = asked(model.model_copy(update={"calibration": doubtful}))
    assert (text, told["decision"]) == (held_over, "review")
    assert told["confidence"] == pytest.approx(0.119, abs=0.001)
    assert store.turns[-1].reason == "confidence 0.12, below 0.50"
    assert "".join(one.text for one in model.model_copy(update={"calibration": doubtful}).stream(QUESTION)) == held_over
    assert asked(model.model_copy(update={"calibration": doubtful, "minimum_confidence": 0.1}))[0] == ANSWER
    text, told = asked(model.model_copy(update={"calibration": sure}))
    assert (text, told["confidence"]) == (ANSWER, pytest.approx(0.881, abs=0.001))
    assert asked(model.model_copy(update={"calibration": doubtful}), "Thanks!")[1]["decision"] == "allow"
    assert asked(model)[1]["confidence"] > 0.5, "without a calibration it is the similarity"


def test_an_answer_that_the_sources_do_not_bear_out_is_handed_over(knowledge: Knowledge, rails: Rails) -> None:
    by_support = Calibration((regression(AFTER, -3.0, support=8.0), regression(BEFORE, 2.0)), 100, "a test")
    strange = "Certainly, whatever pleases everybody concerned."
    inner = ScriptedChatModel(
        answers=[ANSWER, strange, f"{ANSWER} {strange} Moreover nobody minds little oddities, although others might."]
    )
    store = RecordingStore()
    model = ChatDeskhand(
        model=inner, rails=rails, knowledge=knowledge, store=store, minimum_similarity=0, calibration=by_support
    )
    assert asked(model)[0] == ANSWER
    assert asked(model)[1]["decision"] == "review"
    shown = [one.text for one in model.stream(QUESTION)]
    assert ANSWER in "".join(shown), "what was released is not taken back"
    assert store.turns[-1].confidence is not None
    assert store.turns[-1].confidence < 0.5


def test_the_probabilities_of_tokens_count_where_the_model_tells_them(knowledge: Knowledge, rails: Rails) -> None:
    tokens = Calibration(
        (regression(WITH_TOKENS, 3.0, mean_logprob=2.0), regression(AFTER, 2.0), regression(BEFORE, 2.0)), 100, "a test"
    )
    for logprob, expected in ((-0.1, ANSWER), (-4.0, rails.policy.messages.hand_over)):
        told = {"logprobs": {"content": [{"token": "You", "logprob": logprob, "bytes": None, "top_logprobs": []}]}}
        inner = ScriptedChatModel(answers=[AIMessage(ANSWER, response_metadata=told)])
        model = ChatDeskhand(model=inner, rails=rails, knowledge=knowledge, minimum_similarity=0, calibration=tokens)
        assert asked(model)[0] == expected
