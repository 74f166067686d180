"""``report.html`` of an evaluation: one file, no script, nothing loaded from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from deskhand_finetune.evaluate.curves import drawn

MOST_WRONG_SHOWN = 25

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #dde3ea; vertical-align: top; }
td.bar { width: 22%; }
.track { background: #eef1f5; height: 1.1rem; position: relative; border-radius: 2px; }
.track i { display: block; height: 100%; background: #7fa8d1; border-radius: 2px; }
.run i { background: #2f7d5b; }
.track b { position: absolute; left: .4rem; top: 0; font-weight: 500; font-size: .8rem; line-height: 1.1rem; }
blockquote { margin: .2rem 0; white-space: pre-wrap; }
small { color: #5a6675; }
"""


def page(metrics: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """The report: the figures, the right answers by kind, and some of the run's wrong answers."""
    run = metrics["run"]
    names = list(metrics["answerers"])
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>Evaluation of {escape(run['folder'])}</title><style>{STYLE}</style>"
        f"<h1>Evaluation of {escape(run['folder'])}</h1>"
        f"<p>Base {escape(run['base'])}, dataset {escape(metrics['dataset']['folder'])}: {metrics['records']} test "
        f"records, "
        f"{metrics['judged']} in the answer key. <i>run</i> is the fine-tuned model, <i>base</i> the same prompts "
        f"without "
        "fine-tuning, <i>nearest</i> the text of the first source.</p>"
        f"{''.join(_figures(metrics['answerers']))}"
        f"{''.join(_kinds(metrics['kinds'], names))}"
        f"{''.join(_confidence(metrics['confidence']))}"
        f"<h2>Memorisation</h2>{''.join(f'<p>{escape(line)}.</p>' for line in memorised(metrics['memorisation']))}"
        f"{''.join(_wrong(rows))}</html>\n"
    )


def _figures(answerers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "<h2>Figures</h2><table><tr><th></th><th>right</th><th>of the right kind</th>"
    yield "<th>similar to the agent's answer</th>"
    yield "<th>hands over</th><th>loss per token</th><th>seconds</th></tr>"
    for name, held in answerers.items():
        cells = "".join(f"<td>{_share(held[key])}</td>" for key in ("right", "right_kind"))
        loss = "" if held["loss"] is None else f"{held['loss']:.3f}"
        yield f"<tr><th>{escape(name)}</th>{cells}<td>{held['similarity']:.3f}</td>"
        yield f"<td>{_share(held['hand_overs'])}</td><td>{loss}</td><td>{held['seconds']:.0f}</td></tr>"
    yield "</table>"


def _kinds(kinds: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> Iterator[str]:
    if not kinds:
        yield "<p>No answer key was given, so right answers are not counted.</p>"
        return
    heads = "".join(f"<th>{escape(name)}</th>" for name in names)
    yield f"<h2>Right answers by kind</h2><table><tr><th>kind</th><th>records</th>{heads}</tr>"
    for kind, held in kinds.items():
        yield f"<tr><td>{escape(kind)}</td><td>{held['records']:.0f}</td>"
        for name in names:
            share = held.get(name, 0.0)
            bar = f"<i style='width:{share:.0%}'></i><b>{share:.0%}</b>"
            yield f"<td class='bar'><div class='track {escape(name)}'>{bar}</div></td>"
        yield "</tr>"
    yield "</table>"


def _confidence(held: Mapping[str, Any] | None) -> Iterator[str]:
    yield "<h2>Confidence</h2>"
    if held is None:
        yield "<p>Too few answers were judged, or all alike, so confidence was not calibrated.</p>"
        return
    yield (
        f"<p>{held['records']} answers, right by {escape(held['judge'])}; each by a calibration fitted without "
        f"it. Expected calibration error {held['ece']:.3f}; area under the risk-coverage curve {held['aurc']:.3f}, "
        f"without any knowledge {held['aurc_chance']:.3f}.</p>{drawn(dict(held))}"
    )


def memorised(held: Mapping[str, Any]) -> Iterator[str]:
    """What the model keeps of its training data, for people."""
    if text := held["training_text"]:
        yield (
            f"training text: {text['repeat']} of {text['answers']} answers repeat ten words or more of one training "
            f"conversation that their prompts do not hold"
        )
    else:
        yield "training text: not compared, the dataset has no training_text.npz (deskhand prepare writes it)"
    if one := held["canaries"]:
        yield (
            f"canaries: {one['told']} of {one['canaries']} told when asked; exposure {one['mean']} bits on average, "
            f"{one['highest']} the highest (by chance {one['chance']}, by heart {math.log2(one['candidates']):.0f})"
        )
    else:
        yield "canaries: none in the training data (deskhand prepare --canaries plants some)"


def _wrong(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    wrong = [row for row in rows if row["run"].get("right") is False]
    if not wrong:
        return
    step = max(1, len(wrong) // MOST_WRONG_SHOWN)
    shown = wrong[::step][:MOST_WRONG_SHOWN]
    yield f"<h2>Wrong answers</h2><p>{len(shown)} of {len(wrong)}.</p><table>"
    yield "<tr><th>asked</th><th>the run's answer</th><th>the agent's answer</th></tr>"
    for row in shown:
        held = row["run"]
        why = f"reads like {held['nearest_kind']}" if held["nearest_kind"] != row["kind"] else ""
        missing = f"does not say: {', '.join(held['missing'])}" if held["missing"] else ""
        yield f"<tr><td><blockquote>{escape(row['question'])}</blockquote><small>{escape(row['kind'])}</small></td>"
        reasons = escape("; ".join(filter(None, (why, missing))))
        yield f"<td><blockquote>{escape(held['answer'])}</blockquote><small>{reasons}</small></td>"
        yield f"<td><blockquote>{escape(row['agent'])}</blockquote></td></tr>"
    yield "</table>"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
