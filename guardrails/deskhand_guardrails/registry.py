"""Which detectors there are: ours and yours through the same door, the entry point group ``deskhand.detectors``.

An entry point leads to a class (or any object) of this shape, whose name is the entry point's::

    class Rivals:
        name = "rivals"
        settings = RivalSettings            # a DetectorSettings: its keys, defaults and action in each direction

        @classmethod
        def build(cls, setup: Setup[RivalSettings]) -> Rivals: ...    # once for each direction that it checks

        def detect(self, text: str, context: Context) -> Sequence[Finding]: ...

Three attributes are optional: a method ``score(text, context) -> float`` (0 to 1, flagged or not, for ``deskhand check
--scores``); ``message``, what the customer reads when this detector holds a text back and the policy names nothing; and
``reach``, how many characters before a place a finding there may depend on: a streamed answer's new sentences are then
read with so much before them, and all of it once at the end. Without it the answer so far is read at every sentence.

A registered detector is part of every policy: its settings stand under ``detectors.NAME``, and with none it runs with
its defaults. To add one to Deskhand itself, write its file in ``detectors/`` and add a line to ``OURS``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from deskhand_guardrails.detectors.settings import DetectorSettings
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.verdicts import Detector, Direction

if TYPE_CHECKING:
    from deskhand_guardrails.encoder import Encoder
    from deskhand_guardrails.policy import Policy

GROUP = "deskhand.detectors"

S_co = TypeVar("S_co", bound=DetectorSettings, covariant=True)

_HOME = "deskhand_guardrails.detectors"

# In this order they run, and of two findings with the same consequence the first's message reaches the customer.
OURS: tuple[tuple[str, str], ...] = (
    ("personal_data", f"{_HOME}.personal_data:PersonalData"),
    ("secrets", f"{_HOME}.secrets:Secrets"),
    ("injection", f"{_HOME}.injection:Injection"),
    ("harm", f"{_HOME}.harm:Harm"),
    ("toxicity", f"{_HOME}.toxicity:Toxicity"),
    ("topic", f"{_HOME}.topic:Topic"),
    ("leakage", f"{_HOME}.leakage:Leakage"),
    ("commitments", f"{_HOME}.commitments:Commitments"),
    ("grounding", f"{_HOME}.grounding:Grounding"),
    ("placeholders", f"{_HOME}.placeholders:Placeholders"),
    ("breakdown", f"{_HOME}.breakdown:Breakdown"),
)


@dataclass(frozen=True, slots=True)
class Setup(Generic[S_co]):
    """What a detector is built from."""

    settings: S_co
    """Its own settings."""
    direction: Direction
    """The direction that this instance will check."""
    policy: Policy
    """Everything else that is allowed: ``policy.settings.allow``, ``policy.messages``, ``policy.folder``."""

    @property
    def threshold(self) -> float | None:
        """The score that the policy sets for this direction; None when the detector's own holds."""
        return self.settings.threshold_for(self.direction)

    @property
    def encoder(self) -> Encoder:
        """The shipped encoder, loaded once for all detectors."""
        from deskhand_guardrails.encoder import Encoder

        return Encoder.shipped()


class DetectorType(Protocol):
    """What is registered."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> type[DetectorSettings]: ...

    def build(self, setup: Setup[Any]) -> Detector:
        """The detector for one direction. Models are loaded here, never for a text.

        Raises:
            DeskhandError: the settings do not fit, or a model is missing.
        """


def registered(others: Iterable[EntryPoint] | None = None) -> dict[str, DetectorType]:
    """Every detector by name: ours in their order, then those of installed packages by name.

    Args:
        others: what to register beside ours; the installed packages' entry points when None.

    Raises:
        ConfigError: one line with every name that is taken twice, or leads to nothing that is a detector.
    """
    ours = [EntryPoint(name, value, GROUP) for name, value in OURS]
    found = entry_points(group=GROUP) if others is None else others
    types: dict[str, DetectorType] = {}
    holders: dict[str, str] = {}
    faults: list[str] = []
    for entry in (*ours, *sorted(found, key=lambda one: (one.name, one.value))):
        holder = f"{_distribution(entry)} ({entry.value})"
        if entry.name in types:
            faults.append(f"detector {entry.name} of {holder}: the name is taken by {holders[entry.name]}")
            continue
        try:
            types[entry.name] = _loaded(entry)
        except Exception as error:  # noqa: BLE001 - somebody else's code: whatever it raises, the rails must not start
            faults.append(f"detector {entry.name} of {holder}: {type(error).__name__}: {error}; repair or uninstall it")
        holders[entry.name] = holder
    if faults:
        raise ConfigError("; ".join(" ".join(fault.split()) for fault in faults))
    return types


def unknown(name: str, known: Mapping[str, object]) -> str:
    """What to say of a name that nothing is registered under."""
    return f"no detector {name}; known are {', '.join(sorted(known))}"


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "deskhand"


def _loaded(entry: EntryPoint) -> DetectorType:
    loaded: Any = entry.load()
    name, settings = getattr(loaded, "name", None), getattr(loaded, "settings", None)
    if name != entry.name or name == "custom":  # a policy's ``detectors.custom`` holds detectors handed to ``Rails``
        raise TypeError(f"its name is {name!r}, which is not the entry point's, or reserved")
    if not (isinstance(settings, type) and issubclass(settings, DetectorSettings)):
        raise TypeError("settings is not a subclass of DetectorSettings")
    if not callable(getattr(loaded, "build", None)) or not callable(getattr(loaded, "detect", None)):
        raise TypeError("it has no build(setup) or no detect(text, context)")
    detector_type: DetectorType = loaded
    return detector_type
