"""What is remembered of a conversation while the process lives: its placeholders, and what was checked already."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.steps import Step, Steps
from deskhand_guardrails.verdicts import Verdict

# A conversation of 20 messages takes about 50 kB; more are checked again when they go on.
MOST_CONVERSATIONS = 1000


@dataclass(slots=True)
class Conversation:
    """Placeholders, and the result of every check under them, so that a text is checked once.

    It holds personal data: it is never logged, stored or sent, and ``repr`` shows none of it.
    """

    name: str = ""
    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)
    _results: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def once(self, key: Hashable, step: Step) -> Steps[Any]:
        """What ``step`` gives, or gave before for the same ``key``; a check that failed is tried again."""
        if key not in self._results:
            result = yield step
            if _failed(result):
                return result
            self._results[key] = result
        return self._results[key]


class Conversations:
    """The most recently used conversations by name. Safe to use from several threads."""

    def __init__(self, most: int = MOST_CONVERSATIONS) -> None:
        """Keeps at most ``most``."""
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Conversation] = OrderedDict()

    def get(self, name: str) -> Conversation:
        """The conversation of that name, a new one when it was not seen, or not for long."""
        with self._lock:
            found = self._kept.setdefault(name, Conversation(name))
            self._kept.move_to_end(name)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return found

    def __len__(self) -> int:
        return len(self._kept)


def _failed(result: object) -> bool:
    return isinstance(result, Verdict) and any(finding.label == "error" for finding in result.findings)
