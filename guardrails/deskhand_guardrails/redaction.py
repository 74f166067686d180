"""All personal data and secrets of a text, replaced: the fast path for records that will be trained on.

No policy and no rails engine: everything that is found goes, whatever a policy would do with it in a conversation.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from deskhand_guardrails.detectors.personal_data import PersonalData
from deskhand_guardrails.detectors.secrets import Secrets
from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.verdicts import Context, Finding


def redact(
    text: str, *, names: Sequence[str] = (), pseudonyms: Pseudonyms | None = None
) -> tuple[str, tuple[Finding, ...]]:
    """``text`` with placeholders, and what was found in it.

    Args:
        text: one message.
        names: people who are known to take part.
        pseudonyms: the conversation's, so that a value keeps its placeholder from message to message.
    """
    personal, secrets = _detectors()
    context = Context(names=names)
    findings = (*personal.detect(text, context), *secrets.detect(text, context))
    ordered = tuple(sorted(findings, key=lambda one: (one.start, one.end)))
    return (Pseudonyms() if pseudonyms is None else pseudonyms).hide(text, ordered), ordered


@functools.lru_cache(maxsize=1)
def _detectors() -> tuple[PersonalData, Secrets]:
    return PersonalData(), Secrets()
