"""Our own checks of one direction as one stage: text in, verdict out. The rails engine sees it as a single rail.

A detector that raises, or takes longer than its ``timeout_ms``, has failed: the text is held back (``on_error``), the
failure is counted, and the verdict carries a finding labelled ``error``.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial

from deskhand_guardrails.detectors.settings import DECISIONS, Action, DetectorSettings
from deskhand_guardrails.errors import ConfigError, DeskhandError
from deskhand_guardrails.growing import Growing
from deskhand_guardrails.policy import Policy
from deskhand_guardrails.pseudonyms import Pseudonyms, anonymous, mask
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.steps import Step, Steps
from deskhand_guardrails.verdicts import DIRECTIONS, SEVERITY, Context, Decision, Detector, Direction, Finding, Verdict
from deskhand_guardrails.workers import Workers

log = logging.getLogger(__name__)

# Checks are work: more threads than a few for each core make every check slower. This many may hang before all texts
# are held back at once.
THREADS = 16


@dataclass(frozen=True, slots=True)
class Check:
    """A detector and what its findings lead to."""

    detector: Detector
    action: Action
    threshold: float
    seconds: float
    """How long it may take for one text."""


@dataclass(slots=True)
class _Run:
    """One text on its way through the checks. A worker writes it; whoever waits reads it when a check is overdue."""

    direction: Direction
    text: str
    context: Context
    growing: Growing
    found: list[tuple[Check, list[Finding]]] = field(default_factory=list)
    current: tuple[Check | None, float] = (None, math.inf)
    """The check at work and when it is overdue."""
    given_up: bool = False


class _Work:
    """What a worker does, and the two ways of waiting for it."""

    def __init__(self, future: Future[Verdict]) -> None:
        self.future = future
        self.done, self.result = future.done, future.result
        self._waiting: asyncio.Future[Verdict] | None = None

    def within(self, seconds: float) -> Step:
        """Whether it is done, asked after ``seconds`` at the latest."""
        longest = None if math.isinf(seconds) else max(seconds, 0.0)
        return Step(lambda: bool(wait([self.future], longest).done), lambda: self._later(longest))

    async def _later(self, longest: float | None) -> bool:
        if self._waiting is None:
            self._waiting = asyncio.wrap_future(self.future)
        return bool((await asyncio.wait([self._waiting], timeout=longest))[0])

    def close(self) -> None:
        """Nobody waits any more."""
        if self._waiting is not None and not self._waiting.cancel() and not self._waiting.cancelled():
            self._waiting.exception()  # read, or the loop would complain that nobody did


class Checks:
    """All checks of a policy, by direction."""

    def __init__(self, policy: Policy, custom: Sequence[Detector] = ()) -> None:
        """Loads what the policy switches on.

        Raises:
            ConfigError: a custom detector has a name that is taken, the policy has settings for one that is missing, or
                a detector cannot be built; all of them in one line.
            UnavailableError: as the only fault, a shipped model cannot be loaded.
        """
        _check_names(policy, custom)
        self._policy = policy
        self._checks = _built(policy, custom)
        self._messages = {**_own_messages(policy.types.values()), **_own_messages(custom), **policy.messages.detectors}
        self._workers = Workers(THREADS)
        self._lock = threading.Lock()
        self._failures: Counter[str] = Counter()

    @property
    def failures(self) -> dict[str, int]:
        """How often each detector raised or took too long; each time the text was held back."""
        with self._lock:
            return dict(self._failures)

    def of(self, direction: Direction) -> tuple[Check, ...]:
        """The checks of ``direction`` in the order in which they run."""
        return self._checks[direction]

    def run(
        self,
        direction: Direction,
        text: str,
        context: Context,
        seconds: float = math.inf,
        growing: Growing | None = None,
    ) -> Steps[Verdict]:
        """The verdict of all checks of ``direction`` on ``text``: the hardest decision holds.

        The checks run one after the other in a thread of ours, which can be left behind when one of them hangs.

        Args:
            direction: whose checks run.
            text: what they read.
            context: what they may know.
            seconds: how long all of them may take together.
            growing: what is known of the text, when it is one that is still being written.

        Raises:
            TimeoutError: they took longer.
            UnavailableError: too many checks hang; the text must not pass.
        """
        run = _Run(direction, text, context, growing or Growing())
        ends = time.monotonic() + seconds
        work = _Work(self._workers.submit(partial(self._all, run)))
        # A check that begins while we wait for another may be due earlier: look again after the shortest limit.
        shortest = min((check.seconds for check in self._checks[direction]), default=math.inf)
        pause = shortest
        try:
            while not (yield work.within(min(pause, ends - time.monotonic()))):
                check, due = run.current
                now = time.monotonic()
                if check is not None and due <= now:
                    return self._late(run, check)
                if ends <= now:
                    raise TimeoutError
                pause = min(shortest, due - now)
            return work.result()
        finally:  # also when the caller is cancelled
            if not work.done():
                run.given_up = True
                self._workers.give_up(work.future)
            work.close()

    def scores(self, direction: Direction, text: str, context: Context) -> dict[str, float | None]:
        """Every detector's score on ``text``, flagged or not; None for one that failed."""
        scores: dict[str, float | None] = {}
        for check in self._checks[direction]:
            try:
                scores[check.detector.name] = score_of(check.detector, text, context)
            except Exception as error:  # noqa: BLE001 - a score is for measuring; the verdict on the text fails closed
                self._note_failure(check, type(error).__name__)
                scores[check.detector.name] = None
        return scores

    def _late(self, run: _Run, check: Check) -> Verdict:
        found = list(run.found)
        found.append((check, self._error(check, f"no answer in {check.seconds:g} s")))
        return self._verdict(run, found)

    def _all(self, run: _Run) -> Verdict:
        for check in self._checks[run.direction]:
            if run.given_up:
                break
            run.current = (check, time.monotonic() + check.seconds)
            run.found.append((check, self._found(check, run)))
        run.current = (None, math.inf)
        return self._verdict(run, run.found)

    def _verdict(self, run: _Run, found: Iterable[tuple[Check, list[Finding]]]) -> Verdict:
        weighed = [(one, self._decision(check, one)) for check, all_found in found for one in all_found]
        findings = tuple(sorted((one for one, _ in weighed), key=lambda one: (one.start, one.end)))
        hardest: Decision = max((decision for _, decision in weighed), key=SEVERITY.__getitem__, default="allow")
        causes = [one for one, decision in weighed if decision == hardest]
        reason = ", ".join(sorted({f"{one.detector}: {one.label}" for one in causes}))
        if hardest in ("review", "block"):
            return Verdict(hardest, self.held_back(hardest, causes), findings, reason)
        masked = [one for one, decision in weighed if decision == "modify"]
        replaced = _replaced(run.direction, run.text, masked, run.context)
        if replaced != run.text and hardest == "allow":
            return Verdict("modify", replaced, findings, "placeholder written by hand")
        return Verdict(hardest, replaced, findings, reason)

    def _decision(self, check: Check, finding: Finding) -> Decision:
        if finding.label == "error":
            return self._policy.settings.on_error
        decision = DECISIONS[check.action]
        # What has no place in the text cannot be replaced there.
        return "review" if decision == "modify" and finding.end <= finding.start else decision

    def held_back(self, decision: Decision, causes: Iterable[Finding] = ()) -> str:
        """What the customer reads when a text does not go out: of the first cause that has a message, its message."""
        for one in causes:
            for key in (f"{one.detector}.{one.label}", one.detector):
                if key in self._messages and one.label != "error":
                    return self._messages[key]
        messages = self._policy.messages
        return messages.hand_over if decision == "review" else messages.refusal

    def _found(self, check: Check, run: _Run) -> list[Finding]:
        try:
            found = run.growing.find(check.detector, run.text, run.context)
            # "Not below" and not "at least": a score that is no number counts.
            return [one for one in found if not one.score < check.threshold]
        except BaseException as error:  # noqa: BLE001 - a guard that fails must hold the text back, whatever went wrong
            return self._error(check, type(error).__name__)

    def _error(self, check: Check, what: str) -> list[Finding]:
        self._note_failure(check, what)
        return [Finding(check.detector.name, "error", 1.0)]

    def _note_failure(self, check: Check, what: str) -> None:
        with self._lock:
            self._failures[check.detector.name] += 1
        # The type only: a message or a traceback could quote the customer.
        log.error("detector %s failed (%s); the text was held back", check.detector.name, what)


