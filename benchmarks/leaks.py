"""Do 1,000 generated conversations leak what is planted in them? Each in one way of streaming and pieces of its own.

    python benchmarks/leaks.py [CONVERSATIONS]

Secrets, card numbers and unsupported figures in answers, secrets in tool arguments, injected instructions in tool
results that the model then repeats; in every way in which an agent shows what it does: invoke, stream and events, sync
and async, with what callbacks hear and what the checkpoints hold. The baseline is the same agent without a guard.

Prints the characters leaked by kind, without and with ``DeskhandMiddleware``; exit code 1 if the guard leaked any.
"""

from __future__ import annotations

import asyncio
import sys
import time
import warnings
from collections import Counter

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langgraph.checkpoint.memory import InMemorySaver

from deskhand_guardrails import Policy, Rails
from langchain_deskhand import DeskhandMiddleware
from langchain_deskhand.testing import KINDS, WAYS, Planted, leaked, planted, shown

CONVERSATIONS = 1000


async def characters(case: Planted, way: str, middleware: list[AgentMiddleware]) -> int:
    """How much of what was planted can be read in what the agent shows or in its checkpoints."""
    saver = InMemorySaver()
    agent = create_agent(case.model(), [case.tool()], middleware=middleware, checkpointer=saver)
    pieces = await shown(agent, case.question, way, {"configurable": {"thread_id": str(case.seed)}})
    return leaked([pieces, list(saver.list(None))], case.planted)


async def main(conversations: int) -> int:
    rails = Rails(Policy.load())
    rails.warm()
    bare: Counter[str] = Counter()
    guarded: Counter[str] = Counter()
    started = time.perf_counter()
    for seed in range(conversations):
        case, way = planted(seed), WAYS[seed % len(WAYS)]
        bare[case.kind] += await characters(case, way, [])
        found = await characters(case, way, [DeskhandMiddleware(rails)])
        guarded[case.kind] += found
        if found:
            print(f"leak: seed {seed}, {case.kind}, {way}, {found} characters", file=sys.stderr)
    print(f"{conversations} conversations, {len(WAYS)} ways, {time.perf_counter() - started:.0f} s")
    print(f"{'characters leaked':<20}{'no guard':>10}{'guarded':>10}")
    for kind in KINDS:
        print(f"{kind:<20}{bare[kind]:>10}{guarded[kind]:>10}")
    return 1 if guarded.total() else 0


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message="The v3 streaming protocol")
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else CONVERSATIONS)))
