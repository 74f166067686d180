"""``deskhand chat``: the assistant in the terminal."""

from __future__ import annotations

import asyncio
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deskhand.cli.output import emit, json_option, say

if TYPE_CHECKING:
    from deskhand.desk import Answer, Desk, Question


@click.command("chat")
@click.option("--model", help="starter, a run folder, a hub id, or openai:NAME (default: the settings' model).")
@click.option("--knowledge", metavar="FILE|URL", help="Knowledge made by `deskhand index`.")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy folder (default: the shipped one).")
@json_option
def command(model: str | None, knowledge: str | None, policy: Path | None, as_json: bool) -> None:
    """Talk to the assistant; one question a line, Ctrl-D ends. Questions may also come from a pipe.

    \b
    Example:
        deskhand chat --model run --knowledge knowledge.db
        echo "Where is my order?" | deskhand chat --json
    """
    from deskhand.desk import Desk
    from deskhand.settings import load_settings

    desk = Desk.open(load_settings(model=model, knowledge=knowledge, policy=policy))
    try:
        asyncio.run(_converse(desk, as_json=as_json))
    finally:
        desk.close()


async def _converse(desk: Desk, *, as_json: bool) -> None:
    from deskhand.desk import Question

    conversation = uuid.uuid4().hex
    history: list[dict[str, str]] = []
    typed = sys.stdin.isatty()
    if typed:
        say("Ask away; Ctrl-D ends.")
    while True:
        if typed:
            click.echo("> ", nl=False, err=True)
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return
        if not (text := line.strip()):
            continue
        answer = await _answer(desk, Question(text, conversation, "terminal", tuple(history)), show=not as_json)
        history += [{"role": "user", "content": text}, {"role": "assistant", "content": answer.text}]
        if as_json:
            emit({"question": text, "answer": answer.text, "decision": answer.decision, "turn_id": answer.turn_id,
                  "sources": [source.reference for source in answer.sources]})  # fmt: skip


async def _answer(desk: Desk, question: Question, *, show: bool) -> Answer:
    from deskhand.desk import Answer

    async for piece in desk.stream(question):
        if isinstance(piece, Answer):
            if show:
                click.echo()
            return piece
        if show:
            click.echo(piece, nl=False)
    raise AssertionError("a stream ends with its Answer")  # pragma: no cover
