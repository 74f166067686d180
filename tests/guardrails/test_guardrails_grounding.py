from __future__ import annotations

import pytest

from deskhand_guardrails import Context, Source
from deskhand_guardrails.detectors.grounding import Grounding

CONTEXT = Context(
    question="I paid 49.90 for it on 3/5/2024",
    sources=[
        Source(
            "Returns",
            "Send it back within thirty days. Fee: €2.50. See https://shop.example/returns, care@shop.example",
        ),
        Source("Delivery", "Takes 3-5 working days. Free from 1.000,00 EUR. Open 9:00-17:30."),
    ],
    conversation=["My flat is number 77."],
)

SUPPORTED = [
    "You have 30 days.",
    "It costs 2,50 €.",
    "You paid 49.9 on 3/5/2024.",
    "It takes 3 to 5 working days, or 3-5.",
    "Free from 1,000 EUR.",
    "See https://www.shop.example/returns/ or care@shop.example.",
    "We open at 9:00.",
    "Number 77 it is.",
    "1. Open the order.\n2. Press Cancel.\n3. Done. That is one or 2 clicks.",
    "Order <ORDER_ID_17> is on its way.",
]

UNSUPPORTED = [
    ("You have 31 days.", "31"),
    ("It costs €3.50.", "3.50"),
    ("Free from 10,000 EUR.", "10,000"),
    ("See https://shop.example/refunds now.", "https://shop.example/refunds"),
    ("Mail help@shop.example.", "help@shop.example"),
    ("It arrives on 4/5/2024.", "4/5/2024"),
    ("We open at 8:30.", "8:30"),
    ("Call 0800 555.", "0800 555"),
]


def test_tables_are_whole() -> None:
    assert (len(SUPPORTED), len(UNSUPPORTED)) == (10, 8)


@pytest.mark.parametrize("answer", SUPPORTED)
def test_supported(answer: str) -> None:
    assert Grounding().detect(answer, CONTEXT) == []


@pytest.mark.parametrize(("answer", "figure"), UNSUPPORTED)
def test_unsupported(answer: str, figure: str) -> None:
    findings = Grounding().detect(answer, CONTEXT)
    assert findings[0].label == "unsupported_figure"
    assert answer[findings[0].start : findings[0].end] == figure
