"""The record of an exchange: one turn in the store, written before the last of its answer is released."""

from __future__ import annotations

import asyncio
import re

from deskhand_guardrails.monitor import Store
from deskhand_guardrails.redaction import redact
from deskhand_guardrails.steps import Step, Steps
from deskhand_guardrails.verdicts import Decision
from langchain_deskhand.exchange import Exchange

_PLACEHOLDER = re.compile(r"(<[A-Z][A-Z_]*_\d{1,4}>)")


def record(exchange: Exchange, store: Store | None) -> Steps[None]:
    """Writes the finished exchange to ``store`` (None records nothing).

    A model that only asks a tool has not answered yet: such a step is recorded when it was held back, or together with
    the answer that follows, whose sources name what the tools returned.

    Raises:
        UnavailableError: the store does not take it; then the answer must not be released.
    """
    if exchange.asks_tools:
        exchange.recorded = True
        return
    yield from _write(exchange, store, exchange.decision, exchange.reason)


def record_unfinished(exchange: Exchange, store: Store | None, error: BaseException) -> Steps[None]:
    """Writes what there is of an exchange that ``error`` ended, unless it was recorded (or failed to be) before.

    When the reader left, what was released had passed the rails. When something failed, the customer has no answer: a
    person should look, so the turn goes to review.
    """
    if exchange.recorded:
        return
    name = type(error).__name__
    if isinstance(error, (GeneratorExit, asyncio.CancelledError, KeyboardInterrupt)):
        yield from _write(exchange, store, exchange.decision, f"the reader left before the end ({name})")
    else:
        decision: Decision = "block" if exchange.decision == "block" else "review"
        yield from _write(exchange, store, decision, f"failed before the end ({name})")


def _write(exchange: Exchange, store: Store | None, decision: Decision, reason: str) -> Steps[None]:
    exchange.recorded = True
    if store is None:
        return
    draft: str = yield Step.blocking(lambda: _hidden(exchange))
    turn = exchange.turn(draft, decision, reason)
    yield Step.blocking(lambda: store.add(turn))


def _hidden(exchange: Exchange) -> str:
    """The draft without personal data: the model may write some that nobody gave it.

    The conversation's placeholders are left alone; ``redact`` would take them for something a user typed.
    """
    context = exchange.context
    parts = _PLACEHOLDER.split(exchange.spoken)
    for at in range(0, len(parts), 2):
        parts[at] = redact(parts[at], names=context.names, pseudonyms=context.pseudonyms)[0]
    return "".join(parts)