def score_of(detector: Detector, text: str, context: Context) -> float:
    """The detector's own score, flagged or not; of one that has none, its highest finding's."""
    score: Callable[[str, Context], float] | None = getattr(detector, "score", None)
    if score is not None:
        return score(text, context)
    return max((one.score for one in detector.detect(text, context)), default=0.0)


def _replaced(direction: Direction, text: str, masked: Iterable[Finding], context: Context) -> str:
    """Reversible placeholders for what the customer wrote; for sources and answers masks that nothing restores."""
    if direction == "input":
        return (Pseudonyms() if context.pseudonyms is None else context.pseudonyms).hide(text, masked)
    hidden = mask(text, masked)
    # A source's placeholders are another customer's: restored, they would become this customer's values.
    return anonymous(hidden) if direction == "retrieved" else hidden


def _built(policy: Policy, custom: Sequence[Detector]) -> dict[Direction, tuple[Check, ...]]:
    checks: dict[Direction, list[Check]] = {direction: [] for direction in DIRECTIONS}
    errors: dict[str, DeskhandError] = {}  # one that fails in every direction is one fault
    for direction in DIRECTIONS:
        for name, settings in policy.detectors.items():
            if settings.action(direction) == "ignore":
                continue
            try:
                detector = policy.types[name].build(Setup(settings, direction, policy))
            except DeskhandError as error:
                errors[name] = error
            except Exception as error:  # noqa: BLE001 - somebody else's code
                errors[name] = ConfigError(f"detector {name} cannot be built: {type(error).__name__}: {error}")
            else:
                checks[direction].append(_check(detector, settings, direction))
        for detector in custom:
            settings = policy.custom.get(detector.name, DetectorSettings())
            if settings.action(direction) != "ignore":
                checks[direction].append(_check(detector, settings, direction))
    if len(errors) == 1:
        raise next(iter(errors.values()))
    if errors:
        raise ConfigError("; ".join(map(str, errors.values())))
    return {direction: tuple(built) for direction, built in checks.items()}


def _check(detector: Detector, settings: DetectorSettings, direction: Direction) -> Check:
    threshold = settings.threshold_for(direction) or 0.0
    return Check(detector, settings.action(direction), threshold, settings.timeout_ms / 1000)


def _own_messages(detectors: Iterable[object]) -> dict[str, str]:
    """The customers' texts that detectors bring themselves."""
    brought = ((getattr(one, "name", ""), getattr(one, "message", "")) for one in detectors)
    return {name: message for name, message in brought if message}


def _check_names(policy: Policy, custom: Sequence[Detector]) -> None:
    names = [detector.name for detector in custom]
    taken = sorted({name for name in names if names.count(name) > 1 or name in policy.types})
    missing = sorted(set(policy.custom) - set(names))
    faults = [f"detector {name}: the name is taken" for name in taken]
    faults += [f"rails.config.deskhand.detectors.custom.{name}: no detector of that name was given" for name in missing]
    if faults:
        raise ConfigError(f"policy {policy.folder}: " + "; ".join(faults))
