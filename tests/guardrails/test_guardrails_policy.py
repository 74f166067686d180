from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from deskhand_guardrails import Policy
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.policy import DEFAULT_FOLDER


def _copy(folder: Path, **settings: object) -> Path:
    shutil.copytree(DEFAULT_FOLDER, folder, dirs_exist_ok=True)
    path = folder / "config.yml"
    content = yaml.safe_load(path.read_text())
    content["rails"]["config"]["deskhand"].update(settings)
    path.write_text(yaml.safe_dump(content))
    return folder


def test_shipped_policy_loads() -> None:
    policy = Policy.load()
    assert policy.minimum_similarity == 0.35
    assert "hand you over" in policy.messages.hand_over
    assert policy.detectors["secrets"].action("output") == "block"
    assert len(policy.digest) == 16
    assert policy == Policy.load(DEFAULT_FOLDER)


def test_digest_tells_policies_apart(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    before = Policy.load(folder).digest
    (folder / "rails" / "messages.co").write_text('define bot refuse to respond\n  "No."\n')
    assert Policy.load(folder).digest != before


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    folder = _copy(
        tmp_path,
        minimum_similarity=1.5,
        surprise=1,
        messages={"refusal": ""},
        detectors={
            "personal_data": {"input": "hide", "entities": ["PERSON", "SHOE_SIZE"]},
            "toxicity_of_shoes": {},
            "grounding": {"input": "block"},
        },
    )
    with pytest.raises(ConfigError) as caught:
        Policy.load(folder)
    message = str(caught.value)
    assert "\n" not in message
    for key in (
        "rails.config.deskhand.minimum_similarity:",
        "rails.config.deskhand.surprise: unknown key",
        "rails.config.deskhand.messages.refusal:",
        "rails.config.deskhand.detectors.personal_data.input:",
        "rails.config.deskhand.detectors.personal_data.entities: unknown SHOE_SIZE",
        "rails.config.deskhand.detectors.toxicity_of_shoes: no detector toxicity_of_shoes; known are ",
        "rails.config.deskhand.detectors.grounding.input:",
    ):
        assert key in message, key


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("config.yml", "rails: [", "config.yml: not YAML"),
        ("config.yml", "- 1", "config.yml: must be a mapping"),
        ("more.yml", "rails: {config: {deskhand: {version: 1}}}", "keep it in one file"),
        ("more.yml", "rails: {config: {deskhand: 3}}", "must be a mapping"),
        ("more.yml", 'colang_version: "2.x"', "only 1.0"),
        ("more.yml", "enable_rails_exceptions: true", "enable_rails_exceptions"),
        ("more.yml", "rails: {output: {parallel: true}}", "rails.output.parallel"),
    ],
)
def test_faults_of_files(tmp_path: Path, file: str, text: str, says: str) -> None:
    folder = _copy(tmp_path)
    (folder / file).write_text(text)
    with pytest.raises(ConfigError, match=says):
        Policy.load(folder)


def test_missing_and_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        Policy.load(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"holds no config\.yml"):
        Policy.load(tmp_path)


def test_a_plain_nemo_folder_gets_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("models: []\n")
    assert Policy.load(tmp_path).detectors["injection"].action("input") == "block"
