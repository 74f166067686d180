"""What a policy may say about a detector. Each detector brings a model of its own that extends this one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from deskhand_guardrails.verdicts import Decision, Direction

Action = Literal["ignore", "note", "mask", "review", "block"]
"""What a finding leads to: the detector does not run; the finding is recorded and the text passes; what was found is
replaced; a person decides; the text is held back."""
DECISIONS: dict[Action, Decision] = {
    "ignore": "allow",
    "note": "allow",
    "mask": "modify",
    "review": "review",
    "block": "block",
}
"""What each action makes of a text in which something was found."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Text = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    """Settings: typed, unknown keys are faults, frozen once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Thresholds(Strict):
    """A score for each direction from which findings count; None leaves it to the detector."""

    input: Share | None = None
    retrieved: Share | None = None
    output: Share | None = None


def _for_all(value: object) -> object:
    """One score stands for all directions."""
    if value is None or isinstance(value, int | float):
        return dict.fromkeys(("input", "retrieved", "output"), value)
    return value


class DetectorSettings(Strict):
    """What a detector's findings lead to in each direction, and the score from which they count.

    A detector of your own extends this with its keys, and changes defaults by declaring them again.
    """

    enabled: bool = True
    threshold: Annotated[Thresholds, BeforeValidator(_for_all)] = Thresholds()
    """One score, or one for each direction; null is the detector's own."""
    timeout_ms: Annotated[int, Field(gt=0)] = 10_000
    """Longer than this on one text, and the detector has failed. A second is long already; this stops a hang."""
    input: Action = "block"
    retrieved: Action = "block"
    output: Action = "block"

    def action(self, direction: Direction) -> Action:
        """What a finding leads to; ``ignore`` when the detector is switched off."""
        chosen: Action = getattr(self, direction)
        return chosen if self.enabled else "ignore"

    def threshold_for(self, direction: Direction) -> float | None:
        """The score from which findings count in ``direction``; None when the detector decides."""
        chosen: float | None = getattr(self.threshold, direction)
        return chosen

    @property
    def idle(self) -> str:
        """Why the detector does nothing although nobody switched it off, and what to do; empty when it works."""
        return ""


class OutputSettings(DetectorSettings):
    """For checks that only make sense on an answer; a person looks at what they find."""

    input: Literal["ignore"] = "ignore"
    retrieved: Literal["ignore"] = "ignore"
    output: Action = "review"
