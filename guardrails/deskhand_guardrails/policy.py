"""What is allowed: a NeMo Guardrails config folder, and our typed settings under its ``rails.config.deskhand`` key.

A policy is read and checked once and then trusted: unknown keys are faults, and all faults are reported together. The
folder of the shipped policy is ``default_policy``; copy it to write your own. An existing NeMo folder works as it is:
where it does not name our flows they run first in each direction, and where it has no settings ours are the defaults.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError

from deskhand_guardrails.detectors.settings import DetectorSettings, Share, Strict, Text
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.prompt import HAND_OVER
from deskhand_guardrails.registry import DetectorType, registered, unknown
from deskhand_guardrails.verdicts import Direction

DEFAULT_FOLDER = Path(__file__).parent / "default_policy"

M = TypeVar("M", bound=BaseModel)

SECTION = "rails.config.deskhand"

FLOWS: dict[Direction, tuple[str, str]] = {
    "input": ("input", "deskhand check input"),
    "retrieved": ("retrieval", "deskhand check retrieved"),
    "output": ("output", "deskhand check output"),
}
"""For each direction: NeMo's name of it, and the flow that runs our checks."""


class Messages(Strict):
    """What the customer reads in place of an answer."""

    refusal: Text = "I am sorry, I cannot help with that."
    hand_over: Text = HAND_OVER
    checking: Text = "One moment, please: a colleague is checking the answer."


class Allow(Strict):
    """The company's own contact data, which is never masked."""

    domains: list[Text] = Field(default_factory=list)
    emails: list[Text] = Field(default_factory=list)
    phones: list[Text] = Field(default_factory=list)


class Settings(Strict):
    """The ``rails.config.deskhand`` section, but for its detectors."""

    version: Literal[1] = 1
    minimum_similarity: Share = 0.35
    messages: Messages = Messages()
    allow: Allow = Allow()


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy folder."""

    folder: Path
    settings: Settings
    types: Mapping[str, DetectorType]
    """Every registered detector by name, in the order in which they run."""
    detectors: Mapping[str, DetectorSettings]
    """The settings of each; of the class that the detector brought."""
    custom: Mapping[str, DetectorSettings]
    """Settings for detectors that the caller hands to ``Rails``."""
    digest: str
    """SHA-256 over the folder's files (first 16 hexadecimal digits): which policy a turn was decided under."""

    @classmethod
    def load(cls, folder: Path | None = None) -> Policy:
        """Reads the policy in ``folder``, the shipped one when None.

        Raises:
            ConfigError: one line with every fault and its key, or with every detector that cannot be registered.
        """
        home = (folder or DEFAULT_FOLDER).resolve()
        if not home.is_dir():
            raise ConfigError(f"policy {folder}: no such folder; copy the shipped one from {DEFAULT_FOLDER}")
        types = registered()
        faults: list[str] = []
        path, section = _section(home, faults)
        reader = _Reader(path, faults)
        listed = reader.mapping("detectors", section.pop("detectors", None))
        custom = reader.mapping("detectors.custom", listed.pop("custom", None))
        policy = cls(
            home,
            reader.read(Settings, section),
            types,
            {name: reader.read(one.settings, listed.pop(name, None), "detectors", name) for name, one in types.items()},
            {name: reader.read(DetectorSettings, one, "detectors", "custom", name) for name, one in custom.items()},
            _digest(home),
        )
        faults += [f"{path}: {SECTION}.detectors.{name}: {unknown(name, types)}" for name in listed]
        if faults:
            raise ConfigError(f"policy {home}: " + "; ".join(faults))
        return policy

    @property
    def minimum_similarity(self) -> float:
        """Similarity of the best source below which the assistant hands over."""
        return self.settings.minimum_similarity

    @property
    def messages(self) -> Messages:
        """What the customer reads in place of an answer."""
        return self.settings.messages


class _Reader:
    """Reads parts of the section into models; what does not fit is noted and the defaults taken, to go on reading."""

    def __init__(self, path: str, faults: list[str]) -> None:
        self._path = path
        self._faults = faults

    def mapping(self, key: str, value: object) -> dict[str, Any]:
        """``value`` where a mapping is due."""
        if value is None or isinstance(value, dict):
            return dict(value or {})
        self._faults.append(f"{self._path}: {SECTION}.{key}: must be a mapping")
        return {}

    def read(self, model: type[M], value: object, *keys: str) -> M:
        """``value`` as a ``model``."""
        try:
            return model.model_validate({} if value is None else value)
        except ValidationError as error:
            for one in error.errors(include_input=False, include_url=False):
                plain = "unknown key" if one["type"] == "extra_forbidden" else one["msg"].removeprefix("Value error, ")
                key = ".".join([SECTION, *keys, *map(str, one["loc"])])
                self._faults.append(f"{self._path}: {key}: {plain}")
            return model()


def _section(home: Path, faults: list[str]) -> tuple[str, dict[str, Any]]:
    """Our section and the file that it stands in; faults of the files around it are noted."""
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
    return sections[0] if sections else ("config.yml", {})


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
