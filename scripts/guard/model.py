"""The guard model: MiniLM, fine-tuned to answer every question about a text and to tag its tokens in one pass."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from rows import QUESTIONS, TAGS, Row
from tokenizers import Tokenizer
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers import AutoModel

LONGEST = 256
"""Word pieces that the base was trained on."""
BATCH_TOKENS = 4096
RATE, HEADS_RATE = 8e-5, 1.4e-3
IGNORED = -100
TAG_INDEX = {tag: index for index, tag in enumerate(TAGS)}


class Guard(torch.nn.Module):
    """(batch, tokens) ids and mask to logits: ``scores`` (batch, questions) and ``tags`` (batch, tokens, tags)."""

    def __init__(self, base: Path) -> None:
        super().__init__()
        self.base = AutoModel.from_pretrained(base, attn_implementation="eager", dtype=torch.float32)
        width = self.base.config.hidden_size
        self.scores = torch.nn.Sequential(
            torch.nn.Dropout(0.1),
            torch.nn.Linear(2 * width, 128),
            torch.nn.GELU(),
            torch.nn.Linear(128, len(QUESTIONS)),
        )
        self.tags = torch.nn.Linear(width, len(TAGS))
        # The word vectors hold still: they are half of the weights, most words never occur in training, and what is
        # learnt of one word then holds for its neighbours.
        self.base.embeddings.word_embeddings.weight.requires_grad_(False)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of both kinds."""
        scores, tags, _ = self.read(input_ids, attention_mask)
        return scores, tags

    def read(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Logits of both kinds, and the last hidden state (batch, tokens, width) that they come from."""
        hidden = self.base(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask[:, :, None].to(hidden.dtype)
        mean = (hidden * weights).sum(1) / weights.sum(1)
        # The strongest trace of anything in the text, beside its mean: one planted sentence moves a mean little.
        peak = (hidden - (1 - weights) * 100).amax(1)
        return self.scores(torch.cat([mean, peak], dim=-1)), self.tags(hidden), hidden


class Encoded:
    """A row as tensors' content."""

    def __init__(self, row: Row, tokenizer: Tokenizer) -> None:
        encoding = tokenizer.encode(row.text)
        self.ids = encoding.ids[:LONGEST]
        self.answers = [float(row.answers.get(question, -1)) for question in QUESTIONS]
        self.tags = [IGNORED] * len(self.ids)
        if row.marks is not None:
            places = zip(encoding.offsets, encoding.special_tokens_mask, strict=True)
            self.tags = [IGNORED if special else _tag(span, row) for span, special in places][:LONGEST]


def _tag(span: tuple[int, int], row: Row) -> int:
    for mark in row.marks or ():
        if mark.start <= span[0] < mark.end:
            return TAG_INDEX[("B-" if span[0] == mark.start else "I-") + mark.label]
    return 0


def batches(
    rows: Sequence[Encoded], draw: random.Random | None, most_tokens: int = BATCH_TOKENS
) -> Iterator[list[int]]:
    """Places of rows of similar length, about ``most_tokens`` together; in random order when training."""
    order = sorted(range(len(rows)), key=lambda at: (len(rows[at].ids), draw.random() if draw else at))
    made: list[list[int]] = []
    batch: list[int] = []
    for at in order:
        if batch and len(rows[at].ids) * (len(batch) + 1) > most_tokens:
            made.append(batch)
            batch = []
        batch.append(at)
    made.append(batch)
    if draw:
        draw.shuffle(made)
    yield from made


def tensors(rows: Sequence[Encoded], device: torch.device) -> tuple[torch.Tensor, ...]:
    """Ids, mask, answers and tags of a batch on ``device``, padded on the right."""
    width = max(len(row.ids) for row in rows)
    ids = torch.tensor([row.ids + [0] * (width - len(row.ids)) for row in rows])
    mask = torch.tensor([[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in rows])
    tags = torch.tensor([row.tags + [IGNORED] * (width - len(row.tags)) for row in rows])
    return tuple(one.to(device) for one in (ids, mask, torch.tensor([row.answers for row in rows]), tags))


def device_of(model: Guard) -> torch.device:
    """Where the model's weights are."""
    return model.tags.weight.device


def half_precision(device: torch.device) -> torch.autocast:
    """bfloat16 where the hardware computes in it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda" or _fast_bf16())


def loss_of(scores: torch.Tensor, tags: torch.Tensor, answers: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean loss over the known answers of each question, and over the tagged tokens."""
    known = answers >= 0
    each = binary_cross_entropy_with_logits(scores.float(), answers.clamp(min=0), reduction="none")
    total = (each * known).sum() / known.sum().clamp(min=1) * 2
    if (wanted != IGNORED).any():
        total = total + cross_entropy(tags.float().flatten(0, 1), wanted.flatten(), ignore_index=IGNORED)
    return total


def train(
    model: Guard, rows: Sequence[Sequence[Encoded]], *, seed: int, rates: tuple[float, float] = (RATE, HEADS_RATE)
) -> None:
    """One pass over each of ``rows``, with the ``rates`` of the body and the heads; warm-up over 5 % of the steps, then
    a linear decay."""
    draw = random.Random(seed)
    torch.manual_seed(seed)
    plan = [(part, batch) for part in rows for batch in batches(part, draw)]
    heads = [*model.scores.parameters(), *model.tags.parameters()]
    body = [one for one in model.base.parameters() if one.requires_grad]
    groups = [{"params": part, "lr": rate} for part, rate in zip((body, heads), rates, strict=True)]
    model.train()
    losses = (_loss(model, [part[at] for at in batch]) for part, batch in plan)
    descend(groups, losses, len(plan), warm=0.05, least=0.02)


def _loss(model: Guard, rows: Sequence[Encoded]) -> torch.Tensor:
    device = device_of(model)
    ids, mask, answers, tags = tensors(rows, device)
    with half_precision(device):
        scores, tagged = model(ids, mask)
    return loss_of(scores, tagged, answers, tags)


def descend(
    groups: Sequence[dict[str, Any]], losses: Iterable[torch.Tensor], steps: int, *, warm: float, least: float
) -> None:
    """A step of AdamW down each of ``losses``, which are worked out one by one.

    ``groups`` are parameters ("params") with their rates ("lr"), which rise over the share ``warm`` of the ``steps``
    and then fall in a line to the share ``least``.
    """
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    rising = max(1, int(steps * warm))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / rising, max(least, 1 - step / steps))
    )
    learnt = [one for group in groups for one in group["params"]]
    began = time.monotonic()
    for step, loss in enumerate(losses, start=1):
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        if step % 100 == 0:
            seconds = time.monotonic() - began
            print(f"step {step} of {steps}, loss {loss.item():.3f}, {seconds:.0f} s", flush=True)


def predict(model: Guard, rows: Sequence[Encoded]) -> tuple[torch.Tensor, list[list[int]]]:
    """Probabilities (rows, questions) and the most likely tag of every token."""
    scores = torch.zeros((len(rows), len(QUESTIONS)))
    tags: list[list[int]] = [[] for _ in rows]
    model.eval()
    device = device_of(model)
    with torch.inference_mode(), half_precision(device):
        for batch in batches(rows, None):
            ids, mask, _, _ = tensors([rows[at] for at in batch], device)
            logits, tagged = model(ids, mask)
            scores[batch] = torch.sigmoid(logits.float()).cpu()
            for at, best in zip(batch, tagged.argmax(-1).tolist(), strict=True):
                tags[at] = best[: len(rows[at].ids)]
    return scores, tags


def _fast_bf16() -> bool:
    from deskhand_finetune.models import has_fast_bf16

    return has_fast_bf16()
