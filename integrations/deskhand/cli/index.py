"""``deskhand index``: articles, FAQs and resolved tickets to knowledge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deskhand.cli.output import emit, json_option, say, track

if TYPE_CHECKING:
    from langchain_deskhand.knowledge import Knowledge

OUT = "deskhand-data/knowledge.db"


@click.command("index")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--out", default=OUT, show_default=True, metavar="FILE|URL", help="A file, or postgresql://user@host/name."
)
@click.option(
    "--access", "access", multiple=True, metavar="LABEL", help="Who may find documents that name none: repeat."
)
@click.option("--remove", multiple=True, metavar="ID|PATH", help="Remove a cited reference, file or folder: repeat.")
@json_option
def command(
    paths: tuple[Path, ...], out: str, access: tuple[str, ...], remove: tuple[str, ...], *, as_json: bool
) -> None:
    """Articles (Markdown, HTML, PDF, DOCX), FAQs (CSV, JSON) and resolved tickets (a dataset folder) to knowledge.

    Only what changed since the last time is read; what is gone from a folder is removed. What cannot be used is left
    out and listed in a file beside the knowledge (NAME.quarantine.jsonl).

    \b
    Example:
        deskhand index help-centre/ faq.csv dataset --out knowledge.db
        deskhand index handbook/ --access staff --out knowledge.db
        deskhand index --remove refunds.md --remove ticket:4711 --out knowledge.db
    """
    from langchain_deskhand.knowledge import Knowledge
    from langchain_deskhand.knowledge.access import labels

    if not paths and not remove:
        raise click.UsageError("name what to index (PATH...) or what to remove (--remove).")
    allowed = labels(list(access), "--access")
    removed = Knowledge.open(out).remove(remove) if remove else 0
    if not paths:
        _removed(out, removed, as_json=as_json)
        return
    knowledge = Knowledge.build(paths, out, track, access=allowed)
    left = _quarantine(knowledge, out)
    done = knowledge.indexed
    for line in done.left:
        say(f"left out: {line}")
    if as_json:
        counts = {"new": done.new, "changed": done.changed, "unchanged": done.unchanged, "removed": done.removed}
        emit({"knowledge": knowledge.name, "passages": done.passages, **counts, "left_out": len(done.left)})
        return
    counted = f"{done.new} documents new, {done.changed} changed, {done.unchanged} unchanged, {done.removed} removed"
    say(f"{done.passages} passages ({counted}): {knowledge.name}")
    if done.left:
        say(f"{len(done.left)} left out: {left}")


def _removed(out: str, removed: int, *, as_json: bool) -> None:
    from langchain_deskhand.knowledge import Knowledge

    knowledge = Knowledge.open(out)
    if as_json:
        emit({"knowledge": knowledge.name, "passages": len(knowledge), "removed_passages": removed})
    else:
        say(f"{removed} passages removed, {len(knowledge)} left: {knowledge.name}")


def _quarantine(knowledge: Knowledge, out: str) -> Path:
    """Writes what was left out this time; a run that left nothing out removes the list of an earlier one."""
    beside = Path(out) if "://" not in out else Path(OUT)
    path = beside.with_name(f"{beside.stem}.quarantine.jsonl")
    if not knowledge.indexed.left:
        path.unlink(missing_ok=True)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"reason": reason}, ensure_ascii=False) + "\n" for reason in knowledge.indexed.left)
    path.write_text("".join(lines), encoding="utf-8")
    return path
