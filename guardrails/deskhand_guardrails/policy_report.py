"""What a policy folder amounts to: what each direction will run, where each value comes from, and everything wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deskhand_guardrails.checks import Check, Checks
from deskhand_guardrails.engine import Engine
from deskhand_guardrails.errors import DeskhandError
from deskhand_guardrails.policy import Policy
from deskhand_guardrails.presets import Origin, flat, preset
from deskhand_guardrails.verdicts import DIRECTIONS, Direction

if TYPE_CHECKING:
    from nemoguardrails.actions.rail_outcome import RailOutcome


@dataclass(frozen=True, slots=True)
class Value:
    """A setting: its key below ``rails.config.deskhand``, and whether file, preset or default says so."""

    key: str
    value: object
    origin: Origin


@dataclass(frozen=True, slots=True)
class Row:
    """A detector at work in a direction."""

    detector: str
    action: str
    action_origin: Origin
    threshold: float | None
    """From which its findings count; None when it knows only found and not found."""
    threshold_origin: Origin
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs in one direction."""

    rails: tuple[str, ...]
    """NeMo's flows in their order; ours among them stands for the detectors."""
    by_nemo: bool
    """Whether NeMo Guardrails runs them; where there is none but ours, the detectors run directly."""
    detectors: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All about one policy folder."""

    policy: str
    preset: str
    measured: Mapping[str, Any]
    """What the preset costs in false alarms, and what it detects."""
    digest: str
    faults: tuple[str, ...]
    """Everything wrong, one line each; with any, the folder cannot be used."""
    directions: dict[Direction, Stage]
    settings: tuple[Value, ...]
    notes: tuple[str, ...]
    """Detectors that do nothing for want of something, and what to do about it."""
    from_caller: tuple[str, ...]
    """Detectors that the policy has settings for and that are handed to ``Rails`` by the calling program."""


def report(folder: Path | None = None) -> Report:
    """Reads the policy in ``folder`` (the shipped one when None) and loads all that it names.

    Raises:
        ConfigError: there is no such folder, or an installed detector cannot be registered.
    """
    policy = Policy.read(folder)
    faults = list(policy.faults)
    checks, engine = _loaded(policy, faults)
    stages = {
        direction: Stage(
            engine.flows(direction) if engine else (),
            bool(engine and engine.runs_nemo(direction)),
            tuple(_row(policy, direction, check) for check in checks.of(direction)) if checks else (),
        )
        for direction in DIRECTIONS
    }
    name = policy.settings.preset
    return Report(
        str(policy.folder),
        name,
        preset(name).measured,
        policy.digest,
        tuple(dict.fromkeys(faults)),
        stages,
        tuple(_values(policy)),
        tuple(f"{name} {one.idle}" for name, one in policy.detectors.items() if one.enabled and one.idle),
        tuple(policy.custom),
    )


def _loaded(policy: Policy, faults: list[str]) -> tuple[Checks | None, Engine | None]:
    """Checks and engine; what cannot be loaded is added to ``faults``."""
    checks, engine = None, None
    try:
        checks = Checks(replace(policy, custom={}))
    except DeskhandError as error:
        faults.append(_short(policy, error))
    try:
        engine = Engine(policy, _nothing)
    except DeskhandError as error:
        faults.append(_short(policy, error))
    return checks, engine


async def _nothing(text: str) -> RailOutcome:
    raise NotImplementedError("a report checks no text")


def _short(policy: Policy, error: DeskhandError) -> str:
    return str(error).removeprefix(f"policy {policy.folder}: ")


def _row(policy: Policy, direction: Direction, check: Check) -> Row:
    name = check.detector.name
    return Row(
        name,
        check.action,
        _origin(policy, f"detectors.{name}.{direction}"),
        check.threshold or getattr(check.detector, "threshold", None),
        _origin(policy, f"detectors.{name}.threshold.{direction}"),
        round(check.seconds * 1000),
    )


def _values(policy: Policy) -> list[Value]:
    settled = {
        **policy.settings.model_dump(),
        "detectors": {name: one.model_dump() for name, one in policy.detectors.items()},
    }
    return [Value(key, value, _origin(policy, key)) for key, value in flat(settled)]


def _origin(policy: Policy, key: str) -> Origin:
    above, _, name = key.rpartition(".")
    if key not in policy.origins and name in DIRECTIONS and above.endswith(".threshold"):
        return policy.origins.get(above, "default")  # one score for all directions
    return policy.origins.get(key, "default")
