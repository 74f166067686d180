"""``deskhand demo``: the whole loop on the shipped sample."""

from __future__ import annotations

from pathlib import Path

import click

from deskhand.cli.output import require, say, track


@click.command("demo")
@click.option(
    "--out", default="deskhand-demo", show_default=True, type=click.Path(path_type=Path), help="Folder to work in."
)
@click.option(
    "--serve/--no-serve", "serving", default=True, show_default=True, help="Serve web chat and review at the end."
)
@click.option("--host", help="Address to serve on (default 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to serve on (default 8080).")
def command(out: Path, serving: bool, host: str | None, port: int | None) -> None:
    """The whole loop on the shipped sample, offline, then web chat and review console.

    Running it again goes on from what is there; delete the folder to start anew.

    \b
    Example:
        deskhand demo
        deskhand demo --no-serve --out /tmp/demo
    """
    require("train", "trl")
    from deskhand.demo import DemoFolder, build, converse

    folder = DemoFolder(out)
    folder.open()
    settings = folder.settings(host=host, port=port)
    if serving:
        require("web", "fastapi")
        from deskhand.web import check_address

        check_address(settings)
    build(folder, say, track)
    converse(folder, say)
    if serving:
        from deskhand.cli.serve import run_server

        run_server(settings)
    else:
        say(f"done; next: DESKHAND_CONFIG={folder.settings_file} deskhand serve")
