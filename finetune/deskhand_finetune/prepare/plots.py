"""Inline SVG plots of ``report.html``: drawn for a phone's width, in the page's colours, readable without them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH = 420
ROW, LABEL = 34, 14
HEIGHT, FOOT = 150, 34
Rows = Sequence[tuple[str, int]]


def bars(rows: Rows, title: str) -> str:
    """A horizontal bar for each row, its name above it and its number behind."""
    most = max((count for _, count in rows), default=0) or 1
    drawn = []
    for place, (name, count) in enumerate(rows):
        top = place * ROW
        drawn.append(
            f'<text x="0" y="{top + LABEL}">{escape(_short(name))}</text>'
            f'<text x="{WIDTH}" y="{top + LABEL}" text-anchor="end">{count:,}</text>'
            f'<rect class="rail" x="0" y="{top + LABEL + 4}" width="{WIDTH}" height="8"/>'
            f'<rect class="bar" x="0" y="{top + LABEL + 4}" width="{max(2, WIDTH * count / most):.1f}" height="8"/>'
        )
    return _svg("".join(drawn), max(1, len(rows)) * ROW, title)


def columns(rows: Rows, title: str, mark: tuple[int, str] | None = None) -> str:
    """A column for each row; the first, middle and last are named, and the highest number.

    Args:
        rows: from left to right.
        title: for those who cannot see it.
        mark: a line before the column of this place, and its name.
    """
    most = max((count for _, count in rows), default=0) or 1
    step = WIDTH / max(1, len(rows))
    drawn = [f'<text x="0" y="{LABEL}">{most:,}</text>']
    for place, (name, count) in enumerate(rows):
        high = (HEIGHT - 24) * count / most
        drawn.append(
            f'<rect class="bar" x="{place * step + step * 0.08:.1f}" y="{HEIGHT - high:.1f}" '
            f'width="{step * 0.84:.1f}" height="{high:.1f}"><title>{escape(name)}: {count:,}</title></rect>'
        )
    if mark and 0 <= mark[0] <= len(rows):
        at = mark[0] * step
        # Above the columns, and clear of the highest number on the left.
        text, side = (at - 4, "end") if at > WIDTH / 2 else (max(at + 4, 60), "start")
        drawn.append(
            f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="2" y2="{HEIGHT}"/>'
            f'<text x="{text:.1f}" y="{LABEL}" text-anchor="{side}">{escape(mark[1])}</text>'
        )
    for place, anchor in {0: "start", len(rows) // 2: "middle", len(rows) - 1: "end"}.items():
        if rows and (anchor != "middle" or len(rows) > 4):
            at = {"start": 0.0, "middle": (place + 0.5) * step, "end": float(WIDTH)}[anchor]
            drawn.append(f'<text x="{at:.1f}" y="{HEIGHT + 18}" text-anchor="{anchor}">{escape(rows[place][0])}</text>')
    return _svg(
        f'{"".join(drawn)}<line class="rail" x1="0" x2="{WIDTH}" y1="{HEIGHT}" y2="{HEIGHT}"/>', HEIGHT + FOOT, title
    )


def _short(name: str) -> str:
    return name if len(name) <= 52 else f"{name[:51]}…"


def _svg(drawn: str, height: int, title: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">{drawn}</svg>'
