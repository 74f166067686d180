"""``Matrix``: the vectors of a knowledge in memory, compared with a question as far as the asker may see.

100,000 passages: a question is compared with 128 directions of all vectors (the widest ones, by principal components),
the nearest thousand then with all directions, in 77 + 51 MB. Up to ``EXACT`` passages it is compared with everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from langchain_deskhand.knowledge.access import may_see

Vectors = npt.NDArray[np.float32]

EXACT = 20_000
DIRECTIONS = 128
NEAREST = 1_000
SAMPLE = 10_000
"""Vectors that the principal components are computed from: 0.1 s instead of 1 s for 100,000."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Frozen: what changes is read anew."""

    ids: npt.NDArray[np.int64]
    audiences: npt.NDArray[np.int32]
    """For each passage the place of its labels in ``labels``."""
    labels: tuple[frozenset[str], ...]
    full: npt.NDArray[np.float16]
    coarse: Vectors
    basis: Vectors | None
    """The directions of ``coarse``; None when it holds all."""

    @classmethod
    def of(cls, ids: list[int], access: list[tuple[str, ...]], full: npt.NDArray[np.float16]) -> Matrix:
        """From passages in their order, and their vectors (n, dimensions)."""
        places: dict[tuple[str, ...], int] = {}
        audiences = [places.setdefault(one, len(places)) for one in access]
        coarse, basis = full.astype(np.float32), None
        if len(ids) > EXACT:
            basis = _directions(coarse)
            coarse = coarse @ basis
        labels = tuple(frozenset(one) for one in places)
        return cls(np.asarray(ids, dtype=np.int64), np.asarray(audiences, dtype=np.int32), labels, full, coarse, basis)

    def seen(self, access: frozenset[str]) -> list[frozenset[str]]:
        """The labels of what holders of ``access`` may see."""
        return [wanted for wanted in self.labels if may_see(wanted, access)]

    def nearest(self, vector: Vectors, access: frozenset[str], most: int) -> list[int]:
        """The ids of the ``most`` passages nearest to ``vector``, best first, that holders of ``access`` may see."""
        if not len(self.ids):
            return []
        near = self.coarse @ (vector if self.basis is None else vector @ self.basis)
        if len(self.seen(access)) < len(self.labels):
            near[~self.visible(access)] = -np.inf
        some = np.argpartition(-near, NEAREST)[:NEAREST] if len(near) > NEAREST else np.arange(len(near))
        some = np.sort(some[near[some] > -np.inf])
        exact = self.full[some].astype(np.float32) @ vector
        return [int(one) for one in self.ids[some[np.argsort(-exact, kind="stable")[:most]]]]

    def visible(self, access: frozenset[str]) -> npt.NDArray[np.bool_]:
        """Which passages holders of ``access`` may see."""
        seen = [place for place, wanted in enumerate(self.labels) if may_see(wanted, access)]
        return np.isin(self.audiences, seen)


def _directions(vectors: Vectors) -> Vectors:
    """The ``DIRECTIONS`` orthonormal directions (dimensions, directions) in which the vectors' products differ most."""
    some = vectors[:: max(1, len(vectors) // SAMPLE)]
    _, directions = np.linalg.eigh(some.T @ some)
    return np.ascontiguousarray(directions[:, -DIRECTIONS:], dtype=np.float32)
