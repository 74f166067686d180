"""Every way in which an agent (any LangGraph graph with ``messages``) shows what it does."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableConfig

from langchain_deskhand.testing.eavesdropper import Eavesdropper

_ALL = ("messages", "updates", "values", "custom", "tools", "debug")

_MODES: dict[str, str | list[str]] = {"messages": "messages", "updates": "updates", "values": "values", "all": [*_ALL]}

WAYS = (
    "invoke",
    "ainvoke",
    *(f"{method} {mode}" for method in ("stream", "astream") for mode in _MODES),
    "astream_events v2",
    "stream_events v3",
    "astream_events v3",
)
"""Names for ``shown``."""


async def shown(agent: Any, question: str, way: str, config: RunnableConfig | None = None) -> list[Any]:  # noqa: ANN401
    """What ``agent`` gives out when it is asked in one of ``WAYS``, and what its callbacks hear of outputs."""
    ear = Eavesdropper()
    given = {"messages": [("user", question)]}
    heard: RunnableConfig = {**(config or {}), "callbacks": [ear]}
    method, _, mode = way.partition(" ")
    if method == "invoke":
        pieces = [agent.invoke(given, heard)]
    elif method == "ainvoke":
        pieces = [await agent.ainvoke(given, heard)]
    elif method == "stream":
        pieces = list(agent.stream(given, heard, stream_mode=_MODES[mode]))
    elif method == "astream":
        pieces = [piece async for piece in agent.astream(given, heard, stream_mode=_MODES[mode])]
    elif mode == "v2":
        pieces = [event async for event in agent.astream_events(given, heard, version="v2")]
    elif method == "stream_events":
        pieces = list(agent.stream_events(given, heard, version="v3"))
    else:
        pieces = [event async for event in await agent.astream_events(given, heard, version="v3")]
    return [*pieces, ear.outputs]
