"""The loss on answers, with the output layer taken only where an answer stands."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy

IGNORED = -100


def answer_loss(
    model: torch.nn.Module, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Summed loss and number of answer tokens of a right-padded batch; ``labels`` are ``IGNORED`` elsewhere."""
    targets = labels[:, 1:]
    places = (targets != IGNORED).any(dim=0).nonzero().flatten()
    wanted = targets[:, places]
    logits = model(input_ids=input_ids, attention_mask=attention_mask, logits_to_keep=places, use_cache=False).logits
    total = cross_entropy(logits.float().flatten(0, 1), wanted.flatten(), ignore_index=IGNORED, reduction="sum")
    return total, (wanted != IGNORED).sum()
