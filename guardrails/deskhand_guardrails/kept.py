"""What was worked out lately, under a hash of what it was worked out from: no text stays in memory for it."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """The last ``most`` values that were asked for. Safe to use from several threads."""

    def __init__(self, most: int) -> None:
        """Starts empty."""
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[bytes, T] = OrderedDict()

    def get(self, source: str | bytes, make: Callable[[], T]) -> T:
        """The value of ``source``; ``make`` makes it where it is not known, and what it raises is raised."""
        encoded = source.encode(errors="surrogatepass") if isinstance(source, str) else source
        key = hashlib.blake2b(encoded, digest_size=16).digest()
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        made = make()
        with self._lock:
            self._values[key] = made
            if len(self._values) > self._most:
                self._values.popitem(last=False)
        return made
