"""A student with half the layers and half the inner width, taught by the trained model.

It learns the teacher's scores, tags and last hidden state (Sanh et al. 2019, arXiv 1910.01108; Jiao et al. 2020, arXiv
1909.10351) on everything the teacher saw and more: texts for which nobody has an answer but the teacher.

On one core without AVX-512, 16 tokens take 1.2 ms for 3.9, 110 tokens 10.4 for 25.5. By left-out source it is better
than its teacher (five passes, same run, all three folds; public sources, then written families): attacks AUC 0.992 for
0.986 and 0.990 for 0.980, detected 0.952 for 0.955 and 0.875 for 0.856; harm AUC 0.981 for 0.979, detected 0.864 for
0.837; hostility AUC 0.987 for 0.980.

Four layers do no better (10 for 12 of 170 harmless look-alikes taken for harm or an attack).
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import written
from model import Encoded, Guard, batches, descend, device_of, half_precision, loss_of, tensors
from public import jsonl, lines
from rows import Row
from torch.nn.functional import binary_cross_entropy_with_logits, kl_div, log_softmax, mse_loss, softmax

LAYERS = (0, 2, 5)
"""Those of the teacher's layers that the student begins with."""
INNER = 768
"""Neurons between a layer's two matrices, of the teacher's 1536."""
PASSES = 5
BATCH_TOKENS = 8192
RATE = 4e-4
SOFT = 2.0
"""Temperature at which tags are compared."""
TALK, PROSE = 60_000, 20_000
"""Texts without answers: messages of dialogues, sentences of novels and manuals; and all of the toxicity sets."""
WRITTEN = 4
"""Times as many of the written rows as the teacher saw, drawn anew."""


def shrunk(model: Guard, layers: Sequence[int] = LAYERS, inner: int = INNER) -> Guard:
    """A copy of ``model`` with some of its layers, and of each those ``inner`` neurons that weigh most."""
    small = copy.deepcopy(model)
    encoder = small.base.encoder
    encoder.layer = torch.nn.ModuleList([encoder.layer[at] for at in layers])
    small.base.config.num_hidden_layers, small.base.config.intermediate_size = len(layers), inner
    for layer in encoder.layer:
        into, out = layer.intermediate.dense, layer.output.dense
        kept = (into.weight.norm(dim=1) * out.weight.norm(dim=0)).topk(inner).indices.sort().values
        into.weight, into.bias = (torch.nn.Parameter(one.detach()[kept]) for one in (into.weight, into.bias))
        out.weight = torch.nn.Parameter(out.weight.detach()[:, kept])
        into.out_features = out.in_features = inner
    return small


def more(data: Path, seed: int) -> Iterator[Row]:
    """Rows beside the corpus: written ones drawn anew, and texts that nobody has answered."""
    draw = random.Random(seed)
    yield from written.attacks(draw, 500 * WRITTEN)
    yield from written.look_alikes(draw, 2000 * WRITTEN)
    yield from written.harm(draw, 160 * WRITTEN)
    yield from written.lines(draw, 2 * WRITTEN)
    yield from written.tone(draw, 5000 * WRITTEN)
    yield from written.people(draw, 12000 * WRITTEN)
    yield from written.agents(draw, 1000 * WRITTEN)
    yield from written.desk(draw, 1000 * WRITTEN)
    for held in jsonl(data / "guardrails" / "toxicity_train.jsonl.gz"):
        yield Row(held["text"][:1000], held["source"])
    said = sorted({text for name in ("sgd", "star", "taskmaster-3-part", "taskmaster-4") for text in _said(data, name)})
    yield from (Row(text, "talk") for text in draw.sample(said, TALK))
    read = sorted(
        {
            sentence.strip()[:600]
            for name in ("standard-ebooks", "officedocs-support", "topical-chat", "synthetic-persona-chat")
            for line in lines(data, name)
            for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z])", line)
            if len(sentence) > 30
        }
    )
    yield from (Row(text, "prose") for text in draw.sample(read, PROSE))


def _said(data: Path, name: str) -> Iterator[str]:
    for held in jsonl(data / "support" / f"{name}.jsonl.gz"):
        yield from (message["content"][:1000] for message in held["messages"] if len(message["content"]) > 12)


def distil(teacher: Guard, student: Guard, rows: Sequence[Encoded], *, seed: int, passes: int = PASSES) -> None:
    """Teaches ``student`` on ``rows``; warm-up over 2 % of the steps, then a linear decay."""
    draw = random.Random(seed)
    torch.manual_seed(seed)
    plan = [batch for _ in range(passes) for batch in batches(rows, draw, BATCH_TOKENS)]
    learnt = [one for one in student.parameters() if one.requires_grad]
    teacher.eval()
    student.train()
    losses = (_loss(teacher, student, [rows[at] for at in batch]) for batch in plan)
    descend([{"params": learnt, "lr": RATE}], losses, len(plan), warm=0.02, least=0.01)


def _loss(teacher: Guard, student: Guard, rows: Sequence[Encoded]) -> torch.Tensor:
    device = device_of(student)
    ids, mask, answers, tags = tensors(rows, device)
    with half_precision(device):
        with torch.no_grad():
            wanted = teacher.read(ids, mask)
        found = student.read(ids, mask)
    return _apart(found, wanted, mask) + 0.5 * loss_of(found[0], found[1], answers, tags)


def _apart(found: Sequence[torch.Tensor], wanted: Sequence[torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
    """How far the student is from the teacher."""
    inside = mask.bool()
    tags = [softer[inside].float() / SOFT for softer in (found[1], wanted[1])]
    return (
        4 * binary_cross_entropy_with_logits(found[0].float(), wanted[0].float().sigmoid())
        + 2 * SOFT**2 * kl_div(log_softmax(tags[0], -1), softmax(tags[1], -1), reduction="batchmean")
        + 2 * mse_loss(found[2][inside].float(), wanted[2][inside].float())
    )
