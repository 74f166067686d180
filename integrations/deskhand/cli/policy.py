"""``deskhand policy``: the rules as a folder: a copy to edit, and what a folder amounts to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deskhand.cli.output import emit, json_option, say
from deskhand_guardrails.presets import PRESETS, PresetName

if TYPE_CHECKING:
    from deskhand_guardrails.policy_report import Report


@click.group("policy")
def command() -> None:
    """The guardrails' policy: copy it out, check it.

    \b
    Example:
        deskhand policy init my-policy --preset strict
        deskhand policy check my-policy
    """


@command.command("init")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--preset", type=click.Choice(PRESETS), default="balanced", show_default=True)
def init_policy(folder: Path, preset: PresetName) -> None:
    """Copy the shipped policy into DIR, ready to edit.

    \b
    Example:
        deskhand policy init my-policy --preset strict
    """
    from deskhand_guardrails.policy_init import init

    init(folder, preset)
    say(f"policy: {folder} (edit {folder / 'config.yml'}, then run: deskhand policy check {folder})")


@command.command("check")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@json_option
def check_policy(folder: Path | None, as_json: bool) -> None:
    """Load everything that the policy in DIR names; say what is wrong and what will run. Without DIR: the shipped one.

    \b
    Example:
        deskhand policy check my-policy
        deskhand policy check my-policy --json | jq .directions.output
    """
    from deskhand_guardrails.policy_report import report

    found = report(folder)
    if as_json:
        emit({"ok": not found.faults, **asdict(found)})
    else:
        for line in _lines(found):
            click.echo(line)
    for fault in found.faults:
        say(f"error: {found.policy}: {fault}")
    if found.faults:
        raise SystemExit(1)


def _lines(found: Report) -> Iterator[str]:
    yield f"policy {found.policy} (preset {found.preset}, digest {found.digest})"
    for direction, stage in found.directions.items():
        yield ""
        runner = "by NeMo Guardrails" if stage.by_nemo else "directly"
        yield f"{direction}: {', then '.join(stage.rails)} ({runner})" if stage.rails else f"{direction}: nothing"
        for row in stage.detectors:
            threshold = "" if row.threshold is None else f"from {row.threshold:g} ({row.threshold_origin})"
            yield f"  {row.detector:<18}{row.action + f' ({row.action_origin})':<20}{threshold}".rstrip()
    if found.from_caller:
        yield ""
        yield f"handed over by the calling program: {', '.join(found.from_caller)}"
    yield ""
    yield "settings"
    width = max(len(one.key) for one in found.settings)
    for one in found.settings:
        yield f"  {one.key:<{width}}  {one.origin:<8} {'' if one.value is None else one.value}".rstrip()
