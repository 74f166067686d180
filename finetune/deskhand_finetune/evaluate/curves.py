"""Reliability and risk-coverage curves: their figures, and both as SVG for the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

BINS = 10
SIDE, EDGE = 260, 36


def figures(confidence: Sequence[float], right: Sequence[bool]) -> dict[str, Any]:
    """Calibration in figures.

    Returns:
        ``ece``: expected calibration error, ten bins of equal width (Guo et al., ICML 2017). ``aurc``: area under the
        risk-coverage curve (Geifman et al., ICLR 2019), and ``aurc_chance``, what any order without knowledge gives.
        ``reliability``: (mean confidence, share right, answers) of each bin that holds any. ``risk_coverage``:
        (share answered, share wrong of these), the surest answers first.
    """
    sure, truth = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    groups = [bins == number for number in range(BINS) if (bins == number).any()]
    reliability = [(float(sure[one].mean()), float(truth[one].mean()), int(one.sum())) for one in groups]
    order = np.argsort(-sure, kind="stable")
    answered = np.arange(1, len(sure) + 1)
    risk = np.cumsum(1 - truth[order]) / answered
    steps = sorted({round(place * (len(sure) - 1) / 50) for place in range(51)})
    return {
        "ece": round(sum(many * abs(mean - share) for mean, share, many in reliability) / len(sure), 4),
        "aurc": round(float(risk.mean()), 4),
        "aurc_chance": round(float(1 - truth.mean()), 4),
        "reliability": [[round(mean, 4), round(share, 4), many] for mean, share, many in reliability],
        "risk_coverage": [[round(float(answered[at] / len(sure)), 4), round(float(risk[at]), 4)] for at in steps],
    }


def drawn(held: dict[str, Any]) -> str:
    """Both curves beside each other."""
    points = [(mean, share) for mean, share, _ in held["reliability"]]
    dots = "".join(_dot(x, y, 3 + 9 * (many / max(one[2] for one in held["reliability"])) ** 0.5)
                   for x, y, many in held["reliability"])  # fmt: skip
    diagonal = _line([(0, 0), (1, 1)], "#9aa7b5", "4 4")
    first = _chart("confidence", "share right", f"{diagonal}{_line(points, '#2f7d5b')}{dots}")
    chance = _line([(0, held["aurc_chance"]), (1, held["aurc_chance"])], "#9aa7b5", "4 4")
    second = _chart("share answered", "share wrong", chance + _line(held["risk_coverage"], "#2f7d5b"))
    return f"<div>{first}{second}</div>"


def _chart(across: str, up: str, inner: str) -> str:
    grid = "".join(_grid())
    middle = EDGE + SIDE / 2
    return (
        f"<svg width='{SIDE + 2 * EDGE}' height='{SIDE + 2 * EDGE}' font-size='11' font-family='system-ui' role='img' "
        f"aria-label='{up} by {across}'>{grid}{inner}"
        f"<text x='{middle}' y='{SIDE + 2 * EDGE - 4}' text-anchor='middle'>{across}</text>"
        f"<text x='10' y='{middle}' text-anchor='middle' transform='rotate(-90 10 {middle})'>{up}</text></svg>"
    )


def _grid() -> Iterator[str]:
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x, y = _at(tick, tick)
        yield f"<path d='M{x} {EDGE}V{EDGE + SIDE}M{EDGE} {y}H{EDGE + SIDE}' stroke='#dde3ea'/>"
        yield f"<text x='{x}' y='{EDGE + SIDE + 13}' text-anchor='middle'>{tick:.0%}</text>"
        yield f"<text x='{EDGE - 4}' y='{y + 4}' text-anchor='end'>{tick:.0%}</text>"


def _line(points: Sequence[Sequence[float]], colour: str, dashes: str = "none") -> str:
    path = " ".join("{},{}".format(*_at(x, y)) for x, y in points)
    return f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2' stroke-dasharray='{dashes}'/>"


def _dot(x: float, y: float, radius: float) -> str:
    across, up = _at(x, y)
    return f"<circle cx='{across}' cy='{up}' r='{radius:.1f}' fill='#2f7d5b' fill-opacity='.6'/>"


def _at(x: float, y: float) -> tuple[float, float]:
    return round(EDGE + x * SIDE, 1), round(EDGE + (1 - y) * SIDE, 1)
