"""``deskhand train``: a dataset folder to a run folder."""

from __future__ import annotations

from pathlib import Path

import click

from deskhand.cli.output import emit, json_option, require, say, track


@click.command("train")
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Run folder to write.")
@click.option("--base", default="starter", show_default=True, help="starter, a model folder, or a hub id.")
@click.option("--method", type=click.Choice(["lora", "full"]), default="lora", show_default=True)
@click.option("--epochs", type=click.FloatRange(min=0, min_open=True), help="Passes over the training set.")
@click.option("--max-steps", type=click.IntRange(min=1), help="Stop after so many optimiser steps.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True))
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--resume/--no-resume", default=True, show_default=True, help="Go on from the last checkpoint in OUT.")
@json_option
def command(
    dataset: Path,
    out: Path,
    base: str,
    method: str,
    epochs: float | None,
    max_steps: int | None,
    learning_rate: float | None,
    seed: int,
    resume: bool,
    as_json: bool,
) -> None:
    """A training set to a fine-tuned model.

    \b
    Example:
        deskhand train dataset --out run --base starter --method full
    """
    require("train", "trl")
    from deskhand_finetune import train

    run = train(
        dataset,
        out,
        base=base,
        method=method,
        epochs=epochs,
        max_steps=max_steps,
        learning_rate=learning_rate,
        seed=seed,
        resume=resume,
        track=track,
    )
    if as_json:
        emit(run.info)
    else:
        for line in run.lines():
            say(line)
        say(f"run: {out}")
