"""Threads for work that may hang: a few of them, and never more, whatever hangs in them.

A thread cannot be stopped from outside. Work that its caller has given up on keeps its thread until it ends by itself;
when every thread is kept so, new work is refused at once instead of waiting behind it. The threads are daemons, or work
that hangs would keep the process from ending (as it does in ``ThreadPoolExecutor``).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from deskhand_guardrails.errors import UnavailableError

T = TypeVar("T")


class Workers:
    """At most ``most`` threads, started when they are needed."""

    def __init__(self, most: int) -> None:
        """Starts none yet."""
        self._most = most
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._threads = 0
        self._open = 0
        self._given_up: set[Future[Any]] = set()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Has ``work`` done by a thread.

        Raises:
            UnavailableError: every thread is busy with work that was given up on.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._process != os.getpid():  # a forked child has the counts but none of the threads
                self._begin()
            if len(self._given_up) >= self._most:
                raise UnavailableError(f"all {self._most} threads hang in checks that took too long")
            self._open += 1
            if self._open > self._threads and self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._work, args=(self._queue,), name="deskhand-check", daemon=True).start()
        self._queue.put((future, work))
        return future

    def give_up(self, future: Future[Any]) -> None:
        """Nobody waits for ``future`` any more: it is not begun, or its thread counts as lost until it ends."""
        with self._lock:
            if not future.cancel() and not future.done():
                self._given_up.add(future)

    def _work(self, queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]]]) -> None:
        while True:
            future, work = queue.get()
            if future.set_running_or_notify_cancel():
                try:
                    result = work()
                except BaseException as error:  # noqa: BLE001 - the caller's to handle, who gets it from the future
                    self._end(future)
                    future.set_exception(error)
                else:
                    self._end(future)
                    future.set_result(result)
            else:
                self._end(future)
            del future, work  # a text is not kept until the next one comes

    def _end(self, future: Future[Any]) -> None:
        with self._lock:
            self._open -= 1
            self._given_up.discard(future)
