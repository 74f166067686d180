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
    findings = [one for one in Grounding().detect(answer, CONTEXT) if one.label == "unsupported_figure"]
    assert answer[findings[0].start : findings[0].end] == figure


RETURNS = Context(
    question="Can I still send the lantern back?",
    sources=[
        Source(
            "Returning an item",
            "You can return unused goods within 30 days of delivery. Open the Returns Centre in your account, choose "
            "the order and print the label. Opened cosmetics cannot be returned. The delivery fee is not refunded. "
            "Drop the parcel at any ParcelPoint and keep the receipt until the refund has arrived.",
        )
    ],
)

CARRIED = [
    "You can return the lantern within 30 days of delivery.",
    "Please open the Returns Centre in your account and print the label.",
    "Opened cosmetics can't be returned, and the delivery fee is not refunded.",
    "Drop the parcel off at a ParcelPoint. Please keep the receipt.",
    "Unopened cosmetics can be returned.",
    "Hello there! Thanks for writing to us. You can return unused goods.",
    "I'm so sorry about that.",
    "Could you tell me which account you used when you ordered from the mobile site?",
    "I am not sure about that one, so I would rather hand you over to a colleague who can help.",
    "Is there anything else I can help you with today?",
    "Let me know if you have any further questions about gardening.",
    "A colleague will look into the matter tomorrow morning.",
    "Have a wonderful weekend and enjoy the sunshine!",
]

NOT_CARRIED = [
    ("Our drone collects the box from your balcony.", "unsupported_claim"),
    ("Students receive a voucher for the cinema with each purchase.", "unsupported_claim"),
    ("You can return the lantern. The warranty covers theft while you travel abroad.", "unsupported_claim"),
    ("You cannot return unused goods.", "contradicted_claim"),
    ("You cannot return unused goods within 30 days of delivery.", "contradicted_claim"),
    ("Drop the parcel at any Quickpost.", "unsupported_name"),
    ("Opened cosmetics can be returned.", "contradicted_claim"),
    ("The delivery fee is refunded.", "contradicted_claim"),
    ("Unopened cosmetics cannot be returned.", "contradicted_claim"),
]


@pytest.mark.parametrize("answer", CARRIED)
def test_what_the_sources_say_passes(grounding: Grounding, answer: str) -> None:
    assert grounding.detect(answer, RETURNS) == []
    assert grounding.score(answer, RETURNS) < grounding.threshold


@pytest.mark.parametrize(("answer", "label"), NOT_CARRIED)
def test_what_they_do_not_say_is_found_in_its_place(grounding: Grounding, answer: str, label: str) -> None:
    (finding,) = (one for one in grounding.detect(answer, RETURNS) if one.label == label)
    assert finding.end == len(answer) - (label == "unsupported_name")
    assert grounding.threshold <= finding.score <= grounding.score(answer, RETURNS) + 0.0001


def test_a_threshold_is_for_claims_alone() -> None:
    deaf = Grounding(threshold=1.0)
    assert deaf.detect("Our drone collects the box from your balcony.", RETURNS) == []
    assert [one.label for one in deaf.detect("You have 90 days.", RETURNS)] == ["unsupported_figure"]


def test_the_desks_own_names_need_no_source() -> None:
    assert Grounding(own_names=["Quickpost"]).detect("Drop the parcel at any Quickpost.", RETURNS) == []


@pytest.mark.parametrize(
    ("answer", "context"),
    [
        ("Our drone collects the box from your balcony.", Context(question="How do I return it?")),
        ("Unsere Drohne holt das Paket vom Balkon ab.", RETURNS),
    ],
    ids=["without a source", "in another language"],
)
def test_what_cannot_be_compared_is_left_alone(grounding: Grounding, answer: str, context: Context) -> None:
    assert grounding.detect(answer, context) == []


def test_a_second_look_says_the_same(grounding: Grounding) -> None:
    answer = "Students receive a voucher for the cinema. Return it within thirty days."
    assert grounding.detect(answer, RETURNS) == grounding.detect(answer, RETURNS) == Grounding().detect(answer, RETURNS)


@pytest.fixture(scope="module")
def grounding() -> Grounding:
    return Grounding()
