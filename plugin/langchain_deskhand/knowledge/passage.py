"""``Passage``: the unit that is found, shown to the model and cited."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from deskhand_guardrails.prompt import TICKET

FAQ = "faq:"
"""How the reference of an entry of a list of questions and answers begins."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A section of an article (title: where it stands), or a resolved ticket or FAQ (title: what was asked)."""

    title: str
    text: str
    reference: str = ""
    """Where it comes from: a path with a section, ``faq:PATH#NUMBER`` or ``ticket:ID``."""
    access: tuple[str, ...] = ()
    """Who may find it: whoever holds one of these labels; everybody when there are none."""

    @property
    def compared(self) -> str:
        """What questions are compared with.

        For a ticket or FAQ that is the question alone: with the answer beside it, a rephrased question comes out less
        similar (0.86 against 0.73 for "forgot password how to change it" and a ticket on resetting one).
        """
        return self.title if self.reference.startswith((TICKET, FAQ)) else f"{self.title}\n{self.text}"

    @property
    def digest(self) -> str:
        """The same for the same text and reference, whichever run reads it and whoever may find it."""
        return hashlib.sha256("\0".join((self.title, self.text, self.reference)).encode()).hexdigest()
