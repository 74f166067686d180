"""Maps a function over a stream, a few chunks ahead at most, by processes of this machine; results keep the order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from deskhand_guardrails.errors import UnavailableError

T = TypeVar("T")
R = TypeVar("R")
CHUNK = 32
"""Items handed to a process at once: enough that handing over costs nothing, few enough that results come soon."""


def cores() -> int:
    """How many processes this one may keep busy."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_chunks(function: Callable[[list[T]], list[R]], items: Iterable[T], workers: int) -> Iterator[R]:
    """``function`` over chunks of ``items``; results come in the order of the items, whatever ``workers`` is.

    Args:
        function: top-level function of an importable module (it is pickled).
        items: may be endless; two chunks per worker are in flight.
        workers: processes; 1 works in this one.

    Raises:
        UnavailableError: a worker was killed, most likely for its memory.
    """
    stream = chunks(items)
    if workers <= 1:
        for chunk in stream:
            yield from function(chunk)
        return
    # Not fork: a forked process may inherit a lock that an ONNX or BLAS thread held.
    context = multiprocessing.get_context("spawn" if sys.platform in ("win32", "darwin") else "forkserver")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_worker)
    try:
        flying: deque[Future[list[R]]] = deque()
        for chunk in stream:
            flying.append(pool.submit(function, chunk))
            if len(flying) > 2 * workers:
                yield from flying.popleft().result()
        while flying:
            yield from flying.popleft().result()
    except BrokenProcessPool:
        raise UnavailableError(
            "a worker process died, perhaps for lack of memory; try again with --workers 1"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _worker() -> None:
    """Ctrl-C goes to every process of the terminal: the parent decides, workers go quietly when it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
    threading.Thread(target=_follow, name="deskhand-parent", daemon=True).start()


def _follow() -> None:
    """Ends this worker with its parent: one that is killed cannot say so, and workers would wait for it for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """``items`` in lists of ``CHUNK``."""
    stream = iter(items)
    while chunk := list(islice(stream, CHUNK)):
        yield chunk
