"""``deskhand prepare``: ticket exports to a dataset folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Literal

import click

from deskhand.cli.output import emit, json_option, say, track


@click.command("prepare")
@click.argument("exports", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="EXPORT...")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Dataset folder to write.")
@click.option(
    "--articles", multiple=True, type=click.Path(path_type=Path), help="Help-centre articles the answers may rest on."
)
@click.option("--format", "format_name", help="Format of the exports, when it is not recognised.")
@click.option(
    "--map", "columns", multiple=True, metavar="FIELD=COLUMN", help="A table's column, such as body=Nachricht."
)
@click.option("--agent", "agents", multiple=True, help="Who answers (mail, Slack, chats): address, domain, name or id.")
@click.option(
    "--public-comments",
    is_flag=True,
    help="Customers could read comments where an export does not say it (Jira's CSV).",
)
@click.option("--policy", type=click.Path(path_type=Path), help="Policy folder (default: the shipped one).")
@click.option("--notes", is_flag=True, help="Put internal notes into the prompts, as notes; left out otherwise.")
@click.option("--substitutes", is_flag=True, default=None, help="Realistic values in place of placeholders.")
@click.option("--despite-leaks", is_flag=True, help="Write it even if a second look finds too much personal data left.")
@click.option(
    "--canaries", type=click.IntRange(min=0), default=0, help="Plant so many made-up tickets, to measure memorising."
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes to use (default: one for each core).")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where to clean: here, or a Ray cluster (RAY_ADDRESS).",
)
@json_option
def command(
    exports: tuple[Path, ...],
    out: Path,
    articles: tuple[Path, ...],
    format_name: str | None,
    columns: tuple[str, ...],
    agents: tuple[str, ...],
    public_comments: bool,
    policy: Path | None,
    notes: bool,
    substitutes: bool | None,
    despite_leaks: bool,
    canaries: int,
    workers: int | None,
    engine: Literal["local", "ray"],
    as_json: bool,
) -> None:
    """Ticket exports to a clean, safe training set.

    \b
    Example:
        deskhand prepare zendesk-export/ --out dataset --articles help-centre/
    """
    from deskhand_finetune import prepare
    from deskhand_finetune.tickets import Options
    from deskhand_guardrails import Policy

    report = prepare(
        exports,
        out,
        policy=Policy.load(policy),
        articles=articles,
        format=format_name,
        reading=Options(_columns(columns), frozenset(agents), public_comments),
        workers=workers,
        engine=engine,
        track=track,
        notes=notes,
        substitutes=substitutes,
        despite_leaks=despite_leaks,
        canaries=canaries,
    )
    if as_json:
        emit(asdict(report))
    else:
        for line in report.lines():
            say(line)
        say(f"dataset: {out} (what was left out, and why: {out / 'quarantine.jsonl'})")


def _columns(pairs: tuple[str, ...]) -> dict[str, str]:
    """``FIELD=COLUMN`` pairs as a dictionary; a column's name may hold an equals sign."""
    held = dict[str, str]()
    for pair in pairs:
        field, sign, column = pair.partition("=")
        if not (field and sign and column):
            raise click.BadParameter(f"{pair}: must be FIELD=COLUMN", param_hint="--map")
        held[field.strip()] = column
    return held
