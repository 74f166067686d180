"""``report.html`` of a dataset: what was replaced, what may be left, and a sample for the human eye.

One file, no script, nothing loaded from elsewhere. The sample is what stands in ``train.jsonl``, never an original.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from deskhand_finetune.prepare.report import REASONS, PrepareReport
from deskhand_finetune.prepare.residual import Residual

SHOWN = 25
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430; }
table { border-collapse: collapse; margin: 1rem 0 2rem; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid #dde3ea; vertical-align: top; }
blockquote { margin: .2rem 0; white-space: pre-wrap; }
mark { background: #d8ecd9; border-radius: 3px; padding: 0 .15rem; }
small { color: #5a6675; }
"""
_PLACEHOLDER = re.compile(r"&lt;[A-Z][A-Z_]*_\d+&gt;")


def page(report: PrepareReport, records: Iterable[Mapping[str, Any]]) -> str:
    """The report; ``records`` are those of ``train.jsonl``."""
    splits = ", ".join(f"{name} {count}" for name, count in report.splits.items())
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>Dataset {report.fingerprint}</title><style>{STYLE}</style><h1>Dataset</h1>"
        f"<p>{report.tickets} tickets read, {report.kept} kept. Records: {splits}.</p>"
        f"{''.join(_personal(report))}"
        f"{''.join(_table('Left out', ('why', 'count'), [(REASONS[k], n) for k, n in report.left_out.items()]))}"
        f"{''.join(_sample(records))}</html>\n"
    )


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
