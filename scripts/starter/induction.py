"""Starts the model with the circuit that copies, instead of waiting for it to form.

Transformers learn to copy from context through two attention heads in a row (Olsson et al. 2022, "In-context Learning
and Induction Heads", arXiv 2209.11895): a *previous-token head* notes at every position which token came before, and an
*induction head* looks for positions whose note equals the present token and copies the token found there. On a CPU's
budget of a few million tokens that pair does not form by itself (measured: after 0.55 M tokens of copying drills the
loss on them was still that of guessing). So both are written into the first two layers by hand, as an initialisation;
every weight is trained on from there.

Geometry of the 320 dimensions: 0 is a constant that all tokens share (it lets a head attend by position alone), 1-255
hold the token, 256-319 are kept free for the note.
"""

from __future__ import annotations

import torch
from transformers import LlamaForCausalLM

NOTE = 64
SPREAD = 0.3
"""Standard deviation of the embeddings. At the usual 0.02 a step of AdamW (about 0.001 for every weight) would rewrite
them, and the circuit that is measured in them, within some twenty steps."""
CONSTANT = 4 * SPREAD
FAST_PAIRS = 8
"""Rotary pairs that turn at least 0.13 radians a token: they tell neighbours apart."""
SLOW_PAIRS = 14
"""Rotary pairs that turn at most 0.006 radians a token: a match of content survives some 200 tokens of distance."""


@torch.no_grad()
def write_induction(model: LlamaForCausalLM, seed: int) -> None:
    """Overwrites embeddings, head 0 of layer 0 and heads 0-3 of layer 1 of a freshly made model."""
    generator = torch.Generator().manual_seed(seed)
    config = model.config
    width, size = config.hidden_size, config.hidden_size // config.num_attention_heads
    half, word = size // 2, config.hidden_size - NOTE
    frequencies = config.rope_parameters["rope_theta"] ** (-torch.arange(half) / half)

    # Every other block starts as the identity (its output projection at zero): at the default scale their noise would
    # outweigh the embeddings several times over and drown the circuit.
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()

    embedding = model.model.embed_tokens.weight
    embedding.normal_(0, SPREAD, generator=generator)
    embedding[:, 0] = CONSTANT
    embedding[:, word:] = 0
    model.model.norm.weight.fill_(0.04 / SPREAD)  # a token's own logit starts at about 10

    def orthonormal(rows: int, columns: int) -> torch.Tensor:
        square = torch.linalg.qr(torch.randn(columns, columns, generator=generator))[0]
        return square[:rows]

    seen = orthonormal(size, word - 1)  # how a token is noted: 64 of its 255 dimensions, turned at random

    first = model.model.layers[0].self_attn
    query, key = torch.zeros(size), torch.zeros(size)
    # q at position m and k at position n meet with the sum of cos((m - n - 1) * frequency): highest one token back.
    query[:FAST_PAIRS] = 1
    key[:FAST_PAIRS] = frequencies[:FAST_PAIRS].cos()
    key[half : half + FAST_PAIRS] = frequencies[:FAST_PAIRS].sin()
    strength = (80 / (CONSTANT / SPREAD) ** 2) ** 0.5
    for weight, vector in ((first.q_proj.weight, query), (first.k_proj.weight, key)):
        weight[:size] = 0
        weight[:size, 0] = strength * vector
    first.v_proj.weight[:size] = 0
    first.v_proj.weight[:size, 1:word] = seen
    first.o_proj.weight[:, :size] = 0
    first.o_proj.weight[word:, :size] = torch.eye(NOTE) * SPREAD

    second = model.model.layers[1].self_attn
    values = orthonormal(word - 1, word - 1)
    slow = torch.cat([torch.arange(half - SLOW_PAIRS, half), torch.arange(size - SLOW_PAIRS, size)])
    for head in range(4):
        rows = torch.arange(head * size, (head + 1) * size)
        match = 2 * orthonormal(len(slow), size)
        for weight in (second.q_proj.weight, second.k_proj.weight, second.v_proj.weight):
            weight[rows] = 0
        second.q_proj.weight[rows[slow], 1:word] = match @ seen
        second.k_proj.weight[rows[slow], word:] = match
        part = values[head * size : (head + 1) * size]
        second.v_proj.weight[rows[: len(part)], 1:word] = part
        second.o_proj.weight[:, rows] = 0
        second.o_proj.weight[1:word, rows[: len(part)]] = 2 * SPREAD * part.T
    assert width == word + NOTE
