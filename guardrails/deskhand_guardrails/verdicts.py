"""The words in which the rails speak: finding, verdict, decision, direction, context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from deskhand_guardrails.prompt import Source

if TYPE_CHECKING:
    from deskhand_guardrails.pseudonyms import Pseudonyms
    from deskhand_guardrails.training_text import TrainingText

Direction = Literal["input", "retrieved", "output"]
DIRECTIONS: tuple[Direction, ...] = ("input", "retrieved", "output")
Decision = Literal["allow", "modify", "review", "block"]

SEVERITY: dict[Decision, int] = {"allow": 0, "modify": 1, "review": 2, "block": 3}
"""Decisions from harmless to hardest: of several, the highest holds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a detector saw at ``text[start:end]`` of the text that was checked. It never holds the text itself."""

    detector: str
    label: str
    score: float
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rails say about one text.

    ``text`` is what may be passed on: the text itself, the text with placeholders or masks, or (on ``block`` and
    ``review``) the message for the customer. ``reason`` is for the reviewer and holds no customer text.
    """

    decision: Decision
    text: str
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    milliseconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether ``text`` may go on to the model or to the customer as an answer."""
        return self.decision in ("allow", "modify")


@dataclass(frozen=True, slots=True)
class CheckedMessage:
    """What the rails say about a whole chat message.

    ``message`` is what may be passed on, in the form in which it came; when the verdict holds it back, the message for
    the customer in its place. The places of ``verdict.findings`` count within each of its texts (``parts``).
    """

    message: dict[str, Any]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class CheckedCall:
    """What the rails say about a model's call of a tool; of one that is held back, nothing may be used.

    The places of ``verdict.findings`` count within the call as a text (``tool_calls``).
    """

    name: str
    arguments: dict[str, Any] | str
    """What may be passed on, in the form in which it came."""
    verdict: Verdict


@dataclass(slots=True)
class Context:
    """What a check may know beside the text: the conversation's pseudonyms, known names, the question, the sources."""

    pseudonyms: Pseudonyms | None = None
    names: Sequence[str] = ()
    """People known to take part (requester, agents): found in the text without any model."""
    question: str = ""
    sources: Sequence[Source] = ()
    conversation: Sequence[str] = field(default_factory=tuple)
    """Earlier texts of the conversation, oldest first."""
    instructions: str = ""
    """What the model was told beside our own instructions: the caller's system messages."""
    training_text: TrainingText | None = None
    """What the model that answers was trained on."""


class Detector(Protocol):
    """One check. ``detect`` is pure: same text and context, same findings; it raises rather than guess.

    A detector that has a score for harmless texts too brings a method ``score(text, context) -> float`` (0 to 1). One
    whose findings at a place depend on no more than so many characters before it says so with an attribute ``reach``:
    of an answer that is being written it then reads the new end only. One that is to be part of every policy is
    registered: ``deskhand_guardrails.registry``.
    """

    name: str

    def detect(self, text: str, context: Context) -> Sequence[Finding]: ...
