"""Figures in an answer that nothing supports: numbers, prices, dates, links, e-mail addresses.

An answer is written from sources; a figure that stands in none of them, nor in the question or the conversation, is
made up or remembered from somebody else's ticket. Not covered: claims without a figure.
"""

from __future__ import annotations

from deskhand_guardrails.detectors.figures import Known, figures
from deskhand_guardrails.detectors.settings import OutputSettings
from deskhand_guardrails.growing import REACH
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.verdicts import Context, Finding


class Grounding:
    """Finds figures of an answer that none of the context's sources, question and earlier turns holds."""

    name = "grounding"
    settings = OutputSettings
    reach = REACH

    @classmethod
    def build(cls, setup: Setup[OutputSettings]) -> Grounding:  # noqa: ARG003 - the registry's signature
        """The detector of a policy."""
        return cls()

    def detect(self, text: str, context: Context) -> list[Finding]:
        """Findings labelled ``unsupported_figure``."""
        stated = figures(text, strict=True)
        if not stated:
            return []
        texts = [context.question, *context.conversation]
        texts += [part for source in context.sources for part in (source.title, source.text, source.reference)]
        known = Known(texts)
        return [
            Finding(self.name, "unsupported_figure", 1.0, one.start, one.end)
            for one in stated
            if not known.supports(one)
        ]
