"""Reliability and risk-coverage, by hand."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from deskhand_finetune.evaluate.curves import drawn, figures


def test_curves_by_hand() -> None:
    held = figures([0.95, 0.95, 0.05, 0.35], [True, False, False, True])
    assert held["reliability"] == [[0.05, 0.0, 1], [0.35, 1.0, 1], [0.95, 0.5, 2]]
    assert held["ece"] == pytest.approx((0.05 + 0.65 + 2 * 0.45) / 4)
    assert held["risk_coverage"] == [[0.25, 0.0], [0.5, 0.5], [0.75, 0.3333], [1.0, 0.5]]
    assert held["aurc"] == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4, abs=1e-4)
    assert held["aurc_chance"] == 0.5


def test_who_knows_which_answers_are_wrong_risks_little() -> None:
    right = [place % 4 > 0 for place in range(200)]
    knows, guesses = figures([0.9 if one else 0.1 for one in right], right), figures([0.75] * 200, right)
    assert knows["aurc"] < 0.1 < guesses["aurc"]
    assert guesses["ece"] == 0


def test_the_drawing_is_xml_and_stays_inside() -> None:
    page = ElementTree.fromstring(drawn(figures([0.0, 1.0, 0.5], [False, True, True])))
    circles = [(float(one.get("cx", "")), float(one.get("cy", ""))) for one in page.iter("circle")]
    assert len(circles) == 3
    assert all(0 <= x <= 332 and 0 <= y <= 332 for x, y in circles)
