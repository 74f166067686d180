"""``deskhand serve``: web chat, review console, OpenAI-compatible API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deskhand.cli.output import require, say

if TYPE_CHECKING:
    from deskhand.settings import Settings


@click.command("serve")
@click.option("--model", help="starter, a run folder, a hub id, or openai:NAME (default: the settings' model).")
@click.option("--knowledge", metavar="FILE|URL", help="Knowledge made by `deskhand index`.")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy folder (default: the shipped one).")
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default 8080).")
def command(model: str | None, knowledge: str | None, policy: Path | None, host: str | None, port: int | None) -> None:
    """Web chat, review console and OpenAI-compatible API, until Ctrl-C.

    \b
    Example:
        deskhand serve --model run --knowledge knowledge.db --port 8080
    """
    require("web", "fastapi")
    from deskhand.settings import load_settings

    run_server(load_settings(model=model, knowledge=knowledge, policy=policy, host=host, port=port))


def run_server(settings: Settings) -> None:
    """Serves until stopped. The port is tried before the models are loaded: a port in use should not cost a wait."""
    from deskhand.desk import Desk
    from deskhand.web import check_address, create_app, serve
    from deskhand_guardrails.review import ReviewQueue

    check_address(settings)
    desk = Desk.open(settings)
    try:
        slack = None
        if settings.slack_signing_secret is not None:
            require("slack", "slack_bolt")
            from deskhand.slack import create_slack_app

            slack = create_slack_app(desk, settings)
        app = create_app(desk, ReviewQueue(desk.store, desk.model.rails), settings, slack)
        base = f"http://{settings.host}:{settings.port}"
        say(f"web chat {base}/   review {base}/review   API {base}/v1   (Ctrl-C stops)")
        serve(app, settings)
    finally:
        desk.close()
