"""The one door for detectors: what comes through it is part of every policy, and what does not fit stops the start."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml

from deskhand_guardrails import Context, Policy, Rails
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.registry import GROUP, OURS, registered

RIVALS = """
import re
from deskhand_guardrails import DetectorSettings, Finding
from deskhand_guardrails.detectors.settings import Action


class RivalSettings(DetectorSettings):
    shops: list[str] = ["Lampland"]
    retrieved: Action = "ignore"


class Rivals:
    name = "rivals"
    settings = RivalSettings
    message = "I can only speak about our own shop."

    def __init__(self, shops, threshold):
        self._shops = re.compile("|".join(map(re.escape, shops)))
        self.threshold = threshold

    @classmethod
    def build(cls, setup):
        assert setup.policy.settings.version == 1
        return cls(setup.settings.shops, setup.threshold)

    def detect(self, text, context):
        return [Finding(self.name, "SHOP", 0.7, *match.span()) for match in self._shops.finditer(text)]

    def score(self, text, context):
        return 0.7 if self._shops.search(text) else 0.1


class Unnamed(Rivals):
    name = ""


class Unsettled(Rivals):
    name = "unsettled"
    settings = dict


class Blind:
    name = "blind"
    settings = RivalSettings
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Puts a distribution with ``[deskhand.detectors]`` entry points on the path, as ``pip`` would leave it."""
    modules: list[str] = []

    def make(distribution: str, entries: dict[str, str], code: str = RIVALS) -> None:
        module = f"{distribution.replace('-', '_')}_module"
        (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
        info = tmp_path / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = [f"{name} = {module}:{attribute}" for name, attribute in entries.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
        modules.append(module)

    sys.path.insert(0, str(tmp_path))
    yield make
    sys.path.remove(str(tmp_path))
    for module in modules:
        sys.modules.pop(module, None)


def _policy(folder: Path, detectors: dict[str, object]) -> Policy:
    folder.mkdir(exist_ok=True)
    section = {"rails": {"config": {"deskhand": {"detectors": detectors}}}}
    (folder / "config.yml").write_text(yaml.safe_dump(section))
    return Policy.load(folder)


def test_every_detector_of_ours_comes_through_the_door() -> None:
    types = registered()
    assert [name for name, _ in OURS] == list(types)
    policy = Policy.load()
    assert list(policy.detectors) == list(types)
    for name, one in types.items():
        assert one.name == name
        assert type(policy.detectors[name]) is one.settings


def test_a_users_detector_is_part_of_policy_checks_and_scores(install: Install, tmp_path: Path) -> None:
    install("shop-rivals", {"rivals": "Rivals"})
    rails = Rails(Policy.load())
    assert rails.check_output("Try Lampland.").decision == "block"
    assert rails.check_output("Try us.").decision == "allow"
    assert rails.check_retrieved("Lampland is cheaper.").decision == "allow"  # its own default
    assert rails.scores("Try us.", "output")["rivals"] == 0.1

    chosen = {"shops": ["Shadeco"], "input": "mask", "threshold": {"input": 0.5, "output": 0.9}}
    rails = Rails(_policy(tmp_path / "policy", {"rivals": chosen}))
    assert rails.check_input("Is Shadeco cheaper?", Context()).text == "Is <SHOP_1> cheaper?"
    assert rails.check_output("Shadeco is cheaper.").decision == "allow"  # scores 0.7, below 0.9
    with pytest.raises(ConfigError, match=r"detectors\.rivals\.shop: unknown key"):
        _policy(tmp_path / "policy", {"rivals": {"shop": "Lampland"}})
    with pytest.raises(ConfigError, match=r"detectors\.rivals\.threshold"):
        _policy(tmp_path / "policy", {"rivals": {"threshold": {"input": 1.5}}})


def test_a_detector_that_is_not_installed_is_missed_by_name(tmp_path: Path) -> None:
    known = ", ".join(sorted(name for name, _ in OURS))
    with pytest.raises(ConfigError, match=f"no detector rivals; known are {known}"):
        _policy(tmp_path, {"rivals": {"input": "block"}})


def test_names_are_refused_when_taken_and_the_holder_is_named(install: Install) -> None:
    install("shop-rivals", {"rivals": "Rivals", "secrets": "Rivals"})
    install("other-rivals", {"rivals": "Rivals"})
    with pytest.raises(ConfigError) as caught:
        Policy.load()
    message = str(caught.value)
    assert "detector secrets of shop-rivals" in message
    assert "taken by deskhand (deskhand_guardrails.detectors.secrets:Secrets)" in message
    assert "detector rivals of shop-rivals" in message
    assert "taken by other-rivals (other_rivals_module:Rivals)" in message


@pytest.mark.parametrize(
    ("name", "attribute", "says"),
    [
        ("rivals", "Nothing", "AttributeError"),
        ("rivals", "Unnamed", "its name is ''"),
        ("unsettled", "Unsettled", "not a subclass of DetectorSettings"),
        ("blind", "Blind", "no build"),
    ],
)
def test_what_is_no_detector_stops_the_start(install: Install, name: str, attribute: str, says: str) -> None:
    install("shop-rivals", {name: attribute})
    with pytest.raises(ConfigError, match=f"detector {name} of shop-rivals.*{says}.*repair or uninstall it"):
        Policy.load()


def test_a_package_that_cannot_be_imported_stops_the_start(install: Install) -> None:
    install("shop-rivals", {"rivals": "Rivals"}, code="import nothing_of_that_name")
    with pytest.raises(ConfigError, match=r"shop-rivals.*ModuleNotFoundError: No module named"):
        Policy.load()


def test_entry_points_can_be_given() -> None:
    ours = registered([])
    assert list(ours) == [name for name, _ in OURS]
    with pytest.raises(ConfigError, match="taken by deskhand"):
        registered([EntryPoint("secrets", "anything:at_all", GROUP)])
