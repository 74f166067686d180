"""``deskhand slack``: the Slack app over Socket Mode."""

from __future__ import annotations

from pathlib import Path

import click

from deskhand.cli.output import require


@click.command("slack")
@click.option("--manifest", is_flag=True, help="Print the app manifest to paste at api.slack.com/apps, and end.")
@click.option("--model", help="starter, a run folder, a hub id, or openai:NAME (default: the settings' model).")
@click.option("--knowledge", metavar="FILE|URL", help="Knowledge made by `deskhand index`.")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy folder (default: the shipped one).")
def command(manifest: bool, model: str | None, knowledge: str | None, policy: Path | None) -> None:
    """Answer in Slack: mentions in their thread, and direct messages.

    \b
    Example:
        deskhand slack --manifest
        DESKHAND_SLACK_BOT_TOKEN=… DESKHAND_SLACK_APP_TOKEN=… deskhand slack --model run
    """
    from deskhand.slack.manifest import manifest_text

    if manifest:
        click.echo(manifest_text())
        return
    require("slack", "slack_bolt")
    from deskhand.desk import Desk
    from deskhand.settings import load_settings
    from deskhand.slack import check_tokens, run_slack

    settings = load_settings(model=model, knowledge=knowledge, policy=policy)
    check_tokens(settings)
    desk = Desk.open(settings)
    try:
        run_slack(desk, settings)
    finally:
        desk.close()
