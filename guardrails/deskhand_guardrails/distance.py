"""A distance learnt from a desk's own tickets: what differs between questions with the same answer does not count.

"The Moss lamp arrived broken" and "my tent came with a tear" are far apart for a general encoder, which hears lamps and
tents, and share an answer; "the Moss lamp does not charge" is near the first and needs another. Relevant component
analysis (Bar-Hillel, Hertz, Shental and Weinshall, ICML 2003) learns that from pairs known to belong together: the
directions in which those differ count less. It is a covariance and its inverse: no training, no answer key, a second.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

SAME_ANSWER = 0.3
"""Agreement from which two passages belong together. Between 0.15 and 0.5 the right source comes first equally often
(92 to 94 % of the sample's questions)."""
LEAST_SHRINKAGE = 0.1
PRIOR_PASSAGES = 100
"""With so many passages that agree with another, what was learnt weighs as much as the encoder's own distance."""


def learn_weights(vectors: Vectors, agreement: Vectors) -> Vectors:
    """The matrix A by which two unit vectors compare as ``x A y`` instead of ``x y``.

    Args:
        vectors: of the passages, (n, dimensions).
        agreement: of each with each, (n, n), see ``Agreement.among``.

    Returns:
        (dimensions, dimensions), symmetric and positive; the identity where no two passages agree.
    """
    dimensions = vectors.shape[1]
    weights = np.where(agreement >= SAME_ANSWER, agreement, 0).astype(np.float64)
    np.fill_diagonal(weights, 0)
    sums = weights.sum(axis=1)
    linked = int((sums > 0).sum())
    if not linked:
        return np.eye(dimensions, dtype=np.float32)
    # Every passage weighs the same, whether three others agree with it or three hundred.
    weights /= np.maximum(sums, 1e-9)[:, None]
    weights = (weights + weights.T) / 2
    wide = vectors.astype(np.float64)
    # The covariance of the differences of agreeing pairs, by the graph's Laplacian.
    within = wide.T @ (weights.sum(axis=1)[:, None] * wide) - wide.T @ (weights @ wide)
    scale = np.trace(within) / dimensions
    if scale <= 1e-9:
        return np.eye(dimensions, dtype=np.float32)
    shrinkage = LEAST_SHRINKAGE + PRIOR_PASSAGES / linked
    learnt: Vectors = np.linalg.inv(within / scale + shrinkage * np.eye(dimensions)).astype(np.float32)
    return learnt
