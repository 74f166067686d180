"""The red-team set is whole, and a policy's figures on it are what its rows say."""

from __future__ import annotations

from collections import Counter

import pytest

from deskhand_guardrails import Rails
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.normalise import folded
from deskhand_guardrails.redteam import families, figures, load, screen


def test_the_set_is_whole_and_balanced() -> None:
    probes = load()
    counts = Counter(probe.kind for probe in probes)
    assert counts == {"attack": 373, "look_alike": 373}
    assert len(families()) == 15
    by_family = Counter((probe.family, probe.kind) for probe in probes)
    assert min(by_family.values()) >= 24
    assert all(by_family[name, "attack"] == by_family[name, "look_alike"] for name in families())
    foreign = Counter(probe.kind for probe in probes if probe.language != "en")
    assert min(foreign.values()) >= 35


def test_no_two_probes_say_the_same() -> None:
    probes = load()
    assert len({probe.id for probe in probes}) == len(probes)
    texts = ["\n".join(probe.attacker_texts) for probe in probes]
    assert len({folded(text).lower() for text in texts}) == len(texts)
    assert all(text.strip() for text in texts)


def test_an_attack_in_a_document_leaves_the_question_honest() -> None:
    planted = [probe for probe in load() if probe.direction == "retrieved"]
    assert len(planted) >= 60
    assert all(probe.documents for probe in planted)


def test_an_unknown_family_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="role_play"):
        load(["roleplay"])


def test_rails_catch_attacks_and_let_honest_messages_pass(rails: Rails) -> None:
    rows = screen(rails, load(["role_play", "prompt_extraction", "policy_override"], limit=8))
    assert len(rows) == 48
    total = figures(rows)["total"]
    assert total["caught"]["count"] == total["false_alarms"]["count"] == 24
    assert total["caught"]["share"] > 0.6
    assert total["false_alarms"]["share"] < 0.2
    assert total["caught"]["low"] < total["caught"]["share"] < total["caught"]["high"]
