"""Streaming: whatever the pieces, what comes out is what checking the whole answer gives, up to the stop."""

from __future__ import annotations

import asyncio
import functools
import queue
import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deskhand_guardrails import Context, Finding, Policy, Pseudonyms, Rails, Source, Verdict
from deskhand_guardrails.growing import Growing
from deskhand_guardrails.policy import DEFAULT_FOLDER
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
    known = "30 days; James Street no. 5; bob@example.com, carol@example.com; DE89 3704 0044 0532 0130 00; 192.168.7.30"
    # What the answers say besides: the checks of claims have nothing to find in them.
    said = " ".join(one for one in SENTENCES if not any(bad in one for bad in BAD))
    said = f"{said} {''.join(PLAIN)} {WORDS} Your order is here. See the St. James shop."
    return Context(pseudonyms=pseudonyms, sources=[Source("Returns", known), Source("Answers", said)])


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


PLAIN = [
    "Your order <ORDER_ID_1> is on its way. ",
    "You can return it within 30 days, or sooner if you like, at no cost and with no questions asked by anybody!\n\n",
    "Write to bob@example.com or to carol@example.com, whoever answers first will gladly help you with the rest. ",
    "I sent it to < email_address_1 >, as you had asked me to do when we spoke about the matter the other day. ",
    "The account DE89 3704 0044 0532 0130 00 at 192.168.7.30 is not ours, so nothing of it should ever be shown. ",
    '- Open the app.\n- Press "Cancel".\n\n',
]
WORDS = "and so it goes with many words that nobody minds, "
PLANTED = ["31 euros", "<PERSON_4>", "the password: hunter2", "sk-proj-abcdEFGH1234abcdEFGH1234"]


def _policy(folder: Path, section: Mapping[str, object]) -> Policy:
    shutil.copytree(DEFAULT_FOLDER, folder)
    content = yaml.safe_load((folder / "config.yml").read_text())
    content["rails"]["config"]["deskhand"] = dict(section)
    (folder / "config.yml").write_text(yaml.safe_dump(content))
    return Policy.load(folder)


@pytest.fixture(scope="module")
def unlearnt(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int | None], Rails]:
    """Rails without the guard model, so that many texts can be tried, by how many characters they release."""

    @functools.cache
    def made(characters: int | None) -> Rails:
        folder = tmp_path_factory.mktemp("policy")
        entities = ["EMAIL_ADDRESS", "IBAN_CODE", "IP_ADDRESS"]
        detectors = {
            "personal_data": {"entities": entities},
            "harm": {"enabled": False},
            "toxicity": {"enabled": False},
        }
        section = {"detectors": detectors, "release_characters": characters}
        (folder / "config.yml").write_text(yaml.safe_dump({"rails": {"config": {"deskhand": section}}}))
        return Rails(Policy.load(folder))

    return made


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(PLAIN), max_size=6),
    st.sampled_from(["", *PLANTED]),
    st.integers(0, 6),
    st.lists(st.sampled_from(PLAIN), max_size=2),
    st.lists(st.integers(0, 60), max_size=40),
    st.sampled_from([None, 1, 20, 70]),
)
def test_nothing_planted_leaves_whatever_the_text_and_its_pieces(
    unlearnt: Callable[[int | None], Rails],
    before: list[str],
    planted: str,
    words: int,
    after: list[str],
    sizes: list[int],
    characters: int | None,
) -> None:
    context, rails = _context(), unlearnt(characters)
    assert context.pseudonyms is not None
    lead = WORDS * words
    answer = "".join(before) + (f"{lead}{planted} is all. " if planted else lead) + "".join(after)
    stream = rails.guard_stream(_pieces(answer, sizes), context)
    pieces = list(stream)
    assert stream.verdict is not None
    good = context.pseudonyms.restore(rails.check_output("".join(before), context).text)
    if not planted:
        assert stream.verdict.decision in ("allow", "modify")
        assert "".join(pieces) == context.pseudonyms.restore(rails.check_output(answer, context).text)
        return
    assert not stream.verdict.passed
    assert pieces[-1] == stream.verdict.text
    released = "".join(pieces[:-1])
    assert released.startswith(good)
    # By characters the words before it may have left: they break no rule.
    assert (good + lead).startswith(released) if characters else released == good


class Reader:
    """A detector that notes what it was given to read, and finds what it is told to."""

    name = "reader"

    def __init__(self, find: Callable[[str], list[Finding]], reach: int | None = 50) -> None:
        self.read: list[str] = []
        self._find = find
        if reach is not None:
            self.reach = reach

    def detect(self, text: str, context: Context) -> list[Finding]:
        self.read.append(text)
        return self._find(text)


