"""The card of the grounding heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_HEAD = """---
license: cdla-sharing-1.0
language: en
tags: [guardrails, grounding, attribution]
---

# Grounding heads

Two logistic regressions over a handful of measurements of one sentence against its sources
(`detectors/support.py`): `unsupported_claim` asks whether the sources lack it, `contradicted_claim` whether they say
the opposite. A few hundred bytes; the encoder that reads words by meaning is the shipped one.

**Build.** `python scripts/grounding/build.py DATA` (seed 7, about a minute on one core).

**Threshold.** 0.5, which is a point on a scale and no probability: training moved each head's bias there, to the score
that together at most 1 in 100 right answers of the sample (190 English reference answers beside their article,
paraphrases all) reaches. The sample trains nothing; it sets this threshold.

## Data and licences

| set | used for | licence |
|---|---|---|
| BEGIN (development part): turns of dialogues, each with its sentence | training | CC BY 4.0, CDLA-Sharing-1.0 |
| Bitext customer support: an answer beside three others to the same intent | training | CDLA-Sharing-1.0 |
| SummEdits, sales e-mails and meetings | measuring only | Apache-2.0, MIT |

Bitext's wrong answers are made: a claim negated, one word as its opposite, a claim of another intent.

## Measured by left-out source

AUC of the answer's score (its worst claim), without the source in training, and with it but without the documents or
intents that are measured.
"""

_LIMITS = """
## Limits

A summary in which one word was changed (SummEdits) is hardly ever told from the right one: training on it made every
other source worse, so it only measures. A claim in other words than the sources' and a wrong one in theirs look alike;
`benchmarks/grounding.py` prints how many planted claims of each kind are found at 1 % false alarms, and the curve.
Its right answers are the sample's, and the rules that plant the wrong ones were known when the threshold was set and
when the check for plain denials beside the heads was written: an honest estimate, not an independent one.
English only.
"""


def card(figures: Mapping[str, Sequence[Mapping[str, Any]]], heads: Mapping[str, Mapping[str, Any]]) -> str:
    """The card's text."""
    parts = [_HEAD]
    for label, rows in figures.items():
        parts.append(f"\n**{label}** (bias {heads[label]['bias']})\n")
        parts.append("| source | right | wrong | AUC, left out | AUC, by document |\n|---|---|---|---|---|")
        for row in rows:
            left_out = "" if row["left out"] is None else row["left out"]
            parts.append(f"| {row['source']} | {row['right']} | {row['wrong']} | {left_out} | {row['by document']} |")
    return "\n".join(parts) + "\n" + _LIMITS
