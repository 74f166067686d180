"""The face of the command line: help, versions, wrong usage, and what must not be loaded for them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from deskhand.cli import COMMANDS, cli

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(deskhand: Run, name: str) -> None:
    result = deskhand(name, "--help")
    assert result.returncode == 0
    assert "Example:" in result.stdout


def test_the_help_lists_every_command_with_what_it_does(deskhand: Run) -> None:
    result = deskhand("--help")
    for name in COMMANDS:
        assert f"\n  {name}" in result.stdout


def test_a_commands_own_help_agrees_with_the_list() -> None:
    context = cli.make_context("deskhand", [], resilient_parsing=True)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name


HEAVY = (
    "torch",
    "transformers",
    "trl",
    "nemoguardrails",
    "presidio_analyzer",
    "fastapi",
    "slack_bolt",
    "onnxruntime",
    "rich",
)


@pytest.mark.parametrize(
    "code",
    [
        "import deskhand.cli; deskhand.cli.cli.main(['--help'], standalone_mode=False)",
        "import langchain_deskhand, deskhand_finetune, deskhand_guardrails, deskhand",
    ],
)
def test_help_and_imports_load_nothing_heavy(code: str) -> None:
    script = f"{code}\nimport sys; print('loaded', [name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-Ic", script], capture_output=True, text=True, check=True)
    assert result.stdout.rstrip().endswith("loaded []")


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["prepare"], ["train", "x"], ["check", "--direction", "sideways"], ["demo", "--port", "x"]],
)
def test_wrong_usage_ends_with_2(deskhand: Run, arguments: list[str]) -> None:
    result = deskhand(*arguments)
    assert result.returncode == 2
    assert result.stderr.strip()
    assert not result.stdout
