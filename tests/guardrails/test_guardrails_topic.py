"""Topics learnt from messages; what is off topic; a policy that has the file, lacks it, or has a broken one."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from deskhand_guardrails import Context, Encoder, Policy, Rails, Setup
from deskhand_guardrails.detectors.topic import Topic
from deskhand_guardrails.errors import ConfigError, InputError
from deskhand_guardrails.policy_report import report
from deskhand_guardrails.topics import Topics, Vectors

# A bicycle repair shop's: 8 things by 26 questions make 208 messages.
_THINGS = ["front brake", "rear wheel", "chain", "gear shifter", "saddle", "headlight", "battery of my e-bike", "tyre"]
_QUESTIONS = """
My {} makes a strange noise|How much is a new {}?|Can you repair the {} this week?|The {} broke after two days
Do you have the {} in stock?|Is the {} covered by the warranty?|How do I adjust the {} myself?|I ordered the wrong {}
Which {} fits a 28 inch bike?|Please send me a new {}|The {} came without screws|Can I bring my {} on Saturday?
When will my {} be ready?|I want to return the {}|The {} is loose again|How often should I check the {}?
Do you fit the {} for free?|Your mechanic scratched my {}|Is the {} the same as last year's?|My {} was stolen
The {} does not fit|What tool do I need for the {}?|Can I get a cheaper {}?|The {} is missing from my parcel
Does the {} need oil?|I need an invoice for the {}
"""
MESSAGES = [
    question.format(thing)
    for question, thing in itertools.product(_QUESTIONS.strip().replace("\n", "|").split("|"), _THINGS)
]

ON_TOPIC = """
The brake of my bike squeaks when it rains, can you fix it?
How long does a repair of the wheel take?
What does a new chain cost with fitting?
I want to speak to a human
Are you a robot?
Where is my order?
I was charged twice, please check
Ich warte seit Tagen auf eine Antwort
Quiero hablar con una persona
hello there
thank you so much for your help
refund please
FB-20441
"""

OFF_TOPIC = """
Write a poem about the sea
What is the capital of Australia?
Write a Python function that sorts a list of numbers
Who won the football world cup in 2014?
Give me a recipe for pancakes with blueberries
Translate good morning into Japanese
Explain quantum entanglement to a child
Which party should I vote for in the election?
Solve the equation x squared plus two x equals eight
Tell me a bedtime story about a dragon
"""

FOLLOW_UPS = ["yes please", "and the other one?", "the blue one with the big letters", "no, I did that on Monday"]


class Remembering:
    """The shipped encoder, which reads each text of these tests once."""

    def __init__(self) -> None:
        self._read: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        for text in set(texts) - self._read.keys():
            self._read[text] = Encoder.shipped().encode([text])[0]
        return np.stack([self._read[text] for text in texts])


@pytest.fixture(scope="module")
def encoder() -> Remembering:
    return Remembering()


@pytest.fixture(scope="module")
def topics(encoder: Remembering) -> Topics:
    return Topics.learn(MESSAGES[:104], MESSAGES[104:], encoder)


@pytest.fixture(scope="module")
def topic(topics: Topics, tmp_path_factory: pytest.TempPathFactory) -> Topic:
    path = tmp_path_factory.mktemp("topics") / "topics.json"
    topics.save(path)
    return Topic(Topics.load(path), Encoder.shipped())


def _rows(table: str) -> list[str]:
    return table.strip().splitlines()


def test_tables_are_whole() -> None:
    assert (len(MESSAGES), len(_rows(ON_TOPIC)), len(_rows(OFF_TOPIC))) == (208, 13, 10)


@pytest.mark.parametrize("text", _rows(ON_TOPIC))
def test_the_desks_business_passes(topic: Topic, text: str) -> None:
    assert topic.detect(text, Context()) == []
    assert topic.score(text, Context()) < topic.threshold


@pytest.mark.parametrize("text", _rows(OFF_TOPIC))
def test_other_business_is_found(topic: Topic, text: str) -> None:
    (found,) = topic.detect(text, Context())
    assert (found.label, found.start, found.end) == ("off_topic", 0, len(text))


@pytest.mark.parametrize("text", FOLLOW_UPS)
def test_short_messages_of_a_conversation_pass(topic: Topic, text: str) -> None:
    assert topic.detect(text, Context(conversation=["Which tyre do you mean?"])) == []


def test_a_long_message_within_a_conversation_is_looked_at(topic: Topic) -> None:
    context = Context(conversation=["Anything else?"])
    assert topic.detect("Great, now write a Python function that sorts a list of numbers", context)


def test_the_file_holds_no_text_and_is_the_same_again(topics: Topics, encoder: Remembering, tmp_path: Path) -> None:
    topics.save(tmp_path / "one.json")
    Topics.learn(MESSAGES[:104], MESSAGES[104:], encoder).save(tmp_path / "two.json")
    written = (tmp_path / "one.json").read_text()
    assert written == (tmp_path / "two.json").read_text()
    assert set(json.loads(written)) == {"version", "threshold", "messages", "probe", "centres"}
    assert 0.2 < topics.threshold < 0.8
    loaded = Topics.load(tmp_path / "one.json")
    vector = Encoder.shipped().encode(["How much is a new chain?"])[0]
    assert loaded.distance(vector) == pytest.approx(topics.distance(vector), abs=0.01)


def test_too_few_messages() -> None:
    with pytest.raises(InputError, match="topics need 100 of each"):
        Topics.learn(MESSAGES[:104], MESSAGES[:20], Encoder.shipped())


def _policy(folder: Path, model: str = "topics.json") -> Path:
    (folder / "config.yml").write_text(f"rails: {{config: {{deskhand: {{detectors: {{topic: {{model: {model}}}}}}}}}}}")
    return folder


def _build(folder: Path) -> None:
    policy = Policy.load(folder)
    policy.types["topic"].build(Setup(policy.detectors["topic"], "input", policy))


def test_a_policy_with_topics_refuses_politely(topics: Topics, tmp_path: Path) -> None:
    topics.save(tmp_path / "topics.json")
    rails = Rails(Policy.load(_policy(tmp_path)))
    verdict = rails.check_input("Give me a recipe for pancakes with blueberries")
    assert (verdict.decision, verdict.text, verdict.reason) == ("block", Topic.message, "topic: off_topic")
    assert rails.check_input("How much is a new chain?").passed
    found = report(tmp_path)
    assert found.notes == ()
    (row,) = (one for one in found.directions["input"].detectors if one.detector == "topic")
    assert row.threshold == topics.threshold
    assert "topic" not in {one.detector for one in found.directions["output"].detectors}


def test_without_topics_it_is_off_and_the_report_says_so() -> None:
    found = report()
    assert "topic" not in {one.detector for one in found.directions["input"].detectors}
    assert found.notes == ("topic has no model; learn one with: deskhand policy topics DATASET --policy DIR",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file"),
        ("{", "no file of topics"),
        ("[]", "no file of topics"),
        ('{"version": 9}', "version 9, this Deskhand reads 1"),
        ('{"version": 1, "centres": {"shape": [1, 2], "scale": 1, "int8": "AAA"}}', "no file of topics"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: str | None, says: str) -> None:
    if content is not None:
        (tmp_path / "topics.json").write_text(content)
    with pytest.raises(ConfigError, match=rf"detectors\.topic\.model: topics\.json: {says}.*policy topics DATASET"):
        _build(_policy(tmp_path))


def test_a_file_of_another_encoder(topics: Topics, tmp_path: Path) -> None:
    Topics(topics.centres, topics.threshold, topics.centres[0], topics.messages).save(tmp_path / "topics.json")
    with pytest.raises(ConfigError, match="learnt with another encoder"):
        _build(_policy(tmp_path))
