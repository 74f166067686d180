"""What is allowed: a NeMo Guardrails config folder, and our typed settings under its ``rails.config.deskhand`` key.

A policy is read and checked once and then trusted: unknown keys are faults, and all faults are reported together. The
folder of the shipped policy is ``default_policy``; ``deskhand policy init`` copies it. An existing NeMo folder works as
it is: where it does not name our flows they run first in each direction, and where it has no settings ours are the
defaults. Each value is the folder's, else the preset's (``preset: strict``), else the detector's own default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from deskhand_guardrails.detectors.settings import Action, DetectorSettings, Share, Strict, Text
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.policy_files import SECTION, digest, section
from deskhand_guardrails.presets import PRESETS, Origin, PresetName, origins, over, preset
from deskhand_guardrails.prompt import HAND_OVER
from deskhand_guardrails.registry import DetectorType, registered, unknown
from deskhand_guardrails.verdicts import Direction

M = TypeVar("M", bound=BaseModel)

DEFAULT_FOLDER = Path(__file__).parent / "default_policy"

FLOWS: dict[Direction, tuple[str, str]] = {
    "input": ("input", "deskhand check input"),
    "retrieved": ("retrieval", "deskhand check retrieved"),
    "output": ("output", "deskhand check output"),
}
"""For each direction: NeMo's name of it, and the flow that runs our checks."""


class Messages(Strict):
    """What the customer reads in place of a model's answer."""

    refusal: Text = "I am sorry, I cannot help with that."
    hand_over: Text = HAND_OVER
    checking: Text = "One moment, please: a colleague is checking the answer."
    greeting: Text | None = "Hello! How can I help you?"
    """To a message that only greets, where answers come from sources; null lets the model answer."""
    thanks: Text | None = "You are welcome. If there is anything else, just ask."
    """To one that only thanks, agrees or says goodbye."""
    detectors: dict[str, Text] = Field(default_factory=dict)
    """Instead of these, for what one detector (``NAME``) or one of its labels (``NAME.LABEL``) found."""


class Allow(Strict):
    """The company's own contact data, which is never masked."""

    domains: list[Text] = Field(default_factory=list)
    emails: list[Text] = Field(default_factory=list)
    phones: list[Text] = Field(default_factory=list)


class TrainingData(Strict):
    """What ``deskhand prepare`` makes of personal data."""

    substitutes: bool = False
    """Realistic values in place of placeholders."""
    residual_limit: Share = 0.01
    """In which share of the messages a second look may still see something; above it no dataset is written."""
    most_copies: Annotated[int, Field(ge=1)] = 12
    """So many uses of one canned reply are learnt: enough to see it asked for in different words, too few to drown
    other answers."""
    ignore: list[Text] = Field(default_factory=list)
    """Words that the second look takes for personal data and that are none: products, places."""


