"""A clean environment for every test: no settings of the developer's, no hub, no telemetry."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before any test imports transformers, which reads it once
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as many workers as cores: more threads would wait for each other


@pytest.fixture(autouse=True)
def clean_environment() -> Iterator[None]:
    """Takes every DESKHAND_* variable away and puts the environment back afterwards."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith("DESKHAND_") and name != "DESKHAND_SCREENSHOTS":
            del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)
