"""Streaming: whatever the pieces, what comes out is what checking the whole answer gives, up to the stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deskhand_guardrails import Context, Finding, Pseudonyms, Rails, Source, Verdict
from deskhand_guardrails.growing import Growing
from deskhand_guardrails.steps import Steps
from deskhand_guardrails.stream import GuardedStream

SENTENCES = [
    "Your order <ORDER_ID_1> is on its way. ",
    "You can return it within 30 days! ",
    "Write to bob@example.com, or visit St. James Street no. 5?\n",
    "I sent it to < email_address_1 >. ",
    '- Open the app.\n- Press "Cancel".\n\n',
    "That is all… ",
    "Version e.g. this one works. ",
    "It costs 31 euros. ",
    "Dear <PERSON_4>, hello. ",
    "The password: hunter2 opens it. ",
]

BAD = ("31 euros", "<PERSON_4>", "hunter2")


def _context() -> Context:
    pseudonyms = Pseudonyms()
    text = "FH-209310 anna@example.com"
    pseudonyms.hide(text, [Finding("x", "ORDER_ID", 1, 0, 9), Finding("x", "EMAIL_ADDRESS", 1, 10, 26)])
    return Context(pseudonyms=pseudonyms, sources=[Source("Returns", "30 days; James Street no. 5; bob@example.com")])


def _pieces(text: str, sizes: list[int]) -> Iterator[str]:
    at = 0
    for size in sizes:
        yield text[at : at + size]
        at += size
    yield text[at:]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(SENTENCES), max_size=4),
    st.sampled_from(["", "Bye"]),
    st.lists(st.integers(0, 12), max_size=20),
)
def test_any_chunking_releases_what_the_whole_check_does(
    rails: Rails, sentences: list[str], ending: str, sizes: list[int]
) -> None:
    answer = "".join(sentences) + ending
    context = _context()
    assert context.pseudonyms is not None
    whole = rails.check_output(answer, context)
    stream = rails.guard_stream(_pieces(answer, sizes), context)
    pieces = list(stream)
    assert stream.verdict is not None
    if whole.passed:
        assert stream.verdict.decision == whole.decision
        assert "".join(pieces) == context.pseudonyms.restore(whole.text)
        assert stream.draft == answer
    else:
        first_bad = min(index for index, one in enumerate(sentences) if any(bad in one for bad in BAD))
        before = rails.check_output("".join(sentences[:first_bad]), context)
        assert "".join(pieces[:-1]) == context.pseudonyms.restore(before.text)
        assert stream.verdict.decision == ("block" if "hunter2" in sentences[first_bad] else "review")
        assert pieces[-1] == stream.verdict.text
        assert stream.draft == answer if stream.verdict.decision == "review" else answer.startswith(stream.draft)


def test_sentences_leave_as_they_are_complete(rails: Rails) -> None:
    stream = rails.guard_stream(iter("Your order <ORDER_ID_1> is here. See the St. James shop. Bye"), _context())
    assert list(stream) == ["Your order FH-209310 is here. ", "See the St. James shop. ", "Bye"]


def test_the_verdict_is_set_with_the_last_piece_only(rails: Rails) -> None:
    stream = rails.guard_stream(["Red. Gre", "en. Blue."], _context())
    assert [(piece, stream.verdict is not None) for piece in stream] == [
        ("Red. ", False),
        ("Green. ", False),
        ("Blue.", True),
    ]


def test_a_block_stops_the_model_and_a_review_keeps_the_draft(rails: Rails) -> None:
    taken: list[str] = []

    def model(answer: str) -> Iterator[str]:
        for word in answer.split(" "):
            taken.append(word)
            yield word + " "

    stream = rails.guard_stream(model("Hello. The password: hunter2 opens it. And then it goes on."), _context())
    assert list(stream) == ["Hello. ", rails.policy.messages.refusal]
    assert taken[-1] == "And"
    reviewed = rails.guard_stream(model("Hello. It takes 31 days. And then it goes on."), _context())
    assert list(reviewed) == ["Hello. ", rails.policy.messages.hand_over]
    assert reviewed.draft == "Hello. It takes 31 days. And then it goes on. "


def test_an_empty_answer_has_a_verdict(rails: Rails) -> None:
    stream = rails.guard_stream([], _context())
    assert list(stream) == [""]
    assert stream.verdict is not None
    assert stream.verdict.decision == "allow"


async def test_the_async_face_releases_the_same(rails: Rails) -> None:
    answer = "".join(SENTENCES[:5])

    async def model() -> AsyncIterator[str]:
        for piece in _pieces(answer, [7] * 30):
            await asyncio.sleep(0)
            yield piece

    stream = rails.aguard_stream(model(), _context())
    pieces = [piece async for piece in stream]
    assert pieces == list(rails.guard_stream([answer], _context()))
    assert stream.verdict is not None
    assert stream.draft == answer


def test_a_change_of_what_was_released_stops_the_answer() -> None:
    def check(text: str, context: Context, growing: Growing) -> Steps[Verdict]:
        yield from ()
        return Verdict("modify", text.replace("One", "[X]") if "Two" in text else text)

    stream = GuardedStream(["One. Two. Three."], Context(), check, "hand over")
    assert list(stream) == ["One. ", "hand over"]
    assert stream.verdict is not None
    assert (stream.verdict.decision, stream.verdict.reason) == ("review", "stream: changed_after_release")


@pytest.mark.parametrize("broken", [ValueError, KeyError])
def test_a_model_that_fails_is_not_hidden(rails: Rails, broken: type[Exception]) -> None:
    def model() -> Iterator[str]:
        yield "One. Two. "
        raise broken

    stream = rails.guard_stream(model(), _context())
    assert next(stream) == "One. "
    with pytest.raises(broken):
        next(stream)
    assert stream.verdict is None
