"""How long work tells that it is getting on: a function with the shape of ``rich.progress.track``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Track(Protocol):
    """Passes ``items`` through and shows how far it is; ``total`` is None when nobody knows."""

    def __call__(self, items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]: ...


def quiet(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:  # noqa: ARG001 - the protocol's
    """Shows nothing: the default of every library function."""
    return iter(items)
