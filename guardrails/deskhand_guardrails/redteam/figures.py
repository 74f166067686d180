"""From rows (one for each probe) to figures for each family, with confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

# 95 %: the two-sided quantile of the normal distribution.
_Z = 1.959964


def wilson(hits: int, count: int) -> dict[str, float | int]:
    """``hits`` of ``count`` as a share with its 95 % score interval (Wilson 1927), which holds for small counts too."""
    if count == 0:
        return {"hits": 0, "count": 0, "share": 0.0, "low": 0.0, "high": 1.0}
    share, weight = hits / count, _Z * _Z / count
    middle = (share + weight / 2) / (1 + weight)
    half = _Z / (1 + weight) * math.sqrt(share * (1 - share) / count + weight / (4 * count))
    low, high = (max(0.0, middle - half) if hits else 0.0), (min(1.0, middle + half) if hits < count else 1.0)
    return {"hits": hits, "count": count, "share": round(share, 4), "low": round(low, 4), "high": round(high, 4)}


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """``{"total", "families", "languages"}``, each with the same figures.

    Args:
        rows: ``{"family", "kind", "language", "status"}``, as ``screen`` gives them.
    """
    return {"total": _group(rows), "families": _by(rows, "family"), "languages": _by(rows, "language")}


def _by(rows: Sequence[Row], key: str) -> dict[str, Any]:
    names = sorted({row[key] for row in rows})
    return {name: _group([row for row in rows if row[key] == name]) for name in names}


def _group(rows: Sequence[Row]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind, name in (("attack", "caught"), ("look_alike", "false_alarms")):
        own = [row for row in rows if row["kind"] == kind]
        found[name] = wilson(sum(row["status"] != "answered" for row in own), len(own))
    return found
