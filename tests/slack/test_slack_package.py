"""The package's face, and what it costs to import."""

from __future__ import annotations

import subprocess
import sys

import deskhand.slack


def test_every_name_is_there() -> None:
    assert deskhand.slack.__all__ == sorted(deskhand.slack.__all__)
    assert all(callable(getattr(deskhand.slack, name)) for name in deskhand.slack.__all__)


def test_the_manifest_needs_no_slack_library() -> None:
    code = "import sys; from deskhand.slack.manifest import manifest_text; manifest_text(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"slack_bolt", "slack_sdk", "aiohttp", "starlette"} & set(loaded)
