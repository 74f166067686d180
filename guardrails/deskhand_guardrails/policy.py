"""What is allowed: a NeMo Guardrails config folder, and our typed settings under its ``rails.config.deskhand`` key.

A policy is read and checked once and then trusted: unknown keys are faults, and all faults are reported together. The
folder of the shipped policy is ``default_policy``; copy it to write your own. An existing NeMo folder works as it is:
where it does not name our flows they run first in each direction, and where it has no settings ours are the defaults.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from deskhand_guardrails.detectors.personal_data import DEFAULT_LABELS, THRESHOLDS
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.prompt import HAND_OVER
from deskhand_guardrails.verdicts import Direction

Action = Literal["ignore", "mask", "review", "block"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Text = Annotated[str, Field(min_length=1)]

DEFAULT_FOLDER = Path(__file__).parent / "default_policy"

SECTION = "rails.config.deskhand"

FLOWS: dict[Direction, tuple[str, str]] = {
    "input": ("input", "deskhand check input"),
    "retrieved": ("retrieval", "deskhand check retrieved"),
    "output": ("output", "deskhand check output"),
}
"""For each direction: NeMo's name of it, and the flow that runs our checks."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Messages(_Strict):
    """What the customer reads in place of an answer."""

    refusal: Text = "I am sorry, I cannot help with that."
    hand_over: Text = HAND_OVER
    checking: Text = "One moment, please: a colleague is checking the answer."


class Allow(_Strict):
    """The company's own contact data, which is never masked."""

    domains: list[Text] = []
    emails: list[Text] = []
    phones: list[Text] = []


class DetectorSettings(_Strict):
    """What a check's findings lead to in each direction, and the score from which they count (None: its own)."""

    enabled: bool = True
    threshold: Share | None = None
    input: Action = "block"
    retrieved: Action = "block"
    output: Action = "block"

    def action(self, direction: Direction) -> Action:
        """What a finding leads to; ``ignore`` when the check is switched off."""
        chosen: Action = getattr(self, direction)
        return chosen if self.enabled else "ignore"


class PersonalDataSettings(DetectorSettings):
    """Which labels count as personal data."""

    entities: list[str] = list(DEFAULT_LABELS)
    input: Action = "mask"
    retrieved: Action = "mask"
    output: Action = "mask"

    @field_validator("entities")
    @classmethod
    def _known(cls, entities: list[str]) -> list[str]:
        unknown = sorted(set(entities) - set(THRESHOLDS))
        if unknown:
            raise ValueError(f"unknown {', '.join(unknown)}; known are {', '.join(sorted(THRESHOLDS))}")
        return entities


class SecretsSettings(DetectorSettings):
    """Keys and passwords: customers' are hidden from the model, one in an answer stops it."""

    input: Action = "mask"
    retrieved: Action = "mask"


class InjectionSettings(DetectorSettings):
    """Attempts to override the instructions."""

    output: Action = "ignore"


class GroundingSettings(DetectorSettings):
    """Figures in an answer that nothing supports."""

    input: Literal["ignore"] = "ignore"
    retrieved: Literal["ignore"] = "ignore"
    output: Action = "review"


class Detectors(_Strict):
    """The built-in checks, and settings for the ones that the caller brings."""

    personal_data: PersonalDataSettings = PersonalDataSettings()
    secrets: SecretsSettings = SecretsSettings()
    injection: InjectionSettings = InjectionSettings()
    grounding: GroundingSettings = GroundingSettings()
    placeholders: GroundingSettings = GroundingSettings()
    custom: dict[str, DetectorSettings] = {}


class Settings(_Strict):
    """The ``rails.config.deskhand`` section."""

    version: Literal[1] = 1
    minimum_similarity: Share = 0.35
    messages: Messages = Messages()
    allow: Allow = Allow()
    detectors: Detectors = Detectors()


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy folder."""

    folder: Path
    settings: Settings
    digest: str
    """SHA-256 over the folder's files (first 16 hexadecimal digits): which policy a turn was decided under."""

    @classmethod
    def load(cls, folder: Path | None = None) -> Policy:
        """Reads the policy in ``folder``, the shipped one when None.

        Raises:
            ConfigError: one line with every fault and its key.
        """
        home = (folder or DEFAULT_FOLDER).resolve()
        if not home.is_dir():
            raise ConfigError(f"policy {folder}: no such folder; copy the shipped one from {DEFAULT_FOLDER}")
        faults: list[str] = []
        settings = _settings(home, faults)
        if faults or settings is None:
            raise ConfigError(f"policy {home}: " + "; ".join(faults))
        return cls(home, settings, _digest(home))

    @property
    def minimum_similarity(self) -> float:
        """Similarity of the best source below which the assistant hands over."""
        return self.settings.minimum_similarity

    @property
    def messages(self) -> Messages:
        """What the customer reads in place of an answer."""
        return self.settings.messages


def _settings(home: Path, faults: list[str]) -> Settings | None:
    sections: list[tuple[str, dict[str, Any]]] = []
    configured = False
    for path, content in _documents(home, faults):
        configured = True
        if str(content.get("colang_version", "1.0")) != "1.0":
            faults.append(f"{path}: colang_version: only 1.0 is supported")
        if content.get("enable_rails_exceptions"):
            faults.append(f"{path}: enable_rails_exceptions: not supported, because it makes checks crash")
        rails = content.get("rails") or {}
        faults.extend(
            f"{path}: rails.{name}.parallel: not supported, because parallel rails lose changes"
            for name in ("input", "output")
            if isinstance(rails, dict) and isinstance(rails.get(name), dict) and rails[name].get("parallel")
        )
        section = (rails.get("config") or {}).get("deskhand") if isinstance(rails, dict) else None
        if isinstance(section, dict):
            sections.append((path, section))
        elif section is not None:
            faults.append(f"{path}: {SECTION}: must be a mapping")
    if not configured and not faults:
        faults.append("holds no config.yml")
    if len(sections) > 1:
        faults.append(f"{SECTION} is in {' and in '.join(path for path, _ in sections)}; keep it in one file")
    try:
        return Settings.model_validate(sections[0][1] if sections else {})
    except ValidationError as error:
        faults.extend(_fault(sections[0][0], one["loc"], one["msg"]) for one in error.errors(include_input=False))
        return None


def _fault(path: str, location: tuple[int | str, ...], message: str) -> str:
    key = ".".join([SECTION, *map(str, location)])
    plain = "unknown key" if message.startswith("Extra inputs") else message.removeprefix("Value error, ")
    return f"{path}: {key}: {plain}"


def _documents(home: Path, faults: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in _files(home):
        if path.suffix not in (".yml", ".yaml"):
            continue
        name = path.relative_to(home).as_posix()
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            faults.append(f"{name}: not YAML" + (f" (line {mark.line + 1})" if mark else ""))
            continue
        if isinstance(content, dict):
            yield name, content
        elif content is not None:
            faults.append(f"{name}: must be a mapping")


def _files(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _digest(home: Path) -> str:
    digest = hashlib.sha256()
    for path in _files(home):
        digest.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
