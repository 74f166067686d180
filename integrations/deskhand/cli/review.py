"""``deskhand review``: the queue from the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from deskhand.cli.output import emit, json_option, say

if TYPE_CHECKING:
    from deskhand_guardrails.review import ReviewQueue


@click.group("review")
def command() -> None:
    """The review queue from the terminal; reviewed answers as training data.

    \b
    Example:
        deskhand review list
        deskhand review export --form sft --out corrections.jsonl
    """


@command.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@json_option
def list_items(limit: int, as_json: bool) -> None:
    """Flagged answers that wait for a person."""
    queue = _queue()
    items = queue.pending(limit)
    for item in items:
        turn = item.turn
        if as_json:
            emit({"turn_id": turn.id, "at": turn.at, "channel": turn.channel, "decision": turn.decision,
                  "reason": turn.reason, "question": turn.question, "answer": turn.answer})  # fmt: skip
        else:
            click.echo(f"{turn.id}  {turn.at:%Y-%m-%d %H:%M}  {turn.channel:<8}  {turn.decision:<6}  {item.why}")
    if not items:
        say("nothing waits for review")


@command.command("export")
@click.option("--form", type=click.Choice(["sft", "dpo"]), default="sft", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="File to write (default: stdout).")
def export(form: Literal["sft", "dpo"], out: Path | None) -> None:
    """Reviewed answers as training data: sft (approved and corrected) or dpo (corrected against the draft)."""
    import json

    lines = [json.dumps(record, ensure_ascii=False, default=str) for record in _queue().export(form)]
    if out is None:
        for line in lines:
            click.echo(line)
    else:
        out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        say(f"{len(lines)} records: {out}")


def _queue() -> ReviewQueue:
    from deskhand.settings import load_settings
    from deskhand_guardrails import Policy, Rails
    from deskhand_guardrails.monitor import Store
    from deskhand_guardrails.review import ReviewQueue

    settings = load_settings()
    return ReviewQueue(Store(settings.store_url), Rails(Policy.load(settings.policy)))
