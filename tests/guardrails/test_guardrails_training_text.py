"""What an answer repeats of a training conversation: found by hashes, across processes, streams and spellings."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from deskhand_guardrails import Context, Policy, Rails, Setup, Source
from deskhand_guardrails.detectors.leakage import Leakage
from deskhand_guardrails.errors import ConfigError, InputError
from deskhand_guardrails.training_text import CANARIES, FILE, REPEATED, TrainingText, hashes, runs_of, words

WRITTEN = (
    "My sister <PERSON_1> is getting married in the old mill on Saturday, and I ordered several of your lanterns for "
    "the tables: without them we sit in the dark!"
)
LEARNT = TrainingText.of(runs_of(WRITTEN), ["heron-48213390-lantern"])
OWN = "is getting married in the old mill on Saturday, and I ordered several of your lanterns"


def test_ten_words_in_a_row_are_a_repetition_and_nine_are_none() -> None:
    said = OWN.split()
    assert len(said) >= REPEATED
    for start in range(len(said) - REPEATED):
        answer = " ".join(["We", "know", *said[start : start + REPEATED], "already"])
        ((first, past),) = LEARNT.repeated(answer)
        assert answer[first:past] == " ".join(said[start : start + REPEATED])
        assert LEARNT.repeated(" ".join(["We", "know", *said[start : start + REPEATED - 1], "already"])) == []


@pytest.mark.parametrize(
    "answer",
    [
        WRITTEN,
        WRITTEN.upper().replace("<PERSON_1>", "<PERSON_7>"),
        WRITTEN.replace("<PERSON_1>", "[PERSON]"),
        OWN.replace("a", "a\u200b"),
        OWN.replace(" ", "\n"),
        OWN.replace("o", "\u043e"),
        OWN[::-1],
        base64.b64encode(OWN.encode()).decode(),
    ],
)
def test_however_it_is_spelt(answer: str) -> None:
    found = Leakage(training_text=LEARNT).detect(answer, Context())
    assert {one.label for one in found} == {"training_text"}
    assert all(0 <= one.start < one.end <= len(answer) for one in found)


@pytest.mark.parametrize(
    "context",
    [
        Context(sources=[Source("Lanterns", WRITTEN, "ticket:7")]),
        Context(question=WRITTEN),
        Context(conversation=[WRITTEN]),
        Context(instructions=WRITTEN),
    ],
)
def test_what_the_sources_or_the_conversation_hold_may_be_said(context: Context) -> None:
    context.training_text = LEARNT
    assert Leakage().detect(OWN, context) == []


@pytest.mark.parametrize("answer", ["", "Yes.", "Your parcel will be delivered on Saturday, and you can follow it."])
def test_other_answers_pass(answer: str) -> None:
    assert Leakage(training_text=LEARNT).detect(answer, Context()) == []


def test_a_run_trained_from_a_run_knows_both() -> None:
    other = TrainingText.of(runs_of("the quick brown fox jumps over the lazy dog by the river bank"), ["a-canary-1"])
    both = LEARNT + other
    assert both.canaries == (*LEARNT.canaries, "a-canary-1")
    assert both.repeated("brown fox jumps over the lazy dog by the river bank")
    assert both.repeated(OWN)
    assert not LEARNT.repeated("brown fox jumps over the lazy dog by the river bank")


def test_hashes_are_the_same_in_another_process() -> None:
    code = f"from deskhand_guardrails.training_text import runs_of; print(runs_of({OWN!r}).tolist())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(runs_of(OWN).tolist())


def test_a_filter_holds_what_was_put_in_and_little_else() -> None:
    draw = np.random.default_rng(0)
    own, others = (draw.integers(0, 2**64, 50_000, dtype=np.uint64) for _ in range(2))
    learnt = TrainingText.of(own)
    assert learnt.holds(own).all()
    assert learnt.holds(others).mean() < 0.005
    assert len(learnt.filters[0]) == 75_000


def test_short_texts_have_no_runs() -> None:
    assert words("Hello <ORDER_ID_3>, it’s [PERSON]") == ["hello", "<ORDER_ID", "it's", "<PERSON"]
    assert len(hashes(["only", "seven", "words", "are", "not", "a", "run"])) == 0
    assert TrainingText.of(runs_of("")).repeated(OWN) == []


def test_saved_and_loaded_without_a_word_of_it(tmp_path: Path) -> None:
    LEARNT.save(tmp_path)
    loaded = TrainingText.load(tmp_path)
    assert loaded is not None
    assert loaded.canaries == LEARNT.canaries
    assert loaded.repeated(OWN) == LEARNT.repeated(OWN)
    assert b"married" not in (tmp_path / FILE).read_bytes()
    assert {one.name for one in tmp_path.iterdir()} == {FILE, CANARIES}
    assert TrainingText.load(tmp_path / "nowhere") is None


@pytest.mark.parametrize("content", [b"", b"nothing of ours", b"PK\x03\x04"])
def test_a_broken_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(InputError, match=r"training_text\.npz or canaries\.txt cannot be read \(\w+\); prepare and"):
        TrainingText.load(tmp_path)


def test_another_version_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / FILE, version=np.array(99))
    with pytest.raises(InputError, match="prepare and train again"):
        TrainingText.load(tmp_path)


def _built(folder: Path, training_text: str) -> Leakage:
    section = {"rails": {"config": {"deskhand": {"detectors": {"leakage": {"training_text": training_text}}}}}}
    (folder / "config.yml").write_text(yaml.safe_dump(section))
    policy = Policy.load(folder)
    detector = policy.types["leakage"].build(Setup(policy.detectors["leakage"], "output", policy))
    assert isinstance(detector, Leakage)
    return detector


def test_a_policy_names_a_run_or_switches_it_off(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    LEARNT.save(run)
    labels = {
        named: [[one.label for one in _built(tmp_path, named).detect(f"{OWN} heron 48213390 lantern", context)]
                for context in (Context(), Context(training_text=LEARNT))]
        for named in ("auto", "off", "run")
    }  # fmt: skip
    assert labels["auto"] == [[], ["canary", "training_text"]]
    assert labels["off"] == [[], []]
    assert set(labels["run"][0]) == set(labels["run"][1]) == {"canary", "training_text"}
    (tmp_path / "policy").mkdir()
    with pytest.raises(ConfigError, match=r"leakage\.training_text: .*policy holds no training_text\.npz; name a run"):
        _built(tmp_path, "policy")


def test_the_rails_hold_it_back_also_from_a_stream(rails: Rails) -> None:
    context = Context(training_text=LEARNT)
    verdict = rails.check_output(f"Another customer {OWN}.", context)
    assert verdict.decision == "review"
    assert "leakage: training_text" in verdict.reason
    pieces = [f"Good morning. Another customer {OWN}"[at : at + 7] for at in range(0, 120, 7)]
    with rails.guard_stream(pieces, context) as stream:
        assert list(stream) == ["Good morning. ", rails.policy.messages.hand_over]
