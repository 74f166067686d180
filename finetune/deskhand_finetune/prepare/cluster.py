"""``--engine ray``: what ``workers`` does with processes, done by Ray Data on a cluster.

The cluster is the one that ``RAY_ADDRESS`` names, or that the calling program is connected to; without either, one is
started on this machine and stopped at the end. The tickets are read here, a window of chunks at a time, so that neither
this process nor the cluster's memory holds the export; each chunk is a block, and the blocks come back in their order.
Every node needs the same deskhand, which is checked, and the policy's folder at the same path. Ray neither reports
home nor opens its dashboard; the originals of tickets are in the cluster's memory while they are worked on.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from deskhand_finetune.prepare.code import code_fingerprint
from deskhand_guardrails.errors import ConfigError, DeskhandError, UnavailableError
from deskhand_guardrails.processes import chunks, cores

T = TypeVar("T")
R = TypeVar("R")
# Chunks in a window for each core: the cores wait for the slowest chunk at a window's end, a sixteenth of the time.
WINDOW = 16
# For a cluster that is started here. A window of long tickets for a core takes 10 MB; what does not fit goes to disk.
STORE_BYTES = 256 * 2**20


def map_chunks(function: Callable[[list[T]], list[R]], items: Iterable[T], workers: int | None) -> Iterator[R]:
    """``function`` over chunks of ``items`` on the cluster; results come in the order of the items.

    Args:
        function: top-level function of a module that every node has.
        items: may be endless; one window of chunks is in flight.
        workers: cores to use at most; None takes all that the cluster has.

    Raises:
        ConfigError: Ray is not installed.
        UnavailableError: there is no such cluster, it failed, or a node has another deskhand.
        DeskhandError: what ``function`` raised.
    """
    with _connected(workers) as held, _settings() as data:
        stream = chunks(items)
        task = partial(_task, function=function, code=code_fingerprint())
        while window := list(islice(stream, WINDOW * held)):
            blocks = data.from_items([{"chunk": pickle.dumps(one)} for one in window], override_num_blocks=len(window))
            done = blocks.map_batches(task, batch_size=None, concurrency=min(held, len(window)))
            with _ray_errors():
                for row in done.iter_rows():
                    yield from pickle.loads(row["result"])  # noqa: S301 - made by our own task


def _task(batch: dict[str, Any], function: Callable[[list[T]], list[R]], code: str) -> dict[str, Any]:
    """One block, on a node."""
    if code_fingerprint() != code:
        raise UnavailableError(
            "a node of the ray cluster has another deskhand than this machine; install the same version on every node"
        )
    return {"result": [pickle.dumps(function(pickle.loads(chunk))) for chunk in batch["chunk"]]}  # noqa: S301 - ours


@contextmanager
def _connected(workers: int | None) -> Iterator[int]:
    """Yields how many cores may work."""
    address = os.environ.get("RAY_ADDRESS")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if not address and "ray" not in sys.modules:
        # Read once, at Ray's import: whoever reaches a cluster's port may run code on it, so ours is on loopback.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray
        import ray.data
    except ImportError:
        raise ConfigError("--engine ray needs Ray; install it with: pip install 'deskhand[ray]'") from None
    is_ours = not ray.is_initialized()
    if is_ours:
        local = {} if address else _here(workers)
        with _ray_errors(f"no ray cluster answers at RAY_ADDRESS={address}" if address else "ray does not start here"):
            ray.init(address or "local", logging_level=logging.ERROR, log_to_driver=False, **local)
    try:
        held = int(ray.cluster_resources().get("CPU", 1)) or 1  # type: ignore[no-untyped-call]
        yield min(held, workers) if workers else held
    finally:
        if is_ours:
            ray.shutdown()


def _here(workers: int | None) -> dict[str, Any]:
    """How a cluster of this machine alone is started."""
    return {"num_cpus": workers or cores(), "include_dashboard": False, "object_store_memory": STORE_BYTES}


@contextmanager
def _settings() -> Iterator[Any]:
    """Ray Data in order and quiet; the calling program's own settings come back afterwards."""
    import ray.data

    # What it logs of an error is the whole of it; ours is one line, and Ray keeps its own in its log.
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    options = context.execution_options
    before = options.preserve_order, context.enable_progress_bars, context.raise_original_map_exception
    options.preserve_order, context.enable_progress_bars, context.raise_original_map_exception = True, False, True
    try:
        yield ray.data
    finally:
        options.preserve_order, context.enable_progress_bars, context.raise_original_map_exception = before


@contextmanager
def _ray_errors(what: str = "the ray cluster failed") -> Iterator[None]:
    """Our own errors as they were raised on the node, others as one line: their text may quote what was worked on."""
    from ray.exceptions import RayError

    try:
        yield
    except (RayError, RuntimeError, OSError, ValueError) as error:
        # What a node raised comes as its copy, with the node's trace for a text; the first one is its cause.
        origin = getattr(error, "cause", None) or error
        if isinstance(origin, DeskhandError):
            raise origin from None
        where = "see ray's log on the node, /tmp/ray/session_latest/logs"
        raise UnavailableError(f"{what} ({type(origin).__name__}); {where}") from None
