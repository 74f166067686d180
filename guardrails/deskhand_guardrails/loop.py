"""One event loop in a thread of its own, for as long as the process lives.

NeMo's rails run on it, asked for from a thread or from another loop, so that clients which a rail keeps are never bound
to a loop that has ended (a known way for a guard to fail open).
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_running: dict[int, asyncio.AbstractEventLoop] = {}


def submit(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Starts ``work`` on the loop; the future holds what it returns or raises."""
    return asyncio.run_coroutine_threadsafe(work, _loop())


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        process = os.getpid()  # a forked child has the parent's loop but not its thread
        if process not in _running:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="deskhand-rails", daemon=True).start()
            _running.clear()
            _running[process] = loop
        return _running[process]
