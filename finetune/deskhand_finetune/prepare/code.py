"""Which code prepares: what decides how a ticket comes out, as one fingerprint."""

from __future__ import annotations

import functools
from importlib.metadata import version
from pathlib import Path

import deskhand_guardrails
from deskhand_finetune.disk import fingerprint

BESIDE = "agreement distance encoder guard normalise prompt pseudonyms ranking redaction sentences training_text"
"""The modules of the guardrails, beside detectors and models, that have a part in it."""


@functools.cache
def code_fingerprint() -> str:
    """Over the files that decide it: a better detector must not be answered with yesterday's dataset, nor must a
    cluster's node clean with another one."""
    own = Path(__file__).parents[1]
    guards = Path(deskhand_guardrails.__file__).parent
    folders = (own / "prepare", own / "tickets", guards / "detectors", guards / "models")
    held = [
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.suffix in (".py", ".onnx", ".json", ".npz", ".txt")
    ]
    files = sorted([*held, *(guards / f"{name}.py" for name in BESIDE.split())], key=lambda file: file.parts[-2:])
    return fingerprint(version("deskhand"), files=files)
