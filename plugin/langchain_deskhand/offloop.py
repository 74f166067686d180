"""Runs a blocking generator beside the event loop and hands its items to async code."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None


async def off_loop(make: Callable[[Callable[[], bool]], Iterator[T]]) -> AsyncIterator[T]:
    """The items of ``make(cancelled)``, which runs in a worker thread.

    When the consumer stops early or is cancelled, ``cancelled()`` becomes true, and this waits until the thread has
    seen it (one token, for a model), so that no work goes on that nobody waits for.
    """
    loop = asyncio.get_running_loop()
    cancelled = threading.Event()
    items: asyncio.Queue[T | _End] = asyncio.Queue()

    def work() -> None:
        end = _End()
        try:
            for item in make(cancelled.is_set):
                loop.call_soon_threadsafe(items.put_nowait, item)
        except BaseException as error:  # noqa: BLE001 - raised again where the items are awaited
            end = _End(error)
        loop.call_soon_threadsafe(items.put_nowait, end)

    thread = loop.run_in_executor(None, work)
    try:
        while not isinstance(item := await items.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        cancelled.set()
        await asyncio.wait([thread])
