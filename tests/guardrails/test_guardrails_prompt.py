"""What is looked up for a question, and which sources a prompt holds."""

from __future__ import annotations

import pytest

from deskhand_guardrails.prompt import Source, distinct, retrieval_query

ASKED = "My tent arrived with a tear in it, can I have a new one please?"
DETAIL = "It's the green Fjell for three people, bought last Tuesday in your shop."


@pytest.mark.parametrize(
    ("between", "newest", "looked_up"),
    [
        ("Which one is it?", DETAIL, f"{ASKED}\n{DETAIL}"),
        ("Please send it back to us.", DETAIL, DETAIL),
        ("Please tell us the order number.", "Sure: <ORDER_ID_1>", f"{ASKED}\nSure: <ORDER_ID_1>"),
        ("Please send it back to us.", "Do you deliver to Norway?", "Do you deliver to Norway?"),
        ("Which one is it?", "can i pay with paypal", "can i pay with paypal"),
        ("Please send it back to us.", "And how long does it take?", f"{ASKED}\nAnd how long does it take?"),
        ("Please send it back to us.", "What should I do now?", f"{ASKED}\nWhat should I do now?"),
        ("Please send it back to us.", "What about tents?", f"{ASKED}\nWhat about tents?"),
    ],
)
def test_an_answer_to_the_desk_is_looked_up_with_its_question(between: str, newest: str, looked_up: str) -> None:
    conversation = [
        {"role": "system", "content": "Be kind?"},
        {"role": "user", "content": ASKED},
        {"role": "assistant", "content": between},
        {"role": "user", "content": newest},
    ]
    assert retrieval_query(conversation) == looked_up
    assert retrieval_query(conversation[:2]) == ASKED


def test_a_text_stands_in_a_prompt_once() -> None:
    sources = [Source("a", "Same  text.", "1"), Source("b", "Another.", "2"), Source("c", "Same text.", "3")]
    assert [source.reference for source in distinct(sources)] == ["1", "2"]
