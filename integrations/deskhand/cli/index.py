"""``deskhand index``: articles and resolved tickets to knowledge."""

from __future__ import annotations

from pathlib import Path

import click

from deskhand.cli.output import emit, json_option, say, track


@click.command("index")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--out", default="deskhand-data/knowledge.db", show_default=True, type=click.Path(path_type=Path))
@json_option
def command(paths: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Articles (Markdown) and resolved tickets (a dataset folder) to knowledge for retrieval.

    \b
    Example:
        deskhand index help-centre/ dataset --out knowledge.db
    """
    from langchain_deskhand.knowledge import Knowledge

    knowledge = Knowledge.build(paths, out, track=track)
    if as_json:
        emit({"knowledge": str(out), "passages": len(knowledge)})
    else:
        say(f"{len(knowledge)} passages: {out}")
