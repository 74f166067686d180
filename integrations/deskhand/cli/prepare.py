"""``deskhand prepare``: ticket exports to a dataset folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from deskhand.cli.output import emit, json_option, say, track


@click.command("prepare")
@click.argument("exports", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="EXPORT...")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Dataset folder to write.")
@click.option(
    "--articles", multiple=True, type=click.Path(path_type=Path), help="Help-centre articles the answers may rest on."
)
@click.option("--format", "format_name", help="Format of the exports, when it is not recognised.")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy folder (default: the shipped one).")
@click.option("--workers", type=click.IntRange(min=1), help="Processes to use (default: one for each core).")
@json_option
def command(
    exports: tuple[Path, ...],
    out: Path,
    articles: tuple[Path, ...],
    format_name: str | None,
    policy: Path | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """Ticket exports to a clean, safe training set.

    \b
    Example:
        deskhand prepare zendesk-export/ --out dataset --articles help-centre/
    """
    from deskhand_finetune import prepare
    from deskhand_guardrails import Policy

    report = prepare(
        exports, out, policy=Policy.load(policy), articles=articles, format=format_name, workers=workers, track=track
    )
    if as_json:
        emit(asdict(report))
    else:
        for line in report.lines():
            say(line)
        say(f"dataset: {out} (what was left out, and why: {out / 'quarantine.jsonl'})")
