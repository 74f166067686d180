"""All personal data and secrets of a text, replaced: the fast path for records that will be trained on.

No rails engine: everything that is found goes, whatever a policy would do with it in a conversation. What a policy adds
is the company's own contact data (which stays), more kinds to look for, and detectors of your own that mask.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from deskhand_guardrails.detectors.labels import DEFAULT_LABELS
from deskhand_guardrails.detectors.personal_data import PersonalData, PersonalDataSettings
from deskhand_guardrails.detectors.recognisers import people
from deskhand_guardrails.detectors.secrets import Secrets
from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.registry import OURS, Setup
from deskhand_guardrails.verdicts import Context, Detector, Finding

if TYPE_CHECKING:
    from deskhand_guardrails.policy import Policy

# A name of two words or more, each with a capital: its parts are names as well.
_FULL_NAME = re.compile(r"[A-ZÀ-ÖØ-ÞĀ-Ž][\w'’-]+(?:[ ][A-ZÀ-ÖØ-ÞĀ-Ž][\w'’.-]*){1,3}")


def redact(
    text: str, *, names: Sequence[str] = (), pseudonyms: Pseudonyms | None = None
) -> tuple[str, tuple[Finding, ...]]:
    """``text`` with placeholders, and what was found in it.

    Args:
        text: one message.
        names: people who are known to take part.
        pseudonyms: the conversation's, so that a value keeps its placeholder from message to message.
    """
    found = _shipped().find(text, names)
    return (Pseudonyms() if pseudonyms is None else pseudonyms).hide(text, found), found


class Redaction:
    """What a policy looks for in training data; models are loaded once, when it is made."""

    def __init__(self, policy: Policy | None = None) -> None:
        """All shipped kinds of personal data and secrets, and what ``policy`` adds."""
        self._detectors: tuple[Detector, ...] = (PersonalData(), Secrets()) if policy is None else _of(policy)

    def find(self, text: str, names: Sequence[str] = ()) -> tuple[Finding, ...]:
        """The findings in one text, by place; they may overlap."""
        context = Context(names=names)
        findings = [one for detector in self._detectors for one in detector.detect(text, context)]
        return tuple(sorted(findings, key=lambda one: (one.start, one.end)))

    def conversation(
        self, texts: Sequence[str], names: Sequence[str], pseudonyms: Pseudonyms
    ) -> list[tuple[str, tuple[Finding, ...]]]:
        """Each text of a conversation with placeholders, and what was found in it.

        A value that one text gives away ("my name is Ada Obi") is replaced in all of them, before it and after it.
        """
        found = [self.find(text, names) for text in texts]
        for text, findings in zip(texts, found, strict=True):
            pseudonyms.hide(text, findings)
        said = {
            text[one.start : one.end]
            for text, findings in zip(texts, found, strict=True)
            for one in findings
            if one.label == "PERSON"
        }
        introduced = tuple(sorted(name for name in said if _FULL_NAME.fullmatch(name)))
        hidden: list[tuple[str, tuple[Finding, ...]]] = []
        for text, findings in zip(texts, found, strict=True):
            parts = people.find_known(text, introduced)
            repeated = [
                *pseudonyms.known(text),
                *(Finding("personal_data", span.label, span.score, span.start, span.end) for span in parts),
            ]
            more = [one for one in repeated if not any(one.start < own.end and own.start < one.end for own in findings)]
            every = tuple(sorted((*findings, *more), key=lambda one: (one.start, one.end)))
            hidden.append((pseudonyms.hide(text, every), every))
        return hidden


def _of(policy: Policy) -> tuple[Detector, ...]:
    settings = policy.detectors["personal_data"]
    labels = {*DEFAULT_LABELS, *(settings.entities if isinstance(settings, PersonalDataSettings) else ())}
    allow = policy.settings.allow
    ours = {name for name, _ in OURS}
    others = (
        policy.types[name].build(Setup(own, "input", policy))
        for name, own in policy.detectors.items()
        if name not in ours and own.action("input") == "mask"
    )
    personal = PersonalData(labels, allow=[*allow.domains, *allow.emails, *allow.phones])
    return (personal, Secrets(), *others)


@functools.lru_cache(maxsize=1)
def _shipped() -> Redaction:
    return Redaction()
