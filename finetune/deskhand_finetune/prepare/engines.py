"""What maps ``prepare``'s steps over its records: processes of this machine, or a cluster (``cluster``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Literal, Protocol, TypeVar

from deskhand_guardrails.processes import cores, map_chunks

T = TypeVar("T")
R = TypeVar("R")
EngineName = Literal["local", "ray"]


class Engine(Protocol):
    """``function`` over chunks of ``items``; results come in the order of the items."""

    def __call__(self, function: Callable[[list[T]], list[R]], items: Iterable[T], /) -> Iterator[R]: ...


def engine_of(name: EngineName, workers: int | None) -> Engine:
    """The engine of that name; ``workers`` is how many cores it may use, None all that it has."""
    if name == "local":
        return partial(map_chunks, workers=workers or cores())
    from deskhand_finetune.prepare import cluster

    return partial(cluster.map_chunks, workers=workers)
