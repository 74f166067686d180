"""Topic: is a message about what the desk is asked, by the desk's own tickets? If not, a polite refusal.

Off until the policy names a file that ``deskhand policy topics`` has learnt (``detectors.topic.model``). Greetings,
thanks and short messages pass, above all within a conversation: "yes please, the blue one" is about nothing by itself.
The vector of a message is the one that the search for sources asks for, so a desk with knowledge pays for one pass.

Not covered: a long message that asks for something strange among much about orders; a new product that no ticket has
named yet; languages that the tickets are not in.
"""

from __future__ import annotations

import re
from typing import Literal

from deskhand_guardrails.detectors.settings import Action, DetectorSettings, Text
from deskhand_guardrails.encoder import Encoder
from deskhand_guardrails.errors import ConfigError, InputError
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.smalltalk import small_talk
from deskhand_guardrails.topics import Topics
from deskhand_guardrails.verdicts import Context, Direction, Finding

FEWEST_WORDS = 3
"""A shorter message opens a conversation ("refund", "Order FH-1") rather than asks for something strange."""
FEWEST_WORDS_LATER = 8
"""Within a conversation a shorter one answers or goes on, and says its topic by what stands before it."""

_WORD = re.compile(r"[^\W\d_]+")


class TopicSettings(DetectorSettings):
    """Which file says what the desk handles."""

    model: Text | None = None
    """What ``deskhand policy topics`` wrote: a path relative to the policy folder. Without one this detector is off."""
    retrieved: Literal["ignore"] = "ignore"
    output: Literal["ignore"] = "ignore"

    def action(self, direction: Direction) -> Action:
        """What a finding leads to; ``ignore`` without a model."""
        return DetectorSettings.action(self, direction) if self.model else "ignore"

    @property
    def idle(self) -> str:
        """Why it does nothing."""
        return "" if self.model else "has no model; learn one with: deskhand policy topics DATASET --policy DIR"


class Topic:
    """Finds messages about something else than the desk's business; label ``off_topic``."""

    name = "topic"
    settings = TopicSettings
    message = "I can only help with questions about our products, orders and services."

    def __init__(self, topics: Topics, encoder: Encoder, threshold: float | None = None) -> None:
        """``threshold`` None takes the one that 1 in 100 of the desk's newer messages exceeded."""
        self._topics = topics
        self._encoder = encoder
        self.threshold = topics.threshold if threshold is None else threshold

    @classmethod
    def build(cls, setup: Setup[TopicSettings]) -> Topic:
        """The detector of a policy.

        Raises:
            ConfigError: the file is missing, broken, or of another encoder.
        """
        key = "rails.config.deskhand.detectors.topic.model"
        again = f"make it with: deskhand policy topics DATASET --policy {setup.policy.folder}"
        try:
            topics = Topics.load(setup.policy.folder / str(setup.settings.model))
        except InputError as error:
            raise ConfigError(f"{key}: {error}; {again}") from None
        encoder = setup.encoder
        if not topics.is_of(encoder):
            raise ConfigError(f"{key}: {setup.settings.model}: learnt with another encoder; {again}")
        return cls(topics, encoder, setup.threshold)

    def detect(self, text: str, context: Context) -> list[Finding]:
        """One finding for the whole message, or none."""
        score = self.score(text, context)
        return [Finding(self.name, "off_topic", round(score, 4), 0, len(text))] if score >= self.threshold else []

    def score(self, text: str, context: Context) -> float:
        """The distance to what the desk is asked; 0 for what is too short to be about anything."""
        words = len(_WORD.findall(text))
        if words < (FEWEST_WORDS_LATER if context.conversation else FEWEST_WORDS) or small_talk(text):
            return 0.0
        return self._topics.distance(self._encoder.encode([text])[0])
