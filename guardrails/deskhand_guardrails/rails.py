"""The rails: text in, verdict out, in three directions.

::

    rails = Rails(Policy.load())
    verdict = rails.check_input("My card is 4111 1111 1111 1111", Context(pseudonyms=Pseudonyms()))
    verdict.decision, verdict.text      # "modify", "My card is <CREDIT_CARD_1>"

All our own checks are one rail. Where the policy folder configures others beside it, NeMo Guardrails runs them all;
where it does not, the checks run directly. Whatever fails on the way, or takes too long (a detector, a rail, the
engine), holds the text back. Every call is independent, and any number may run at once.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deskhand_guardrails.checks import Checks
from deskhand_guardrails.engine import Engine, Outcome
from deskhand_guardrails.growing import Growing
from deskhand_guardrails.loop import submit
from deskhand_guardrails.message_check import check_message
from deskhand_guardrails.policy import Policy
from deskhand_guardrails.steps import Step, Steps, arun, run
from deskhand_guardrails.stream import AsyncGuardedStream, GuardedStream
from deskhand_guardrails.tool_calls import check_call
from deskhand_guardrails.verdicts import CheckedCall, CheckedMessage, Context, Detector, Direction, Finding, Verdict

if TYPE_CHECKING:
    from nemoguardrails.actions.rail_outcome import RailOutcome

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Call:
    """One check on its way through the engine, and what our own checks said in it."""

    direction: Direction
    context: Context
    growing: Growing | None
    verdict: Verdict | None = None


_call: ContextVar[_Call] = ContextVar("call")


class Rails:
    """A policy at work. Models are loaded when it is made, never for a message."""

    def __init__(self, policy: Policy, *, detectors: Sequence[Detector] = ()) -> None:
        """Loads the policy's checks and rails.

        Args:
            policy: what is allowed.
            detectors: checks of your own; findings block unless the policy's ``detectors.custom.NAME`` says else.

        Raises:
            ConfigError: the folder or a detector does not fit.
            UnavailableError: a shipped model cannot be loaded.
        """
        self.policy = policy
        self._detectors = tuple(detectors)
        self._checks = Checks(policy, detectors)
        self._engine = Engine(policy, self._act)
        self._lock = threading.Lock()
        self._engine_failures = 0

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled as the policy's folder and the caller's detectors; another process loads its models itself."""
        return _loaded, (self.policy.folder, self._detectors)

    @property
    def failures(self) -> dict[str, int]:
        """How often a detector, or ``engine``, failed; each time the text was held back with a finding ``error``."""
        counts = self._checks.failures
        if self._engine_failures:
            counts["engine"] = self._engine_failures
        return counts

    def warm(self) -> None:
        """Runs each direction once, so that the first customer does not wait for lazy parts."""
        for check in (self.check_input, self.check_retrieved, self.check_output):
            check("My name is Ann, write to ann@example.com about order 10023.")

    def check_input(self, text: str, context: Context | None = None) -> Verdict:
        """Whether and how a customer's message may go to the model."""
        return run(self._check("input", text, context))

    def check_retrieved(self, text: str, context: Context | None = None) -> Verdict:
        """Whether and how a retrieved passage may go into the prompt."""
        return run(self._check("retrieved", text, context))

    def check_output(self, text: str, context: Context | None = None) -> Verdict:
        """Whether and how an answer may go to the customer; its placeholders stay (``Pseudonyms.restore``)."""
        return run(self._check("output", text, context))

    async def acheck_input(self, text: str, context: Context | None = None) -> Verdict:
        """``check_input`` without holding up the caller's event loop."""
        return await arun(self._check("input", text, context))

    async def acheck_retrieved(self, text: str, context: Context | None = None) -> Verdict:
        """``check_retrieved`` without holding up the caller's event loop."""
        return await arun(self._check("retrieved", text, context))

    async def acheck_output(self, text: str, context: Context | None = None) -> Verdict:
        """``check_output`` without holding up the caller's event loop."""
        return await arun(self._check("output", text, context))

    def check_message(self, message: Mapping[str, Any], context: Context | None = None) -> CheckedMessage:
        """Whether and how a chat message may go on: content blocks, tool calls, tool results (see ``parts``)."""
        return run(self._check_message(message, context))

    async def acheck_message(self, message: Mapping[str, Any], context: Context | None = None) -> CheckedMessage:
        """``check_message`` without holding up the caller's event loop."""
        return await arun(self._check_message(message, context))

    def check_call(self, name: str, arguments: Mapping[str, Any] | str, context: Context | None = None) -> CheckedCall:
        """Whether and how a model's call may go to the tool ``name``; arguments that are no JSON are a text."""
        return run(self._check_call(name, arguments, context))

    async def acheck_call(
        self, name: str, arguments: Mapping[str, Any] | str, context: Context | None = None
    ) -> CheckedCall:
        """``check_call`` without holding up the caller's event loop."""
        return await arun(self._check_call(name, arguments, context))

    def guard_stream(self, chunks: Iterable[str], context: Context) -> GuardedStream:
        """Releases an answer piece by piece as it is written, each only after it was checked."""
        settings = self.policy.settings
        check = partial(self._check, "output")
        return GuardedStream(chunks, context, check, settings.messages.hand_over, settings.release_characters)

    def aguard_stream(self, chunks: AsyncIterable[str], context: Context) -> AsyncGuardedStream:
        """``guard_stream`` for an answer that arrives asynchronously."""
        settings = self.policy.settings
        check = partial(self._check, "output")
        return AsyncGuardedStream(chunks, context, check, settings.messages.hand_over, settings.release_characters)

    def scores(self, text: str, direction: Direction, context: Context | None = None) -> dict[str, float | None]:
        """Every detector's score on ``text``, flagged or not (0 to 1); None for one that failed."""
        return self._checks.scores(direction, text, context or Context())

    def _check_message(self, message: Mapping[str, Any], context: Context | None) -> Steps[CheckedMessage]:
        return check_message(message, context or Context(), self.policy.settings, self._check, self._checks.held_back)

    def _check_call(self, name: str, arguments: Mapping[str, Any] | str, context: Context | None) -> Steps[CheckedCall]:
        return check_call(name, arguments, context or Context(), self._check, self._checks.held_back)

    def _check(
        self, direction: Direction, text: str, context: Context | None, growing: Growing | None = None
    ) -> Steps[Verdict]:
        started = time.perf_counter()
        call = _Call(direction, context or Context(), growing)
        seconds = self.policy.settings.timeout_ms / 1000
        try:
            if not text.strip():
                verdict = Verdict("allow", text)
            elif self._engine.runs_nemo(direction):
                verdict = yield Step(
                    lambda: submit(self._by_nemo(call, text, seconds)).result(),
                    lambda: asyncio.wrap_future(submit(self._by_nemo(call, text, seconds))),
                )
            else:
                verdict = yield from self._checks.run(direction, text, call.context, seconds, growing)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, an unchecked text must not pass
            verdict = self._failed(direction, type(error).__name__)
        return replace(verdict, milliseconds=round((time.perf_counter() - started) * 1000, 3))

    async def _by_nemo(self, call: _Call, text: str, seconds: float) -> Verdict:
        """All rails of a direction that has some beside ours."""
        _call.set(call)
        async with asyncio.timeout(seconds):
            outcome = await self._engine.run(call.direction, text, call.context.question)
        own = call.verdict
        if outcome.blocked and own is not None and not own.passed:
            return own
        if outcome.broken:
            return self._failed(call.direction, outcome.rail)
        if outcome.blocked:
            return self._blocked(outcome, own)
        if own is None:  # the engine passed a text that our checks never saw
            return self._failed(call.direction, "checks did not run")
        return own if own.text == outcome.text and own.decision != "allow" else _passed(text, outcome, own)

    async def _act(self, text: str) -> RailOutcome:
        """The one action behind our three flows."""
        from nemoguardrails.actions.rail_outcome import RailOutcome, TransformTarget

        call = _call.get()
        call.verdict = verdict = await arun(self._checks.run(call.direction, text, call.context, growing=call.growing))
        if not verdict.passed:
            return RailOutcome.block(reason=verdict.reason)
        if verdict.text == text:
            return RailOutcome.allow()
        target = {
            "input": TransformTarget.USER_MESSAGE,
            "retrieved": TransformTarget.RELEVANT_CHUNKS,
            "output": TransformTarget.BOT_MESSAGE,
        }[call.direction]
        return RailOutcome.transform([(target, verdict.text)])

    def _blocked(self, outcome: Outcome, own: Verdict | None) -> Verdict:
        """A rail that the user added to the policy blocked."""
        findings = (*(own.findings if own else ()), Finding("nemo", outcome.rail, 1.0))
        return Verdict("block", outcome.text or self.policy.messages.refusal, findings, f"nemo: {outcome.rail}")

    def _failed(self, direction: Direction, what: str) -> Verdict:
        with self._lock:
            self._engine_failures += 1
        log.error("rails of direction %s failed (%s); the text was held back", direction, what)
        decision = self.policy.settings.on_error
        message = self._checks.held_back(decision)
        return Verdict(decision, message, (Finding("engine", "error", 1.0),), f"engine: error ({what})")


def _loaded(folder: Path, detectors: Sequence[Detector]) -> Rails:
    return Rails(Policy.load(folder), detectors=detectors)


def _passed(text: str, outcome: Outcome, own: Verdict) -> Verdict:
    """The verdict on a text that all rails let through, also where a rail that the user added has changed it."""
    if outcome.text == text:
        return replace(own, text=text, decision="allow" if own.text == text else "modify")
    findings = own.findings
    if outcome.text != own.text or own.decision == "allow":
        findings = (*findings, Finding("nemo", "rewritten", 1.0))
    return replace(own, decision="modify", text=outcome.text, findings=findings)
