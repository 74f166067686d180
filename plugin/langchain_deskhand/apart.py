"""Runs the inner model where nobody listens: what it writes has not been checked yet.

LangChain hands callbacks, tracers and stream readers down to whatever runs inside a traced step, through the
configuration and through context variables. Here a model runs in a copy of the caller's context without any of them,
so that its drafts reach no callback, no LangSmith trace, no ``stream_mode="messages"`` and no event stream. The
caller's own context variables stay. Not covered: ``set_debug(True)``, which prints everything on the console, and
instrumentation that patches LangChain or the HTTP client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, aclosing
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import TypeVar

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config

T = TypeVar("T")

ALONE: RunnableConfig = {"callbacks": []}
"""The configuration of a model that runs apart."""


def invoke(work: Callable[[], T]) -> T:
    """What ``work`` returns."""

    def alone() -> T:
        with untraced():
            return work()

    return _deaf().run(alone)


async def ainvoke(work: Callable[[], Awaitable[T]]) -> T:
    """What ``work`` returns; it is cancelled with its caller."""

    async def alone() -> T:
        with untraced():
            return await work()

    return await asyncio.create_task(alone(), context=_deaf())


def stream(make: Callable[[], Iterator[T]]) -> Iterator[T]:
    """The items of ``make()``, which is closed when the reader stops."""

    def alone() -> Iterator[T]:
        with untraced():
            yield from make()

    context, items = _deaf(), alone()
    try:
        while True:
            try:
                item = context.run(next, items)
            except StopIteration:
                return
            yield item
    finally:
        context.run(items.close)  # type: ignore[attr-defined]  # a generator


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None = None


async def astream(make: Callable[[], AsyncIterator[T]]) -> AsyncIterator[T]:
    """As ``stream``; at most one item is made ahead of its reader."""
    queue: asyncio.Queue[T | _End] = asyncio.Queue(1)

    async def fill() -> None:
        end = _End()
        try:
            with untraced():
                async with aclosing(make()) as items:  # type: ignore[type-var]  # astream is a generator
                    async for item in items:
                        await queue.put(item)
        except Exception as error:  # noqa: BLE001 - raised again where the items are awaited
            end = _End(error)
        await queue.put(end)

    # One task from first to last: clients may keep cancel scopes open between two items.
    task = asyncio.create_task(fill(), context=_deaf())
    try:
        while not isinstance(item := await queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        task.cancel()
        await asyncio.wait([task])


def untraced() -> AbstractContextManager[None]:
    """While it is entered, LangSmith traces nothing of what runs."""
    from langsmith.run_helpers import tracing_context

    return tracing_context(enabled=False, parent=False)


def _deaf() -> Context:
    """A copy of this context in which LangChain finds no listener."""
    context = copy_context()
    context.run(_forget_listeners)
    return context


def _forget_listeners() -> None:
    from langchain_core.tracers.context import _configure_hooks, tracing_v2_callback_var

    var_child_runnable_config.set(None)
    tracing_v2_callback_var.set(None)
    for variable, *_ in _configure_hooks:  # usage counters, run collectors: they get the checked message
        variable.set(None)
