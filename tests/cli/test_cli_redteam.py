"""``deskhand redteam`` as its user runs it."""

from __future__ import annotations

import json
import subprocess
import sys


def redteam(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-Im", "deskhand", "redteam", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_table_for_people_and_figures_for_programs() -> None:
    shown = redteam("--family", "role_play", "--limit", "3")
    assert shown.returncode == 0, shown.stderr
    assert [line.split()[0] for line in shown.stdout.splitlines()] == ["family", "role_play", "total"]
    found = json.loads(redteam("--family", "role_play", "--limit", "3", "--json").stdout)
    assert found["families"]["role_play"] == found["total"]
    assert found["total"]["caught"]["count"] == 3


def test_a_gate_that_does_not_hold_fails_and_a_wrong_family_is_usage() -> None:
    failed = redteam("--family", "refund_abuse", "--limit", "3", "--min-caught", "1")
    assert (failed.returncode, failed.stderr.startswith("error: attacks caught")) == (1, True)
    wrong = redteam("--family", "roleplay")
    assert wrong.returncode == 2
    assert "known are" in wrong.stderr
