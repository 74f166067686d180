"""Answers and losses of a model over many prompts: batched, sorted by length, with the key-value cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deskhand_finetune.models import Model, Tokenizer, context_of
from deskhand_finetune.train.tokens import prompt_ids, tokenise
from deskhand_guardrails.progress import Track
from deskhand_guardrails.repetition import repeating

if TYPE_CHECKING:
    import torch

# Support answers are short; what goes on after 200 tokens repeats itself.
LONGEST_ANSWER = 200
ROWS = 16


def answers(
    model: Model,
    tokenizer: Tokenizer,
    records: Sequence[Mapping[str, Any]],
    *,
    track: Track,
    what: str,
) -> list[str]:
    """The model's greedy answer to each record's conversation, in the records' order."""
    import torch

    longest = context_of(model, tokenizer) - LONGEST_ANSWER
    prompts = [prompt_ids(record["messages"][:-1], tokenizer, max(longest, 1)) for record in records]
    order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
    batches = [order[start : start + ROWS] for start in range(0, len(order), ROWS)]
    found = [""] * len(prompts)
    model.eval()
    for batch in track(batches, what, len(batches)):
        width = max(len(prompts[place]) for place in batch)
        pad = tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (width - len(prompts[place])) + prompts[place] for place in batch])
        mask = torch.tensor([[0] * (width - len(prompts[place])) + [1] * len(prompts[place]) for place in batch])
        with torch.inference_mode():
            written = model.generate(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                max_new_tokens=LONGEST_ANSWER,
                do_sample=False,
                num_beams=1,
                temperature=None,
                top_p=None,
                top_k=None,
                pad_token_id=pad,
                logits_processor=[_against_repetition(width)],
            )
        for place, row in zip(batch, written, strict=True):
            found[place] = tokenizer.decode(row[width:], skip_special_tokens=True).strip()
    return found


def _against_repetition(prompt_width: int) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """A logits processor: the rule under which the served model writes, too."""

    def process(ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        for row, answer in enumerate(ids[:, prompt_width:].tolist()):
            if banned := repeating(answer):
                scores[row, list(banned)] = -float("inf")
        return scores

    return process


def mean_loss(
    model: Model,
    tokenizer: Tokenizer,
    records: Sequence[Mapping[str, Any]],
    *,
    track: Track,
    what: str,
) -> float:
    """Loss per answer token over the records."""
    import torch

    from deskhand_finetune.train.loss import IGNORED, answer_loss

    rows = sorted(
        tokenise(records, tokenizer, context_of(model, tokenizer)).rows, key=lambda row: len(row["input_ids"])
    )
    batches = [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)]
    total, count = 0.0, 0
    model.eval()
    for batch in track(batches, what, len(batches)):
        width = max(len(row["input_ids"]) for row in batch)
        gaps = [width - len(row["input_ids"]) for row in batch]
        pad = tokenizer.pad_token_id
        ids = torch.tensor([row["input_ids"] + [pad] * gap for row, gap in zip(batch, gaps, strict=True)])
        mask = torch.tensor([[1] * (width - gap) + [0] * gap for gap in gaps])
        labels = torch.tensor([row["labels"] + [IGNORED] * gap for row, gap in zip(batch, gaps, strict=True)])
        with torch.inference_mode():
            part, tokens = answer_loss(model, ids.to(model.device), mask.to(model.device), labels.to(model.device))
        total, count = total + float(part), count + int(tokens)
    return total / max(count, 1)