class Settings(Strict):
    """The ``rails.config.deskhand`` section, but for its detectors."""

    version: Literal[1] = 1
    preset: PresetName = "balanced"
    minimum_similarity: Share = 0.35
    on_error: Literal["review", "block"] = "block"
    """What follows when a check fails: never less."""
    timeout_ms: Annotated[int, Field(gt=0)] = 60_000
    """Longer than this for all rails of one text, and the check has failed: models asked by NeMo's rails included."""
    release_characters: Annotated[int, Field(gt=0)] | None = None
    """A streamed answer leaves in pieces of about so many characters; sentence by sentence when None."""
    system_messages: Literal["trusted", "input"] = "trusted"
    """Whether the system messages of a conversation are the developer's, or checked as a customer's."""
    attachments: Action = "mask"
    """What follows for a picture or file, which no rail can read; ``mask`` puts a mark such as [image] in its place."""
    messages: Messages = Messages()
    allow: Allow = Allow()
    training_data: TrainingData = TrainingData()


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
    """Over the folder's files and what they amount to: which policy a turn was decided under."""
    faults: tuple[str, ...] = ()
    """What is wrong with the folder; where something is, a default stands in. ``load`` raises it."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Where keys come from (``detectors.injection.input``); those that are not named are defaults."""

    @classmethod
    def load(cls, folder: Path | None = None) -> Policy:
        """Reads the policy in ``folder``, the shipped one when None.

        Raises:
            ConfigError: one line with every fault and its key, or with every detector that cannot be registered.
        """
        policy = cls.read(folder)
        if policy.faults:
            raise ConfigError(f"policy {policy.folder}: " + "; ".join(policy.faults))
        return policy

    @classmethod
    def read(cls, folder: Path | None = None) -> Policy:
        """As ``load``, but faults of the folder's files are kept in ``faults``: to look at, never to decide by.

        Raises:
            ConfigError: there is no such folder, or a detector cannot be registered.
        """
        home = (folder or DEFAULT_FOLDER).resolve()
        if not home.is_dir():
            raise ConfigError(f"policy {folder}: no such folder; make one with `deskhand policy init {folder}`")
        types = registered()
        faults: list[str] = []
        path, found = section(home, faults)
        said = _without_empty(found)
        layer = preset(said["preset"]).settings if said.get("preset") in PRESETS else {}
        reader = _Reader(path, faults)
        values = over(layer, said)
        listed = reader.mapping("detectors", values.pop("detectors", {}))
        custom = reader.mapping("detectors.custom", listed.pop("custom", {}))
        settings = reader.read(Settings, values)
        detectors = {
            name: reader.read(one.settings, listed.pop(name, {}), "detectors", name) for name, one in types.items()
        }
        own = {name: reader.read(DetectorSettings, one, "detectors", "custom", name) for name, one in custom.items()}
        reader.refuse_unknown("detectors", listed, types)
        reader.refuse_unknown("messages.detectors", _inner(values, "messages", "detectors"), {**types, **own})
        settled = "".join(one.model_dump_json() for one in (settings, *detectors.values(), *own.values()))
        return cls(
            home,
            settings,
            types,
            detectors,
            own,
            digest(home, settled),
            tuple(faults),
            origins({"preset": layer, "file": said}),
        )

    @property
    def minimum_similarity(self) -> float:
        """Similarity of the best source below which the assistant hands over."""
        return self.settings.minimum_similarity

    @property
    def messages(self) -> Messages:
        """What the customer reads in place of a model's answer."""
        return self.settings.messages


class _Reader:
    """Reads parts of the section into models; what does not fit is noted and the defaults taken, to go on reading."""

    def __init__(self, path: str, faults: list[str]) -> None:
        self._path = path
        self._faults = faults

    def mapping(self, key: str, value: object) -> dict[str, Any]:
        """``value`` where a mapping is due."""
        if isinstance(value, dict):
            return dict(value)
        self._faults.append(f"{self._path}: {SECTION}.{key}: must be a mapping")
        return {}

    def read(self, model: type[M], value: object, *keys: str) -> M:
        """``value`` as a ``model``."""
        try:
            return model.model_validate(value)
        except ValidationError as error:
            for one in error.errors(include_input=False, include_url=False):
                plain = "unknown key" if one["type"] == "extra_forbidden" else one["msg"].removeprefix("Value error, ")
                key = ".".join([SECTION, *keys, *map(str, one["loc"])])
                self._faults.append(f"{self._path}: {key}: {plain}")
            return model()

    def refuse_unknown(self, key: str, names: Iterable[str], known: Mapping[str, object]) -> None:
        """Notes each of ``names`` that is no detector; ``NAME.LABEL`` stands for ``NAME``."""
        for name in map(str, names):
            if (bare := name.partition(".")[0]) not in known:
                self._faults.append(f"{self._path}: {SECTION}.{key}.{name}: {unknown(bare, known)}")


def _inner(values: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The mapping below ``keys``; empty where there is none."""
    found: Any = values
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _without_empty(said: Mapping[str, Any]) -> dict[str, Any]:
    """The section without keys that say nothing: one whose lines are all comments is null to YAML."""
    kept = {key: value for key, value in said.items() if value is not None}
    if isinstance(kept.get("detectors"), dict):
        kept["detectors"] = {key: value for key, value in kept["detectors"].items() if value is not None}
    return kept
