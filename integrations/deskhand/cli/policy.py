"""``deskhand policy``: the rules as a folder: a copy to edit, and what a folder amounts to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deskhand.cli.output import emit, json_option, say, track
from deskhand_guardrails.presets import PRESETS, PresetName

if TYPE_CHECKING:
    from deskhand_guardrails.policy_report import Report

TOPICS = "topics.json"

MOST_MESSAGES = 5000
"""Of a big dataset the newest: reading more takes minutes and moves no centre."""


@click.group("policy")
def command() -> None:
    """The guardrails' policy: copy it out, check it, teach it the desk's topics.

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


@command.command("topics")
@click.argument("dataset", type=click.Path(path_type=Path), metavar="DATASET")
@click.option("--policy", type=click.Path(path_type=Path), required=True, help="Policy folder to write topics.json to.")
@json_option
def learn_topics(dataset: Path, policy: Path, as_json: bool) -> None:
    """Learn from DATASET's customers what the desk is asked, for the policy's `topic` detector.

    The newest fifth of the training part and the validation part set the threshold at 1 false alarm in 100; the test
    part is not read.

    \b
    Example:
        deskhand policy topics dataset --policy my-policy
    """
    from deskhand_guardrails.encoder import Encoder
    from deskhand_guardrails.policy import Policy
    from deskhand_guardrails.topics import Topics

    Policy.read(policy)  # a folder that is none is an error before the work; one that still lacks the file is not
    older, newer = asked(dataset)
    topics = Topics.learn(older, newer, Encoder.shipped(), track)
    topics.save(policy / TOPICS)
    if as_json:
        emit({"file": str(policy / TOPICS), "messages": topics.messages, "threshold": topics.threshold})
    say(f"topics: {policy / TOPICS} (from {topics.messages} messages, off topic from {topics.threshold:g})")
    say(f"switch it on in {policy / 'config.yml'}: rails.config.deskhand.detectors.topic.model: {TOPICS}")


def asked(folder: Path) -> tuple[list[str], list[str]]:
    """The customers' messages of a dataset: those to learn from, oldest first, and the newer ones to set a limit by."""
    from deskhand_finetune.dataset import Dataset

    dataset = Dataset.open(folder)
    records = sorted(dataset.records("train"), key=lambda record: str(record.get("answered_at", "")))
    older = list(dict.fromkeys(chain.from_iterable(map(_learnt, records))))[-MOST_MESSAGES:]
    at = len(older) * 4 // 5
    held_out = dict.fromkeys(chain(older[at:], *map(_learnt, dataset.records("validation"))))
    return older[:at], list(held_out)[:MOST_MESSAGES]


def _learnt(record: Mapping[str, Any]) -> Iterator[str]:
    """The customer's messages, and their first lines: a ticket's subject is as short as a message in a chat."""
    for text in customers(record):
        first, _, rest = text.partition("\n")
        yield text
        if rest and first.strip():
            yield first


def customers(record: Mapping[str, Any]) -> list[str]:
    """What the customer wrote in a dataset's record."""
    return [message["content"] for message in record["messages"] if message["role"] == "user"]


def _lines(found: Report) -> Iterator[str]:
    yield f"policy {found.policy} (preset {found.preset}, digest {found.digest})"
    for direction, stage in found.directions.items():
        yield ""
        runner = "by NeMo Guardrails" if stage.by_nemo else "directly"
        yield f"{direction}: {', then '.join(stage.rails)} ({runner})" if stage.rails else f"{direction}: nothing"
        for row in stage.detectors:
            threshold = "" if row.threshold is None else f"from {row.threshold:g} ({row.threshold_origin})"
            yield f"  {row.detector:<18}{row.action + f' ({row.action_origin})':<20}{threshold}".rstrip()
    if found.notes:
        yield ""
        yield from (f"off: {note}" for note in found.notes)
    if found.from_caller:
        yield ""
        yield f"handed over by the calling program: {', '.join(found.from_caller)}"
    yield ""
    yield "settings"
    width = max(len(one.key) for one in found.settings)
    for one in found.settings:
        yield f"  {one.key:<{width}}  {one.origin:<8} {'' if one.value is None else one.value}".rstrip()
