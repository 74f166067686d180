"""``Assurance``: how probably an answer is right, and the hand-over where that is not probable enough."""

from __future__ import annotations

from dataclasses import dataclass

from deskhand_guardrails.confidence import Calibration, Signals
from deskhand_guardrails.smalltalk import small_talk
from deskhand_guardrails.verdicts import Verdict
from langchain_deskhand.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Assurance:
    """A calibration with its threshold, and what the customer reads below it."""

    calibration: Calibration
    minimum: float
    message: str

    def before(self, exchange: Exchange) -> None:
        """Judges by the sources, before the model writes."""
        self._judge(exchange, Signals.of(exchange.sources), holds=True)

    def after(self, exchange: Exchange, *, released: bool) -> None:
        """Judges the answer; once part of it was released, its confidence is recorded and no more."""
        if exchange.calls or exchange.broken_calls:
            return  # not an answer yet
        if exchange.hands_over:
            return  # none at all
        self._judge(exchange, Signals.of(exchange.sources, exchange.draft, exchange.logprobs), holds=not released)

    def _judge(self, exchange: Exchange, signals: Signals, *, holds: bool) -> None:
        exchange.confidence = self.calibration.probability(signals)
        unlikely = exchange.confidence < self.minimum
        if holds and unlikely and not exchange.unsure and not exchange.results and not small_talk(exchange.question):
            reason = f"confidence {exchange.confidence:.2f}, below {self.minimum:.2f}"
            exchange.unsure = Verdict("review", self.message, reason=reason)
