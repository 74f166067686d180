"""One flow for sync and async callers, so that both mean the same.

A flow is a generator that yields ``Step``: work that can be done now, in this thread, or later, beside an event loop.
The two drivers below do the work and send its result back in; whatever a step raises is raised at its ``yield``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """Work with a sync and an async form of the same meaning."""

    now: Callable[[], Any]
    later: Callable[[], Awaitable[Any]]

    @classmethod
    def blocking(cls, work: Callable[[], Any]) -> Step:
        """Work that only has a sync form; an async caller has it done in a worker thread."""
        return cls(work, lambda: asyncio.to_thread(work))


Steps = Generator[Step, Any, T]


class Begun(Generic[T]):
    """A flow whose first step was asked for, but is not waited for yet: what it does in threads goes on meanwhile."""

    def __init__(self, steps: Steps[T]) -> None:
        self._steps = steps
        try:
            self._step: Step | None = next(steps)
        except StopIteration as end:
            self._step, self._result = None, end.value

    def rest(self) -> Steps[T]:
        """Waits for the flow to its end; gives what it returns."""
        step = self._step
        while step is not None:
            try:
                try:
                    result = yield step
                except BaseException as error:  # noqa: BLE001 - handed to the flow, as the drivers do
                    step = self._steps.throw(error)
                else:
                    step = self._steps.send(result)
            except StopIteration as end:
                step, self._result = None, end.value
        value: T = self._result
        return value

    def close(self) -> None:
        """Nobody waits for it any more."""
        self._steps.close()


def run(steps: Steps[T]) -> T:
    """Does every step in this thread and returns what the flow returns."""
    try:
        step = next(steps)
        while True:
            try:
                result = step.now()
            except Exception as error:  # noqa: BLE001 - handed to the flow, which raises it or deals with it
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration as end:
        value: T = end.value
        return value


async def arun(steps: Steps[T]) -> T:
    """As ``run``, beside the event loop."""
    try:
        step = next(steps)
        while True:
            try:
                result = await step.later()
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - handed to the flow, as in run
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration as end:
        value: T = end.value
        return value
