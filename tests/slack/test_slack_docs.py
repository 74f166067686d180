"""What docs/slack.md promises is what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import deskhand.slack
import deskhand.slack.testing
from deskhand.desk import Desk
from deskhand.settings import Settings
from deskhand.slack import history, run, text

PAGE = (Path(__file__).parents[2] / "docs" / "slack.md").read_text(encoding="utf-8")


def test_the_variables_are_settings() -> None:
    named = set(re.findall(r"DESKHAND_([A-Z_]+)", PAGE))
    assert named == {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"}
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_the_numbers_are_the_codes() -> None:
    assert f"the newest {history.TURNS} messages" in PAGE
    assert f"After {history.SECONDS:.0f} seconds" in PAGE
    assert f"{text.LIMIT:,} characters" in PAGE
    assert f"POST {run.PATH}" in PAGE


def test_the_names_exist() -> None:
    for name in ("create_slack_app", "slack_routes", "manifest_text"):
        assert name in PAGE
        assert name in deskhand.slack.__all__
    for name in ("FakeSlack", "Bench"):
        assert name in PAGE
        assert name in deskhand.slack.testing.__all__


async def test_the_example_runs(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    [example] = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "FakeSlack" in block]
    body = "\n".join(f"    {line}" for line in example.splitlines())
    names: dict[str, Any] = {
        "Bench": deskhand.slack.testing.Bench,
        "FakeSlack": deskhand.slack.testing.FakeSlack,
        "Settings": Settings,
        "create_slack_app": deskhand.slack.create_slack_app,
        "desk": desk,
    }
    exec(f"async def example():\n{body}\n", names)
    await names["example"]()
    assert "Your parcel left our warehouse" in capsys.readouterr().out
