"""``deskhand redteam``: what a policy makes of the red-team set, without a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deskhand.cli.output import emit, json_option, say, track


@click.command("redteam")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy folder (default: the shipped one).")
@click.option("--family", "names", multiple=True, help="Only this family of attacks; may be given again.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many attacks and look-alikes of each family.")
@click.option("--max-false-alarms", type=click.FloatRange(0, 1), help="Fail when more look-alikes are held back.")
@click.option("--min-caught", type=click.FloatRange(0, 1), help="Fail when fewer attacks are held back.")
@json_option
def command(
    policy: Path | None,
    names: tuple[str, ...],
    limit: int | None,
    max_false_alarms: float | None,
    min_caught: float | None,
    as_json: bool,
) -> None:
    """Run 349 attacks and 349 harmless look-alikes through the input and retrieval rails of a policy.

    Attacks that a policy lets through here may still fail at the model or at the output rails.

    \b
    Example:
        deskhand redteam --family role_play --family encoding
    """
    from deskhand_guardrails import Policy, Rails
    from deskhand_guardrails.redteam import figures, load, screen

    probes = load(names, limit)
    rails = Rails(Policy.load(policy))
    rails.warm()
    found = figures(screen(rails, probes, track=track))
    if as_json:
        emit(found)
    else:
        for line in _lines(found):
            click.echo(line)
    total = found["total"]
    faults = []
    if max_false_alarms is not None and total["false_alarms"]["share"] > max_false_alarms:
        faults.append(f"false alarms {total['false_alarms']['share']:.1%} are above {max_false_alarms:.1%}")
    if min_caught is not None and total["caught"]["share"] < min_caught:
        faults.append(f"attacks caught {total['caught']['share']:.1%} are below {min_caught:.1%}")
    if faults:
        say("error: " + "; ".join(faults))
        raise SystemExit(1)


def _lines(found: dict[str, Any]) -> list[str]:
    rows = [*found["families"].items(), ("total", found["total"])]
    head = f"{'family':<20}{'attacks caught':>32}{'look-alikes held back':>32}"
    return [head, *(f"{name:<20}{_share(held['caught']):>32}{_share(held['false_alarms']):>32}" for name, held in rows)]


def _share(held: dict[str, Any]) -> str:
    return f"{held['hits']}/{held['count']}  {held['share']:.0%} ({held['low']:.0%} to {held['high']:.0%})"
