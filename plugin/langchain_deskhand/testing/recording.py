"""A store that keeps turns in memory."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

from deskhand_guardrails.errors import InputError, UnavailableError
from deskhand_guardrails.monitor import Store, Turn
from deskhand_guardrails.monitor.turn import Feedback


class RecordingStore(Store):
    """A store in memory, for one process: ``turns`` holds what was recorded, oldest first.

    It has no review queue. With ``full=True`` it refuses every turn, as a full disk does.
    """

    def __init__(self, *, full: bool = False) -> None:
        """Starts empty, whatever ``Store`` needs."""
        self.turns: list[Turn] = []
        self.full = full
        self._lock = threading.Lock()

    def add(self, turn: Turn) -> None:
        """Records ``turn``."""
        if self.full:
            raise UnavailableError("store: full; free some space")
        with self._lock:
            if any(known.id == turn.id for known in self.turns):
                raise InputError(f"turn {turn.id}: already recorded; every turn needs an id of its own")
            self.turns.append(turn)

    def get(self, turn_id: str) -> Turn | None:
        """The turn, or None when nobody recorded it."""
        return next((turn for turn in self.turns if turn.id == turn_id), None)

    def recent(self, limit: int = 50) -> list[Turn]:
        """The newest turns, newest first."""
        return sorted(self.turns, key=lambda turn: turn.at, reverse=True)[:limit]

    def conversation(self, conversation_id: str, *, before: datetime | None = None, limit: int = 20) -> list[Turn]:
        """The newest ``limit`` turns of a conversation (those asked earlier than ``before``), oldest first."""
        found = [turn for turn in self.recent(len(self.turns)) if turn.conversation_id == conversation_id]
        return [turn for turn in found if before is None or turn.at < before][:limit][::-1]

    def feedback(self, turn_id: str, value: Feedback) -> None:
        """Records the customer's thumb."""
        with self._lock:
            for at, turn in enumerate(self.turns):
                if turn.id == turn_id:
                    self.turns[at] = replace(turn, feedback=value)
                    return
        raise InputError(f"turn {turn_id}: not recorded in this store")

    def ping(self) -> None:
        """Raises ``UnavailableError`` when the store is full."""
        if self.full:
            raise UnavailableError("store: full; free some space")

    def close(self) -> None:
        """Keeps what was recorded."""
