"""The public face: names, import time, and what an import must not bring along."""

from __future__ import annotations

import subprocess
import sys

import pytest

import langchain_deskhand


def test_the_list_of_names_is_sorted_and_every_name_is_there() -> None:
    assert langchain_deskhand.__all__ == sorted(langchain_deskhand.__all__) == dir(langchain_deskhand)
    for name in langchain_deskhand.__all__:
        assert getattr(langchain_deskhand, name).__name__ == name


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'ChatGPT'"):
        _ = langchain_deskhand.ChatGPT


PROBE = """
import sys, time
before = time.process_time()
{statement}
print(time.process_time() - before)
print(",".join(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


@pytest.mark.parametrize(
    ("statement", "most_seconds"),
    [
        ("import langchain_deskhand", 0.3),
        ("from langchain_deskhand import ChatDeskhand, ChatLocal, DeskhandMiddleware, Knowledge", 6.0),
    ],
)
def test_importing_brings_neither_torch_nor_a_server(statement: str, most_seconds: float) -> None:
    program = PROBE.format(statement=statement)
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    seconds, modules = done.stdout.split("\n")[:2]
    heavy = {"torch", "transformers", "peft", "presidio_analyzer", "nemoguardrails", "fastapi", "slack_bolt"}
    assert heavy.isdisjoint(modules.split(","))
    assert float(seconds) < most_seconds


def test_without_langchain_all_but_the_middleware_is_there() -> None:
    program = """
import sys
sys.modules["langchain"] = sys.modules["langgraph"] = None
from langchain_deskhand import ChatDeskhand, ChatLocal, Knowledge
from langchain_deskhand.testing import ScriptedChatModel
try:
    from langchain_deskhand import DeskhandMiddleware
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "UnavailableError DeskhandMiddleware needs langchain: pip install 'deskhand[agents]'\n"
