"""Confidence of a run: what is known about each of its answers to held-out tickets, and which of them were right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deskhand_finetune.evaluate.curves import figures
from deskhand_finetune.models import Model, Tokenizer, context_of
from deskhand_guardrails.confidence import Calibration, Signals, fit, out_of_fold
from deskhand_guardrails.encoder import Encoder
from deskhand_guardrails.prompt import HAND_OVER, Source

NEAR = 0.8
"""Without an answer key an answer counts as right when it is so similar to what the agent said."""

_SOURCE = re.compile(r"^\[\d+\] ([^\n]*)\n([^\n]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Measured:
    """A calibration and its figures, which come from answers that it was not fitted on (five folds)."""

    calibration: Calibration
    figures: Mapping[str, Any]


def measure(
    records: Sequence[Mapping[str, Any]],
    answers: Sequence[str],
    logprobs: Sequence[Sequence[float]],
    right: Mapping[int, bool],
) -> Measured | None:
    """Fits the confidence of a run; None where too few answers are judged, or all alike.

    Args:
        records: the test records.
        answers: the run's.
        logprobs: of each answer's tokens.
        right: for the places of the records that an answer key covers; without any, likeness to the agent's answer.
    """
    judge = "answer key" if right else f"similarity of at least {NEAR} to the agent's answer"
    judged = right or _near(records, answers)
    # Handing over is no answer: it cannot be right or wrong, and is not what confidence is asked about.
    places = [place for place in judged if answers[place] != HAND_OVER]
    sources = sources_of([records[place] for place in places])
    signals = [Signals.of(found, answers[place], logprobs[place]) for found, place in zip(sources, places, strict=True)]
    truth = [bool(judged[place]) for place in places]
    calibration = fit(signals, truth, judge)
    if calibration is None:
        return None
    held = figures(out_of_fold(signals, truth), truth)
    return Measured(calibration, {"records": len(truth), "judge": judge, **held})


def sources_of(records: Sequence[Mapping[str, Any]]) -> list[list[Source]]:
    """The sources in the prompts, with the similarity to the question that retrieval gives them."""
    encoder = Encoder.shipped()
    blocks = [_SOURCE.findall(record["messages"][0]["content"]) for record in records]
    named = [
        [
            (title, text, str(reference))
            for (title, text), reference in zip(block, record.get("source_ids", ()), strict=False)
        ]
        for block, record in zip(blocks, records, strict=True)
    ]
    compared = {one: _compared(*one) for block in named for one in block}
    places = {text: place for place, text in enumerate(dict.fromkeys(compared.values()))}
    vectors = encoder.encode(list(places))
    asked = encoder.encode([str(record.get("query") or " ") for record in records])
    return [
        [
            Source(title, text, reference, float(max(vectors[places[compared[title, text, reference]]] @ vector, 0.0)))
            for title, text, reference in block
        ]
        for block, vector in zip(named, asked, strict=True)
    ]


def _compared(title: str, text: str, reference: str) -> str:
    return title if reference.startswith("ticket:") else f"{title}\n{text}"


def _near(records: Sequence[Mapping[str, Any]], answers: Sequence[str]) -> dict[int, bool]:
    encoder = Encoder.shipped()
    wanted = encoder.encode([record["messages"][-1]["content"] for record in records])
    written = encoder.encode([answer or " " for answer in answers])
    return {place: bool(near >= NEAR) for place, near in enumerate((wanted * written).sum(axis=1))}


def token_logprobs(
    model: Model, tokenizer: Tokenizer, records: Sequence[Mapping[str, Any]], answers: Sequence[str]
) -> list[list[float]]:
    """The log-probability of each token of each answer, after its record's prompt; empty for one that is too long."""
    import torch

    from deskhand_finetune.train.loss import IGNORED
    from deskhand_finetune.train.tokens import tokenise

    found: list[list[float]] = []
    for record, answer in zip(records, answers, strict=True):
        said = {**record, "messages": [*record["messages"][:-1], {"role": "assistant", "content": answer or " "}]}
        rows = tokenise([said], tokenizer, context_of(model, tokenizer)).rows
        if not rows:
            found.append([])
            continue
        ids, labels = (torch.tensor([rows[0][name]], device=model.device) for name in ("input_ids", "labels"))
        with torch.inference_mode():
            shares = model(input_ids=ids).logits[0, :-1].float().log_softmax(dim=-1)
        wanted = labels[0, 1:]
        kept = wanted != IGNORED
        values = shares[kept].gather(1, wanted[kept][:, None])[:, 0]
        found.append([round(float(one), 4) for one in np.asarray(values.cpu())])
    return found