def _only(reader: Reader, folder: Path) -> Rails:
    off = {name: {"enabled": False} for name in Policy.load().types}
    section = {"detectors": {**off, "custom": {"reader": {"output": "mask"}}}}
    return Rails(_policy(folder, section), detectors=[reader])


def test_what_is_read_grows_with_the_answer_and_not_with_its_square(tmp_path: Path) -> None:
    sentences = [f"This is sentence {number}. " for number in range(200)]
    answer = "".join(sentences)
    reader = Reader(lambda text: [Finding("reader", "X", 1.0, at.start(), at.end()) for at in re.finditer("7", text)])
    stream = _only(reader, tmp_path / "one").guard_stream(sentences, Context())
    assert "".join(stream) == answer.replace("7", "[X]")
    assert answer in reader.read
    steps = [one for one in reader.read if one != answer]
    assert max(map(len, steps)) <= 50 + 2 * max(map(len, sentences))
    assert all(answer.startswith(one) or one.startswith("This") for one in steps)
    whole = Reader(lambda text: [], reach=None)
    answer = "".join(sentences[:9]).rstrip()
    assert "".join(_only(whole, tmp_path / "two").guard_stream(answer, Context())) == answer
    assert whole.read == ["".join(sentences[:end]).rstrip() for end in range(1, 10)]


class Watched:
    """A detector that says when it has read something, and what it found."""

    name = "watched"

    def __init__(self) -> None:
        self.read: queue.SimpleQueue[str] = queue.SimpleQueue()

    def detect(self, text: str, context: Context) -> list[Finding]:
        self.read.put(text)
        return [Finding("watched", "bad", 1.0)] if "bad" in text else []


def test_a_sentence_is_checked_while_the_next_piece_is_awaited(tmp_path: Path) -> None:
    off = {name: {"enabled": False} for name in Policy.load().types}
    watched = Watched()
    rails = Rails(_policy(tmp_path / "policy", {"detectors": off}), detectors=[watched])

    def model() -> Iterator[str]:
        yield "One is 3."
        yield "50. Two"
        assert watched.read.get(timeout=60) == "One is 3.50."
        yield " goes on. "  # nobody waits for a reader here, but the check of this sentence has begun
        assert watched.read.get(timeout=60) == "One is 3.50. Two goes on."
        yield "The bad one."
        assert watched.read.get(timeout=60) == "One is 3.50. Two goes on. The bad one."
        yield " Four."

    pieces = list(rails.guard_stream(model(), Context()))
    assert pieces == ["One is 3.50. ", "Two goes on. ", rails.policy.messages.refusal]
    # No sentence was read twice, and no number by halves; a finding is made sure of by reading all of the answer.
    assert watched.read.get(timeout=60) == "One is 3.50. Two goes on. The bad one."
    assert watched.read.empty()


def test_all_of_it_decides_where_its_end_alone_raises_a_doubt(tmp_path: Path) -> None:
    sentences = ["First of all. ", *["And then it goes on and on. "] * 6]
    # Without the first sentence: something that cannot be masked (an alarm), or a find in what has left already.
    for number, found in enumerate((Finding("reader", "odd", 1.0), Finding("reader", "odd", 1.0, 0, 3))):
        reader = Reader(lambda text, found=found: [] if text.startswith("First") else [found])  # type: ignore[misc]
        stream = _only(reader, tmp_path / str(number)).guard_stream(sentences, Context())
        assert list(stream) == sentences
        assert len(reader.read) > len(sentences)


async def test_who_stops_listening_stops_the_model(rails: Rails) -> None:
    ended: list[str] = []

    def model() -> Iterator[str]:
        try:
            yield from ("One. ", "Two. ", "Three. ")
        finally:
            ended.append("sync")

    async def slow(reached: asyncio.Event) -> AsyncIterator[str]:
        try:
            yield "One. Two"
            reached.set()
            await asyncio.Event().wait()
        finally:
            ended.append("async")

    with rails.guard_stream(model(), _context()) as stream:
        assert next(stream) == "One. "
    assert ended == ["sync"]
    assert list(stream) == []
    reached = asyncio.Event()
    guarded = rails.aguard_stream(slow(reached), _context())
    assert await anext(guarded) == "One. "
    waiting = asyncio.ensure_future(anext(guarded))
    await reached.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended == ["sync", "async"]
    assert guarded.verdict is None


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
