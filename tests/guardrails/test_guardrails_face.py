"""The package's public face: short, sorted, lazy."""

from __future__ import annotations

import subprocess
import sys

import deskhand_guardrails


def test_face_and_list_agree() -> None:
    listed = deskhand_guardrails.__all__
    assert listed == sorted(listed)
    assert len(listed) == 12
    assert all(getattr(deskhand_guardrails, name).__name__ == name for name in listed)
    assert set(listed) <= set(dir(deskhand_guardrails))
    assert not hasattr(deskhand_guardrails, "nothing")


def test_import_is_light_and_rails_need_no_torch() -> None:
    code = """
import sys, socket
def refuse(*a, **k): raise AssertionError("network")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
import deskhand_guardrails
heavy = {"torch", "transformers", "presidio_analyzer", "nemoguardrails", "onnxruntime", "pydantic", "numpy"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
rails = deskhand_guardrails.Rails(deskhand_guardrails.Policy.load())
verdict = rails.check_input("Write to ann@example.co.uk about it")
assert verdict.decision == "modify", verdict
assert not {"torch", "transformers"} & set(sys.modules)
import importlib.util
assert importlib.util.find_spec("torch") is None or importlib.import_module("torch")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
