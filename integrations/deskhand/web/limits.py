"""How often somebody may ask: a sliding window for each key, in memory (each process counts for itself)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

MOST_KEYS = 10_000
"""Above this the idle keys are dropped, so that many addresses cannot fill the memory."""


class RateLimit:
    """At most ``count`` calls in any ``seconds`` for each key. Safe for threads."""

    def __init__(self, count: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.count = count
        self.seconds = seconds
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait(self, key: str) -> float:
        """Counts a call of ``key``: 0, or the seconds to wait when it came too soon (and is not counted)."""
        now = self._clock()
        with self._lock:
            calls = self._recent(key, now)
            if len(calls) >= self.count:
                return calls[0] + self.seconds - now
            if len(self._calls) >= MOST_KEYS and key not in self._calls:
                self._drop_idle(now)
            calls.append(now)
            self._calls[key] = calls
            return 0.0

    def full(self, key: str) -> bool:
        """Whether the next call of ``key`` would have to wait."""
        with self._lock:
            return len(self._recent(key, self._clock())) >= self.count

    def _recent(self, key: str, now: float) -> deque[float]:
        calls = self._calls.get(key, deque())
        while calls and calls[0] <= now - self.seconds:
            calls.popleft()
        return calls

    def _drop_idle(self, now: float) -> None:
        idle = [key for key, calls in self._calls.items() if calls[-1] <= now - self.seconds]
        for key in idle or list(self._calls)[: MOST_KEYS // 2]:
            del self._calls[key]
