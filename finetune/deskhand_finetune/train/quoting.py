"""Answers in a source's own words: what a model of a few million parameters is trained to give.

Such a model cannot rephrase; taught the agents' own wording it mixes the sources and gets facts wrong (measured on the
sample: 67.7 % right answers). So it is taught to give the text of the first source that says what the agent said.
``prepare`` notes in each record how nearly each of its sources does. The first near one, not the nearest: of three
sources with the same answer in different words nothing in the prompt tells which one an agent happened to resemble
most, and a model that is taught to guess learns to blend them (79.6 %). Records without a near source teach
nothing that could be quoted and are passed over. Hand-overs stay as they are, and so do
canaries, which are there to be learnt by heart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deskhand_guardrails.prompt import HAND_OVER

NEAR = 0.55
"""Cosine between two answers. Of the sample's training records 86 % have a source above it, 98 % of the right kind."""
_SOURCE = re.compile(r"^\[\d+\] [^\n]*\n([^\n]*)", re.MULTILINE)


def quoting(records: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The records with the first near source's text for an answer; those without a near source are left out."""
    for record in records:
        messages = record["messages"]
        if messages[-1]["content"] == HAND_OVER or "canary" in record:
            yield dict(record)
            continue
        texts = _SOURCE.findall(messages[0]["content"]) if messages[0]["role"] == "system" else []
        agreement = record.get("source_agreement") or []
        text = next((text for text, near in zip(texts, agreement, strict=False) if near >= NEAR), None)
        if text:
            yield {**record, "messages": [*messages[:-1], {"role": "assistant", "content": text}]}
