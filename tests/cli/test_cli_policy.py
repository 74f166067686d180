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


def test_what_cannot_be_copied_or_checked_is_one_line(deskhand: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    for arguments, code in ((("init", "mine"), 1), (("check", "nowhere"), 2)):
        result = deskhand("policy", *arguments)
        assert result.returncode == code
        assert result.stderr.startswith("error: ")
        assert len(result.stderr.splitlines()) == 1
