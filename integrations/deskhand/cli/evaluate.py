"""``deskhand evaluate``: a run measured on held-out tickets."""

from __future__ import annotations

from pathlib import Path

import click

from deskhand.cli.output import emit, json_option, require, say, track


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--data", "dataset", required=True, type=click.Path(path_type=Path), help="Dataset folder; its test.jsonl is used."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for report.html and metrics.json.")
@click.option("--answer-key", type=click.Path(path_type=Path), help="Which kind of answer each ticket needs (JSON).")
@click.option(
    "--baselines/--no-baselines",
    default=True,
    show_default=True,
    help="Also measure the untuned base and the nearest ticket.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Use only so many test records.")
@json_option
def command(
    run: Path, dataset: Path, out: Path, answer_key: Path | None, baselines: bool, limit: int | None, as_json: bool
) -> None:
    """How good a model is on held-out tickets.

    \b
    Example:
        deskhand evaluate run --data dataset --out evaluation
    """
    require("train", "transformers")
    from deskhand_finetune import evaluate

    evaluation = evaluate(run, dataset, out, answer_key=answer_key, baselines=baselines, limit=limit, track=track)
    if as_json:
        emit(evaluation.metrics)
    else:
        for line in evaluation.lines():
            say(line)
        say(f"report: {out / 'report.html'}")
