"""How many tickets when: by day, month or year, whichever gives a readable number of columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

MOST_DAYS, MOST_MONTHS = 62, 60


def timeline(tickets: Sequence[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """From each ticket's time (ISO 8601) and side: ``{"2026-01": {"train": 3, …}, …}``, empty periods included."""
    if not tickets:
        return {}
    first, last = (date.fromisoformat(at[:10]) for at in (min(tickets)[0], max(tickets)[0]))
    days = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    months = sorted({day[:7] for day in days})
    years = sorted({day[:4] for day in days})
    periods = days if len(days) <= MOST_DAYS else months if len(months) <= MOST_MONTHS else years
    counts: dict[str, Counter[str]] = {period: Counter() for period in periods}
    for at, side in tickets:
        counts[at[: len(periods[0])]][side] += 1
    return {period: dict(sorted(held.items())) for period, held in counts.items()}
