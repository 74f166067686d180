"""``deskhand policy``: copied out, edited, checked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_from_a_copy_to_what_it_runs(deskhand: Run, tmp_path: Path) -> None:
    assert deskhand("policy", "init", "mine", "--preset", "strict").returncode == 0
    shown = deskhand("policy", "check", "mine")
    assert shown.returncode == 0, shown.stderr
    assert "preset strict" in shown.stdout
    assert "input: deskhand check input" in shown.stdout
    assert not shown.stderr
    result = deskhand("policy", "check", "mine", "--json")
    found = json.loads(result.stdout)
    assert (found["ok"], found["preset"], found["faults"]) == (True, "strict", [])
    assert {"detector": "grounding", "action": "block", "action_origin": "preset"}.items() <= next(
        row for row in found["directions"]["output"]["detectors"] if row["detector"] == "grounding"
    ).items()

    config = tmp_path / "mine" / "config.yml"
    config.write_text(config.read_text().replace("preset: strict", "preset: strict\n      surprise: 1"))
    faulty = deskhand("policy", "check", "mine", "--json")
    assert faulty.returncode == 1
    assert json.loads(faulty.stdout)["faults"] == ["config.yml: rails.config.deskhand.surprise: unknown key"]
    assert "surprise: unknown key" in faulty.stderr


def test_topics_need_enough_messages_and_a_policy_says_what_is_off(deskhand: Run, tmp_path: Path) -> None:
    assert deskhand("policy", "init", "mine").returncode == 0
    shown = deskhand("policy", "check", "mine")
    assert "off: topic has no model; learn one with: deskhand policy topics DATASET --policy DIR" in shown.stdout
    (tmp_path / "dataset").mkdir()
    messages = [{"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "On its way."}]
    (tmp_path / "dataset" / "train.jsonl").write_text(json.dumps({"messages": messages}) + "\n")
    for arguments, says in (
        (("dataset", "--policy", "mine"), "topics need 100 of each"),
        (("nowhere", "--policy", "mine"), "nowhere: no such dataset"),
        (("dataset", "--policy", "nothing"), "no such folder"),
    ):
        result = deskhand("policy", "topics", *arguments)
        assert result.returncode in (1, 2)
        assert says in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "mine" / "topics.json").exists()


def test_what_cannot_be_copied_or_checked_is_one_line(deskhand: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    for arguments, code in ((("init", "mine"), 1), (("check", "nowhere"), 2)):
        result = deskhand("policy", *arguments)
        assert result.returncode == code
        assert result.stderr.startswith("error: ")
        assert len(result.stderr.splitlines()) == 1
