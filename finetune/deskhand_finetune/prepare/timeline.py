"""How many tickets when: by day, month or year, whichever gives a readable number of columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

MOST_DAYS, MOST_MONTHS = 62, 60


def timeline(tickets: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """From each ticket's time (ISO 8601) and side: ``{"2026-01": {"train": 3, …}, …}``, empty periods included."""
    held = Counter((at[:10], side) for at, side in tickets)
    if not held:
        return {}
    first, last = (date.fromisoformat(day) for day, _ in (min(held), max(held)))
    days = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    months = sorted({day[:7] for day in days})
    years = sorted({day[:4] for day in days})
    periods = days if len(days) <= MOST_DAYS else months if len(months) <= MOST_MONTHS else years
    counts: dict[str, Counter[str]] = {period: Counter() for period in periods}
    for (day, side), count in held.items():
        counts[day[: len(periods[0])]][side] += count
    return {period: dict(sorted(held.items())) for period, held in counts.items()}
