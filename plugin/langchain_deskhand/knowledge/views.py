"""``Views``: what each group of askers may see, ranked in memory; and the order of candidates from a database."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from itertools import islice

import numpy as np

from deskhand_guardrails.prompt import Source
from deskhand_guardrails.ranking import Ranking
from langchain_deskhand.knowledge.access import may_see
from langchain_deskhand.knowledge.matrix import Matrix, Vectors
from langchain_deskhand.knowledge.passage import Passage
from langchain_deskhand.knowledge.shelf import Shelf

MOST_VIEWS = 8
"""Kept at a time, the last used ones; each costs memory for its passages and a second to make."""

SMOOTHING = 60
"""Of reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009), who found it to matter little."""

_View = tuple[list[Passage], Ranking | None]


class Views:
    """Askers who may see the same share a view. What they may not see is in it nowhere, not even in a word's count."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._lock = threading.Lock()
        self._views: OrderedDict[tuple[int, frozenset[frozenset[str]]], tuple[Matrix, _View]] = OrderedDict()

    def search(self, matrix: Matrix, text: str, vector: Vectors, k: int, access: frozenset[str]) -> list[Source]:
        """The ``k`` passages of ``matrix`` that fit best, of those that holders of ``access`` may see."""
        passages, ranking = self._view(matrix, access)
        if ranking is None:
            return []
        ranks, similarities = ranking.rank(text, vector)
        # Looked at once more: another process may have been writing while the view was made.
        mine = (at for at in np.argsort(-ranks, kind="stable") if may_see(passages[at].access, access))
        return [source_of(passages[at], float(similarities[at])) for at in islice(mine, k)]

    def _view(self, matrix: Matrix, access: frozenset[str]) -> _View:
        # The matrix is kept beside its view, so that its identity is not taken by another one meanwhile.
        key = (id(matrix), frozenset(matrix.seen(access)))
        with self._lock:
            if key not in self._views:
                for old in [old for old in self._views if old[0] != id(matrix)]:
                    del self._views[old]
                self._views[key] = (matrix, self._made(matrix, access))
                if len(self._views) > MOST_VIEWS:
                    self._views.popitem(last=False)
            self._views.move_to_end(key)
            return self._views[key][1]

    def _made(self, matrix: Matrix, access: frozenset[str]) -> _View:
        ids = [int(one) for one in matrix.ids[matrix.visible(access)]]
        held = self._shelf.passages_of(ids)
        if not held:
            return [], None
        passages = [held[one].passage for one in ids if one in held]
        vectors = np.stack([held[one].vector for one in ids if one in held])
        compared, answers = [passage.compared for passage in passages], [passage.text for passage in passages]
        return passages, Ranking(compared, vectors, answers)


def fused(*lists: Sequence[int]) -> list[int]:
    """The ids of several lists, best first, in one order."""
    scores: defaultdict[int, float] = defaultdict(float)
    for ids in lists:
        for place, one in enumerate(ids, start=1):
            scores[one] += 1 / (SMOOTHING + place)
    return sorted(scores, key=lambda one: -scores[one])


def source_of(passage: Passage, similarity: float) -> Source:
    """As it is shown; the similarity from 0 to 1."""
    return Source(passage.title, passage.text, passage.reference, min(max(similarity, 0.0), 1.0))
