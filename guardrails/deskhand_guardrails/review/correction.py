"""What a reviewer wrote, made fit to be stored: personal data out, the conversation's placeholders left alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.redaction import redact

_PLACEHOLDER = re.compile(r"<([A-Z][A-Z_]*)_(\d{1,4})>")


def without_personal_data(text: str, known: Iterable[str]) -> str:
    """``text`` with new personal data as placeholders that the conversation has not used yet.

    Args:
        text: the correction; placeholders in it are the draft's own and stay.
        known: the conversation's other texts. A colleague's name must not become their ``<PERSON_1>``, the customer.
    """
    used = max((int(match[2]) for one in (text, *known) for match in _PLACEHOLDER.finditer(one)), default=0)
    pseudonyms = Pseudonyms()
    pieces: list[str] = []
    at = 0
    for match in _PLACEHOLDER.finditer(text):
        pieces += [_hidden(text[at : match.start()], pseudonyms, used), match.group()]
        at = match.end()
    return "".join([*pieces, _hidden(text[at:], pseudonyms, used)])


def _hidden(text: str, pseudonyms: Pseudonyms, used: int) -> str:
    hidden, _ = redact(text, pseudonyms=pseudonyms)
    return _PLACEHOLDER.sub(lambda match: f"<{match[1]}_{int(match[2]) + used}>", hidden)
