"""Detectors that raise, hang, answer nonsense or end the thread: held back every time, counted, and said."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from deskhand_guardrails import Context, Finding, Policy, Rails, Verdict
from deskhand_guardrails.checks import THREADS, Checks
from deskhand_guardrails.errors import UnavailableError
from deskhand_guardrails.steps import run
from deskhand_guardrails.workers import Workers

Made = Callable[..., Rails]


class Custom:
    """A detector that does what it was given."""

    name = "custom_one"
    message = "Let us stay friendly."

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act

    def detect(self, text: str, context: Context) -> Sequence[Finding]:
        found: Sequence[Finding] = self._act()
        return found


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Rails with one such detector and none of ours."""

    def make(act: Callable[[], Any], custom: dict[str, object] | None = None, **settings: object) -> Rails:
        off = {name: {"enabled": False} for name in Policy.load().types}
        section = {"detectors": {**off, "custom": {Custom.name: custom or {}}}, **settings}
        return Rails(_policy(tmp_path, section), detectors=[Custom(act)])

    return make


def _policy(folder: Path, section: dict[str, object]) -> Policy:
    (folder / "config.yml").write_text(yaml.safe_dump({"rails": {"config": {"deskhand": section}}}))
    return Policy.load(folder)


def _checked(folder: Path, finding: Finding, custom: dict[str, object], **settings: object) -> Verdict:
    """What our checks alone make of "hello" on input when a detector finds ``finding`` in it."""
    policy = _policy(folder, {"detectors": {"custom": {Custom.name: custom}}, **settings})
    return run(Checks(policy, [Custom(lambda: [finding])]).run("input", "hello", Context()))


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What hanging detectors wait for; set at the end, so that no thread outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def _fails(error: BaseException) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


FAILURES: list[tuple[str, Callable[[], Any]]] = [
    ("raises", _fails(RuntimeError("zanzibar"))),
    ("ends the thread", _fails(SystemExit(3))),
    ("is stopped", _fails(KeyboardInterrupt())),
    ("answers nothing", lambda: None),
    ("answers nonsense", lambda: ["zanzibar"]),
]


@pytest.mark.parametrize("act", [act for _, act in FAILURES], ids=[name for name, _ in FAILURES])
def test_a_failure_holds_back_in_every_direction(
    made: Made, act: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    rails = made(act)
    with caplog.at_level(logging.DEBUG):
        for check in (rails.check_input, rails.check_retrieved, rails.check_output):
            verdict = check("zanzibar")
            assert (verdict.decision, verdict.text) == ("block", rails.policy.messages.refusal)
            assert [(one.detector, one.label) for one in verdict.findings] == [(Custom.name, "error")]
            assert verdict.reason == "custom_one: error"
    assert rails.failures == {Custom.name: 3}
    assert "zanzibar" not in caplog.text


def test_a_detector_that_hangs_is_given_up(made: Made, release: threading.Event) -> None:
    rails = made(lambda: release.wait(60) and [], {"timeout_ms": 30})
    verdict = rails.check_input("hello")
    assert (verdict.decision, verdict.reason) == ("block", "custom_one: error")
    assert rails.failures == {Custom.name: 1}


def test_what_was_found_before_a_hang_counts_and_on_error_may_be_review(
    tmp_path: Path, release: threading.Event
) -> None:
    detectors = {"secrets": {"input": "block"}, "custom": {Custom.name: {"timeout_ms": 30}}}
    policy = _policy(tmp_path, {"detectors": detectors, "on_error": "review"})
    rails = Rails(policy, detectors=[Custom(lambda: release.wait(60) and [])])
    verdict = rails.check_input("password: hunter2")
    assert verdict.decision == "block"
    assert verdict.reason == "secrets: PASSWORD"
    assert {one.label for one in verdict.findings} == {"PASSWORD", "error"}
    verdict = rails.check_input("hello")
    assert (verdict.decision, verdict.text) == ("review", policy.messages.hand_over)


async def test_hanging_threads_do_not_pile_up(made: Made, release: threading.Event) -> None:
    rails = made(lambda: release.wait(60) and [], {"timeout_ms": 10})
    before = threading.active_count()
    for _ in range(THREADS + 4):
        assert (await rails.acheck_input("hello")).decision == "block"
    assert threading.active_count() <= before + THREADS
    failures = rails.failures
    assert failures[Custom.name] == THREADS
    assert failures["engine"] == 4  # refused at once: every thread hangs
    release.set()
    for _ in range(1000):
        if (await rails.acheck_input("hello")).decision == "allow":
            break
    else:
        pytest.fail("threads that have ended are not used again")


def test_the_whole_may_not_take_longer_than_the_policy_says(made: Made, release: threading.Event) -> None:
    rails = made(lambda: release.wait(60) and [], {"timeout_ms": 60_000}, timeout_ms=50)
    verdict = rails.check_output("hello")
    assert (verdict.decision, verdict.reason) == ("block", "engine: error (TimeoutError)")
    assert rails.failures == {"engine": 1}


FINDINGS: list[tuple[Finding, dict[str, object], str, str]] = [
    (Finding("custom_one", "x", float("nan")), {"threshold": 0.5}, "block", "Let us stay friendly."),
    (Finding("custom_one", "x", 0.4), {"threshold": 0.5}, "allow", "hello"),
    (Finding("custom_one", "x", 0.5), {"threshold": {"input": 0.5}}, "block", "Let us stay friendly."),
    (Finding("custom_one", "x", 0.5), {"threshold": {"input": 0.6}}, "allow", "hello"),
    (
        Finding("custom_one", "x", 1.0),
        {"input": "mask"},
        "review",
        "Let us stay friendly.",
    ),  # there is no place to mask
    (Finding("custom_one", "X", 1.0, 0, 5), {"input": "mask"}, "modify", "<X_1>"),
    (Finding("custom_one", "x", 1.0), {"input": "ignore"}, "allow", "hello"),
]


@pytest.mark.parametrize(("finding", "custom", "decision", "text"), FINDINGS)
def test_findings(tmp_path: Path, finding: Finding, custom: dict[str, object], decision: str, text: str) -> None:
    verdict = _checked(tmp_path, finding, custom)
    assert (verdict.decision, verdict.text) == (decision, text)


def test_messages_for_a_detector_and_its_labels(tmp_path: Path) -> None:
    texts = {"custom_one": "Not here.", "custom_one.rude": "I understand that this is annoying."}
    for label, text in (("rude", texts["custom_one.rude"]), ("other", texts["custom_one"])):
        for action in ("review", "block"):
            finding = Finding("custom_one", label, 1.0)
            verdict = _checked(tmp_path, finding, {"input": action}, messages={"detectors": texts})
            assert (verdict.decision, verdict.text, verdict.reason) == (action, text, f"custom_one: {label}")


def test_workers_refuse_and_recover(release: threading.Event) -> None:
    workers = Workers(1)
    hanging = workers.submit(release.wait)
    queued = workers.submit(lambda: 1)
    workers.give_up(queued)
    assert queued.cancelled()
    while not hanging.running():
        pass
    workers.give_up(hanging)
    with pytest.raises(UnavailableError, match="hang"):
        workers.submit(lambda: 2)
    release.set()
    assert hanging.result() is True
    assert workers.submit(lambda: 3).result() == 3
    with pytest.raises(ZeroDivisionError):
        workers.submit(lambda: 1 // 0).result()
