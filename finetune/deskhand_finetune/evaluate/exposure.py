"""How well a model knows the canaries of its training data, and whether its answers repeat training text.

Exposure (Carlini et al., "The Secret Sharer", USENIX Security 2019, by sampling): a canary's place among so many random
tokens of the same form, by the probability that the model gives each after the canary's own question; in bits,
``log2(candidates) - log2(rank)``. A model that never saw the canary has ``CHANCE`` on average, one that knows it by
heart ``log2(candidates)``.
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from deskhand_finetune.evaluate.generate import answers
from deskhand_finetune.models import Model, Tokenizer, context_of
from deskhand_finetune.prepare.canaries import token
from deskhand_finetune.train.tokens import shorter
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.progress import Track, quiet
from deskhand_guardrails.training_text import TrainingText

CANDIDATES = 256
"""The canary and 255 others: eight bits at most, in 4 s of a slow core for the starter."""
CHANCE = round(1 / math.log(2), 2)
"""Bits on average where every rank is equally likely."""
ROWS = 64


def exposure(
    model: Model,
    tokenizer: Tokenizer,
    records: Sequence[Mapping[str, Any]],
    *,
    track: Track = quiet,
    candidates: int = CANDIDATES,
) -> dict[str, Any]:
    """What the model knows of the canaries in ``records`` (those of ``train.jsonl`` with the key ``canary``).

    Returns:
        ``{"canaries", "candidates", "bits": one for each, "mean", "highest", "chance", "told"}``; ``told`` counts those
        that the model gives when it is asked the canary's question.
    """
    draw = random.Random("alternatives")
    records = list({record["canary"]: record for record in records}.values())
    bits: list[float] = []
    for record in track(records, "canaries", len(records)):
        others = [token(draw) for _ in range(candidates - 1)]
        scores = _scores(model, tokenizer, record, [record["canary"], *others])
        rank = 1 + sum(other >= scores[0] for other in scores[1:])
        bits.append(round(math.log2(candidates) - math.log2(rank), 2))
    written = answers(model, tokenizer, records, track=quiet, what="canaries")
    return {
        "canaries": len(records),
        "candidates": candidates,
        "bits": bits,
        "mean": round(sum(bits) / len(bits), 2),
        "highest": max(bits),
        "chance": CHANCE,
        "told": sum(record["canary"] in answer for record, answer in zip(records, written, strict=True)),
    }


def repeated(
    learnt: TrainingText | None, records: Sequence[Mapping[str, Any]], written: Sequence[str]
) -> dict[str, int] | None:
    """How many answers repeat a training conversation's own words that their prompt does not hold."""
    if learnt is None or not learnt.filters:
        return None
    prompts = [[message["content"] for message in record["messages"][:-1]] for record in records]
    count = sum(bool(learnt.repeated(answer, known)) for answer, known in zip(written, prompts, strict=True))
    return {"answers": len(written), "repeat": count}


def _scores(model: Model, tokenizer: Tokenizer, record: Mapping[str, Any], tokens: Sequence[str]) -> list[float]:
    """The log-probability of the answer with each of ``tokens`` in the canary's place.

    What they have in front of them is read once; its keys and values are copied for each batch.
    """
    import torch

    rows = _rows(tokenizer, record, tokens, context_of(model, tokenizer))
    shared = min(_alike(one, other) for one, other in pairwise(rows))
    model.eval()
    found: list[float] = []
    with torch.inference_mode():
        before = torch.tensor([rows[0][: shared - 1]], device=model.device)
        read = model(input_ids=before, use_cache=True, logits_to_keep=1).past_key_values
        for start in range(0, len(rows), ROWS):
            batch = [row[shared - 1 :] for row in rows[start : start + ROWS]]
            cache = copy.deepcopy(read)
            cache.batch_repeat_interleave(len(batch))
            width = max(map(len, batch))
            ids = torch.tensor([row + [tokenizer.pad_token_id] * (width - len(row)) for row in batch])
            ids = ids.to(model.device)
            logits = model(input_ids=ids, past_key_values=cache, use_cache=True).logits[:, :-1]
            chosen = logits.float().log_softmax(dim=-1).gather(2, ids[:, 1:, None])[:, :, 0]
            lengths = torch.tensor([len(row) - 1 for row in batch], device=model.device)
            inside = torch.arange(width - 1, device=model.device)[None] < lengths[:, None]
            found += (chosen * inside).sum(dim=1).tolist()
    return found


def _rows(tokenizer: Tokenizer, record: Mapping[str, Any], tokens: Sequence[str], longest: int) -> list[list[int]]:
    """The conversation's token ids with each of ``tokens``; sources go where it is too long."""
    messages: Sequence[Mapping[str, str]] | None = record["messages"]
    while messages:
        text = tokenizer.apply_chat_template([dict(one) for one in messages], tokenize=False)
        texts = [text.replace(record["canary"], one) for one in tokens]
        rows: list[list[int]] = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        if max(map(len, rows)) <= longest:
            return rows
        messages = shorter(messages)
    raise InputError(f"ticket {record.get('ticket_id')}: a canary that does not fit into the model's context")


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
