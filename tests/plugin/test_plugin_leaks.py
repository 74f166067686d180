"""Nothing planted in a conversation is ever shown, in any way and any pieces; ``benchmarks/leaks.py`` tries 1,000."""

from __future__ import annotations

import pytest
from langchain.agents import create_agent
from langgraph.checkpoint.memory import InMemorySaver

from deskhand_guardrails import Rails
from langchain_deskhand import ChatDeskhand, DeskhandMiddleware
from langchain_deskhand.testing import KINDS, WAYS, RecordingStore, leaked, planted, shown

pytestmark = pytest.mark.filterwarnings("ignore:The v3 streaming protocol")

# Every kind in every way once.
CASES = len(KINDS) * len(WAYS)


def instead(kind: str, rails: Rails) -> str:
    """What the customer reads in the place of what was planted."""
    messages = rails.policy.messages
    # A card number and a link are figures that nothing supports.
    return messages.hand_over if kind in ("card", "figure", "instructions") else messages.refusal


@pytest.mark.parametrize("seed", range(CASES))
async def test_an_agent_leaks_nothing(rails: Rails, seed: int) -> None:
    case, way, store, saver = planted(seed), WAYS[seed % len(WAYS)], RecordingStore(), InMemorySaver()
    guard = DeskhandMiddleware(rails, store=store)
    agent = create_agent(case.model(), [case.tool()], middleware=[guard], checkpointer=saver)
    pieces = await shown(agent, case.question, way, {"configurable": {"thread_id": "1"}})
    assert leaked(pieces, case.planted) == 0, (case.kind, way)
    assert leaked(list(saver.list(None)), case.planted) == 0, (case.kind, way)
    expected = instead(case.kind, rails)
    assert leaked(pieces, [expected]) == len(expected), (case.kind, way)
    assert store.turns, "what was held back or changed is in the record"


@pytest.mark.parametrize("seed", [seed for seed in range(20) if planted(seed).kind != "instructions"])
async def test_a_guarded_model_leaks_nothing(rails: Rails, seed: int) -> None:
    case, way = planted(seed), WAYS[-1 - seed % len(WAYS)]
    agent = create_agent(ChatDeskhand(model=case.model(), rails=rails), [case.tool()])
    pieces = await shown(agent, case.question, way)
    assert leaked(pieces, case.planted) == 0, (case.kind, way)
    assert leaked(pieces, [instead(case.kind, rails)]) > 0


async def test_without_a_guard_every_case_leaks_in_every_way() -> None:
    """The tests above would notice: the same agents without the middleware."""
    assert (len(KINDS), len(WAYS)) == (5, 13)
    for seed in range(CASES):
        case, way = planted(seed), WAYS[seed % len(WAYS)]
        pieces = await shown(create_agent(case.model(), [case.tool()]), case.question, way)
        assert leaked(pieces, case.planted) == len(case.planted[0]), (case.kind, way)
