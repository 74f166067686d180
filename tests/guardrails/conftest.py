"""The shipped rails, loaded once: making them takes a second, and no check changes them."""

from __future__ import annotations

import pytest

from deskhand_guardrails import Policy, Rails


@pytest.fixture(scope="session")
def rails() -> Rails:
    made = Rails(Policy.load())
    made.warm()
    return made
