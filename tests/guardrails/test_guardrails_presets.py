"""Presets, the copied policy, and the report that says what a folder amounts to."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deskhand_guardrails import Policy
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.policy_init import init
from deskhand_guardrails.policy_report import Report, Value, report
from deskhand_guardrails.presets import PRESETS, flat, over, preset


def _folder(folder: Path, section: dict[str, object], **more: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.yml").write_text(yaml.safe_dump({"rails": {"config": {"deskhand": section}}, **more}))
    return folder


def _values(found: Report) -> dict[str, Value]:
    return {one.key: one for one in found.settings}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_fit_the_detectors_there_are(tmp_path: Path, name: str) -> None:
    policy = Policy.load(_folder(tmp_path, {"preset": name}))
    values = policy.settings.model_dump() | {
        "detectors": {key: one.model_dump() for key, one in policy.detectors.items()}
    }
    settled = dict(flat(values))
    named = dict(flat(preset(policy.settings.preset).settings))
    assert named.items() <= settled.items()
    assert len(named) >= {"strict": 5, "balanced": 0, "lenient": 6}[name]
    assert preset(policy.settings.preset).about


def test_balanced_is_the_defaults_and_presets_differ(tmp_path: Path) -> None:
    digests = {name: Policy.load(_folder(tmp_path / name, {"preset": name})).digest for name in PRESETS}
    assert len(set(digests.values())) == 3
    assert Policy.load(_folder(tmp_path / "none", {})).detectors == Policy.load(tmp_path / "balanced").detectors


def test_what_the_file_says_wins_and_the_report_says_where_values_come_from(tmp_path: Path) -> None:
    section = {
        "preset": "strict",
        "minimum_similarity": 0.6,
        "detectors": {"injection": {"threshold": {"input": 0.2}, "output": "review"}, "grounding": None, "secrets": {}},
    }
    found = report(_folder(tmp_path, section))
    assert found.faults == ()
    assert found.preset == "strict"
    values = _values(found)
    for key, value, origin in (
        ("minimum_similarity", 0.6, "file"),
        ("preset", "strict", "file"),
        ("on_error", "block", "default"),
        ("detectors.injection.threshold.input", 0.2, "file"),
        ("detectors.injection.threshold.retrieved", 0.8, "preset"),
        ("detectors.injection.output", "review", "file"),
        ("detectors.injection.retrieved", "block", "default"),
        ("detectors.grounding.output", "block", "preset"),
        ("detectors.secrets.output", "block", "default"),
    ):
        assert values[key] == Value(key, value, origin)  # type: ignore[arg-type]
    assert found.directions["input"].rails == ("deskhand check input",)
    assert not found.directions["input"].by_nemo
    rows = {row.detector: row for row in found.directions["input"].detectors}
    assert list(rows) == ["personal_data", "secrets", "injection", "harm", "toxicity"]
    assert (rows["injection"].threshold, rows["injection"].threshold_origin) == (0.2, "file")
    assert (rows["secrets"].action, rows["secrets"].action_origin) == ("mask", "default")
    assert "injection" in {row.detector for row in found.directions["output"].detectors}


def test_one_score_for_all_directions_and_a_detectors_own(tmp_path: Path) -> None:
    found = report(_folder(tmp_path, {"detectors": {"injection": {"threshold": 0.5}}}))
    for direction in ("input", "retrieved"):
        (row,) = (one for one in found.directions[direction].detectors if one.detector == "injection")
        assert (row.threshold, row.threshold_origin) == (0.5, "file")
    (row,) = (one for one in report().directions["input"].detectors if one.detector == "injection")
    assert row.threshold is not None
    assert 0 < row.threshold < 1
    assert row.threshold_origin == "default"


def test_the_report_names_everything_wrong_at_once(tmp_path: Path) -> None:
    section = {
        "surprise": 1,
        "preset": "careless",
        "detectors": {"injection": {"threshold": 7}, "rivals": {}, "custom": {"mine": {"input": "review"}}},
        "messages": {"detectors": {"rivals": "x", "mine": "y", "secrets.PASSWORD": "z"}},
    }
    rails = {"config": {"deskhand": section}, "input": {"flows": ["no such rail"]}}
    (tmp_path / "config.yml").write_text(yaml.safe_dump({"rails": rails}))
    (tmp_path / "other.yml").write_text("rails: [")
    found = report(tmp_path)
    assert found.from_caller == ("mine",)
    for says in (
        "deskhand.surprise: unknown key",
        "deskhand.preset: ",
        "deskhand.detectors.injection.threshold.input: ",
        "deskhand.detectors.rivals: no detector rivals; known are ",
        "deskhand.messages.detectors.rivals: no detector rivals",
        "other.yml: not YAML (line 1)",
        "NeMo Guardrails refuses it",
    ):
        assert any(says in fault for fault in found.faults), says
    assert not any("mine" in fault.partition(";")[0] for fault in found.faults)


def test_a_rail_that_cannot_run_is_in_the_report_beside_what_can(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(yaml.safe_dump({"rails": {"output": {"flows": ["mine"]}}}))
    (tmp_path / "mine.co").write_text("define subflow mine\n  $x = execute nobody_knows(text=$bot_message)\n")
    found = report(tmp_path)
    assert found.faults == ("flow mine: action nobody_knows: not found; define it in actions.py",)
    assert [row.detector for row in found.directions["output"].detectors]
    (tmp_path / "mine.co").write_text('define subflow mine\n  if "x" in $bot_message\n    stop\n')
    directions = report(tmp_path).directions
    assert directions["output"].rails == ("deskhand check output", "mine")
    assert [name for name, stage in directions.items() if stage.by_nemo] == ["output"]


@pytest.mark.parametrize("name", PRESETS)
def test_a_copied_policy_means_the_same_and_shows_every_key(tmp_path: Path, name: str) -> None:
    init(tmp_path / "mine", name)  # type: ignore[arg-type]
    policy = Policy.load(tmp_path / "mine")
    assert policy.settings.preset == name
    text = (tmp_path / "mine" / "config.yml").read_text()
    start = text.index("\n      detectors:\n")
    uncommented = text[:start] + text[start:].replace("        # ", "        ").replace("        #\n", "\n")
    prose = {one.__doc__.splitlines()[0] for one in policy.types.values() if one.__doc__}
    (tmp_path / "mine" / "config.yml").write_text(
        "\n".join(line for line in uncommented.splitlines() if line.strip() not in prose)
    )
    spelt_out = Policy.load(tmp_path / "mine")
    assert (spelt_out.settings, spelt_out.detectors) == (policy.settings, policy.detectors)
    written = {key for key, origin in spelt_out.origins.items() if key.startswith("detectors.") and origin == "file"}
    assert {f"detectors.{detector}.input" for detector in policy.types} <= written


def test_a_folder_that_holds_something_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="not an empty folder"):
        init(tmp_path)
    with pytest.raises(InputError, match="not an empty folder"):
        init(tmp_path / "thesis.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_layers() -> None:
    below = {"a": 1, "b": {"c": 2, "d": [3]}, "e": {"f": 4}}
    above = {"b": {"d": [5]}, "e": 6, "g": {"h": 7}}
    assert over(below, above) == {"a": 1, "b": {"c": 2, "d": [5]}, "e": 6, "g": {"h": 7}}
    assert below == {"a": 1, "b": {"c": 2, "d": [3]}, "e": {"f": 4}}
