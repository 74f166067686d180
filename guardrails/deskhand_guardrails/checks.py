"""Our own checks of one direction as one stage: text in, verdict out. The rails engine sees it as a single rail."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from deskhand_guardrails.detectors.settings import Action, DetectorSettings
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.policy import Messages, Policy
from deskhand_guardrails.pseudonyms import Pseudonyms, anonymous, mask
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import SEVERITY, Context, Decision, Detector, Direction, Finding, Verdict

log = logging.getLogger(__name__)

DIRECTIONS: tuple[Direction, ...] = ("input", "retrieved", "output")

_DECISIONS: dict[Action, Decision] = {"ignore": "allow", "mask": "modify", "review": "review", "block": "block"}


@dataclass(frozen=True, slots=True)
class Check:
    """A detector and what its findings lead to."""

    detector: Detector
    action: Action
    threshold: float


class Checks:
    """All checks of a policy, by direction."""

    def __init__(self, policy: Policy, custom: Sequence[Detector] = ()) -> None:
        """Loads what the policy switches on.

        Raises:
            ConfigError: a custom detector has a name that is taken, or the policy has settings for one that is missing.
            UnavailableError: a shipped model cannot be loaded.
        """
        _check_names(policy, custom)
        self._messages = policy.messages
        self._checks = {direction: _built(policy, direction, custom) for direction in DIRECTIONS}
        self._lock = threading.Lock()
        self._failures: Counter[str] = Counter()

    @property
    def failures(self) -> dict[str, int]:
        """How often each detector raised instead of answering; each time the text was blocked."""
        with self._lock:
            return dict(self._failures)

    def run(self, direction: Direction, text: str, context: Context) -> Verdict:
        """The verdict of all checks of ``direction`` on ``text``: the hardest decision holds."""
        findings: list[Finding] = []
        masked: list[Finding] = []
        reasons: dict[str, Decision] = {}
        for check in self._checks[direction]:
            found = self._found(check, text, context)
            failed = any(one.label == "error" for one in found)
            decision: Decision = "block" if failed else _DECISIONS[check.action]
            findings.extend(found)
            masked.extend(found if decision == "modify" else ())
            reasons.update({f"{one.detector}: {one.label}": decision for one in found})
        findings.sort(key=lambda one: (one.start, one.end))
        decision = max(reasons.values(), key=SEVERITY.__getitem__, default="allow")
        reason = ", ".join(sorted(name for name, weight in reasons.items() if weight == decision))
        if decision in ("review", "block"):
            return Verdict(decision, held_back(decision, self._messages), tuple(findings), reason)
        replaced = _replaced(direction, text, masked, context)
        if replaced != text and decision == "allow":
            return Verdict("modify", replaced, tuple(findings), "placeholder written by hand")
        return Verdict(decision, replaced, tuple(findings), reason)

    def scores(self, direction: Direction, text: str, context: Context) -> dict[str, float]:
        """Every detector's highest score on ``text``, flagged or not. Raises what a detector raises."""
        scores: dict[str, float] = {}
        for check in self._checks[direction]:
            scores[check.detector.name] = score_of(check.detector, text, context)
        return scores

    def _found(self, check: Check, text: str, context: Context) -> list[Finding]:
        try:
            return [one for one in check.detector.detect(text, context) if one.score >= check.threshold]
        except Exception as error:  # noqa: BLE001 - a guard that fails must hold the text back, whatever went wrong
            name = check.detector.name
            with self._lock:
                self._failures[name] += 1
            # The type only: a message or a traceback could quote the customer.
            log.error("detector %s failed (%s); the text was blocked", name, type(error).__name__)
            return [Finding(name, "error", 1.0)]


def score_of(detector: Detector, text: str, context: Context) -> float:
    """The detector's own score, flagged or not; of one that has none, its highest finding's."""
    score: Callable[[str, Context], float] | None = getattr(detector, "score", None)
    if score is not None:
        return score(text, context)
    return max((one.score for one in detector.detect(text, context)), default=0.0)


def held_back(decision: Decision, messages: Messages) -> str:
    """What the customer reads when a text does not go out."""
    return messages.hand_over if decision == "review" else messages.refusal


def _replaced(direction: Direction, text: str, masked: Iterable[Finding], context: Context) -> str:
    """Reversible placeholders for what the customer wrote; for sources and answers masks that nothing restores."""
    if direction == "input":
        return (Pseudonyms() if context.pseudonyms is None else context.pseudonyms).hide(text, masked)
    hidden = mask(text, masked)
    # A source's placeholders are another customer's: restored, they would become this customer's values.
    return anonymous(hidden) if direction == "retrieved" else hidden


def _built(policy: Policy, direction: Direction, custom: Sequence[Detector]) -> list[Check]:
    checks: list[Check] = []
    for name, settings in policy.detectors.items():
        if (action := settings.action(direction)) != "ignore":
            detector = policy.types[name].build(Setup(settings, direction, policy))
            checks.append(Check(detector, action, settings.threshold_for(direction) or 0.0))
    for detector in custom:
        settings = policy.custom.get(detector.name, DetectorSettings())
        if (action := settings.action(direction)) != "ignore":
            checks.append(Check(detector, action, settings.threshold_for(direction) or 0.0))
    return checks


def _check_names(policy: Policy, custom: Sequence[Detector]) -> None:
    names = [detector.name for detector in custom]
    taken = sorted({name for name in names if names.count(name) > 1 or name in policy.types})
    missing = sorted(set(policy.custom) - set(names))
    faults = [f"detector {name}: the name is taken" for name in taken]
    faults += [f"rails.config.deskhand.detectors.custom.{name}: no detector of that name was given" for name in missing]
    if faults:
        raise ConfigError(f"policy {policy.folder}: " + "; ".join(faults))
