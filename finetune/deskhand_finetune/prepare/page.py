"""``report.html`` of a dataset: plots, the leak check, what may be left, and a sample for the human eye.

One file, no script, nothing loaded from elsewhere. The sample is what stands in ``train.jsonl``, never an original.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from deskhand_finetune.prepare.leaks import NAMES
from deskhand_finetune.prepare.lengths import STEP, WINDOWS
from deskhand_finetune.prepare.plots import bars, columns
from deskhand_finetune.prepare.report import REASONS, PrepareReport
from deskhand_finetune.prepare.residual import Residual

SHOWN = 25
STYLE = """
:root { color-scheme: light dark; --text: #1c2430; --soft: #5a6675; --line: #dde3ea; --back: #fff; --bar: #2f7d5b;
  --mark: #d8ecd9; }
@media (prefers-color-scheme: dark) { :root { --text: #e3e8ee; --soft: #9aa7b5; --line: #333d48; --back: #14191f;
  --bar: #58b98b; --mark: #24503b; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem; color: var(--text);
  background: var(--back); overflow-wrap: anywhere; }
section { columns: 2 22rem; column-gap: 2.5rem; } figure { margin: 0; padding-top: .1rem; break-inside: avoid; }
h2 { margin: 1.8rem 0 .4rem; font-size: 1.15rem; }
svg { display: block; width: 100%; height: auto; font-size: 13px; margin: .6rem 0; }
svg text { fill: var(--text); } .bar { fill: var(--bar); } .rail { fill: var(--line); }
line.rail { stroke: var(--line); } .mark { stroke: var(--soft); stroke-dasharray: 4 3; }
table { border-collapse: collapse; margin: .6rem 0 1.2rem; max-width: 100%; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { white-space: nowrap; }
blockquote { margin: .2rem 0; white-space: pre-wrap; }
mark { background: var(--mark); color: inherit; border-radius: 3px; padding: 0 .15rem; }
small, figcaption { color: var(--soft); font-size: .85rem; }
"""
_PLACEHOLDER = re.compile(r"&lt;[A-Z][A-Z_]*_\d+&gt;")


def page(report: PrepareReport, records: Iterable[Mapping[str, Any]]) -> str:
    """The report; ``records`` are those of ``train.jsonl``."""
    splits = ", ".join(f"{name} {count}" for name, count in report.splits.items())
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Dataset {report.fingerprint}</title><style>{STYLE}</style><h1>Dataset</h1>"
        f"<p>{report.tickets} tickets read, {report.kept} kept. Records: {splits}.</p>"
        f"<section>{''.join(_plots(report))}</section>"
        f"{''.join(_leaks(report))}{''.join(_personal(report))}{''.join(_sample(records))}</html>\n"
    )


def _plots(report: PrepareReport) -> Iterator[str]:
    when = [(period, sum(held.values())) for period, held in report.timeline.items()]
    newest = next((place for place, held in enumerate(report.timeline.values()) if "test" in held), len(when))
    yield _figure("When", columns(when, "kept tickets over time", (newest, "test from here")), "Kept tickets.")
    languages = [(name or "unknown", count) for name, count in report.languages.items()]
    yield _figure("Languages", bars(languages, "kept tickets by language"), "Kept tickets.")
    kinds = [(str(name), int(count)) for name, count in report.kinds]
    yield _figure(
        "Kinds of problem",
        bars(kinds, "kept tickets by kind"),
        "Kept tickets, in clusters of similar questions; each is named by the words that set it apart.",
    )
    yield _lengths(report.lengths)
    left_out = [(REASONS[name], count) for name, count in report.left_out.items()]
    yield _figure(
        "Left out", bars(left_out, "left out by reason"), "Tickets and messages; each is in quarantine.jsonl."
    )


def _lengths(lengths: Mapping[str, Any]) -> str:
    steps: dict[str, int] = lengths["steps"]
    most = max((int(step) for step in steps), default=0)
    rows = [(str(upto), steps.get(str(upto), 0)) for upto in range(STEP, most + 1, STEP)]
    plot = columns(rows, "records by tokens", (WINDOWS[0] // STEP, f"context {WINDOWS[0]}"))
    heads = ("context", "whole", "windowed", "too long")
    fits = [(window, *held.values()) for window, held in lengths["windows"].items()]
    said = (
        f"Records by tokens of the starter, whose context is {WINDOWS[0]}. Longer ones are windowed in training: their "
        "last sources go, then its oldest exchanges; where the last question and answer alone are too long, "
        "the record is left out."
    )
    return _figure("Lengths", plot + "".join(_table("", heads, fits)), said)


def _figure(title: str, plot: str, said: str) -> str:
    return f"<figure><h2>{escape(title)}</h2><figcaption>{escape(said)}</figcaption>{plot}</figure>"


def _leaks(report: PrepareReport) -> Iterator[str]:
    rows = [(NAMES[name], count) for name, count in report.leaks.items()]
    yield from _table("Leak check", ("between the splits, in the written files", "found"), rows)
    if report.split_by == "customer":
        yield "<p>One company or few hold most of the tickets, so customers are kept apart, and companies are not.</p>"


def _personal(report: PrepareReport) -> Iterator[str]:
    residual = Residual.from_json(report.residual)
    yield from _table("Personal data replaced", ("kind", "count"), list(report.replaced.items()))
    yield f"<h2>Personal data that may be left</h2><p>{escape(residual.line())}.</p>"
    yield "<p>The second look shares no rule with the first. What both miss is in neither figure.</p>"
    rows = [(kind, own["found"], own["left"]) for kind, own in residual.kinds.items()]
    yield from _table("", ("second look", "found", "left"), rows)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    if title:
        yield f"<h2>{escape(title)}</h2>"
    yield f"<table><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>"
    yield "</table>"


def _sample(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Records drawn at random (reservoir, Vitter 1985: the file is read once), those with most replaced first."""
    draw = random.Random(0)
    held: list[Mapping[str, Any]] = []
    for place, record in enumerate(records):
        if len(held) < SHOWN:
            held.append(record)
        elif (at := draw.randrange(place + 1)) < SHOWN:
            held[at] = record
    shown = sorted((_marked(record) for record in held), key=lambda one: -one[1].count("<mark>"))
    yield f"<h2>Sample</h2><p>{len(shown)} training records as they are written. Is anybody to be recognised?</p>"
    yield "<table><tr><th>ticket</th><th>conversation and answer</th></tr>"
    for ticket, said in shown:
        yield f"<tr><td><small>{escape(ticket)}</small></td><td>{said}</td></tr>"
    yield "</table>"


def _marked(record: Mapping[str, Any]) -> tuple[str, str]:
    said = (
        f"<small>{escape(message['role'])}</small><blockquote>{escape(message['content'])}</blockquote>"
        for message in record["messages"]
        if message["role"] != "system"
    )
    return str(record["ticket_id"]), _PLACEHOLDER.sub(lambda match: f"<mark>{match.group()}</mark>", "".join(said))
