"""Llama and its kin on ONNX Runtime: the graph is written here, from the weights of a loaded model.

The tokens of all answers lie in one row of a step and pass the large matrices together; only attention tells the
answers apart. Float32 throughout, so the tokens are the ones that PyTorch would choose. Measured with 11 million
parameters on one AVX2 core, all matrix products of one step: 3.8 ms for 1 token, 6.2 ms for 8, 7.2 ms for 16; PyTorch
(MKL) takes 7.0, 15.8 and 20.3 ms.

Reading a prompt is bound by these products: 39 ms of one core for 160 tokens, whether prompts come one by one or four
in a step (39.2 and 39.6 ms each), so they are read one by one, and the first to come answers first. Of the last layer
only the last token is computed, and a fresh prompt looks at no slots: both together took a quarter off.
"""

# ruff: noqa: ANN401 - tensors, models and onnx objects without types

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_deskhand.decoder import SlotDecoder
from langchain_deskhand.llama_graph import Graph
from langchain_deskhand.slots import Shape

_CLASSES = frozenset({"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"})
_ROTATIONS = frozenset({"default", "linear", "llama3"})  # the others change with the length of the text
_MOST_BYTES = 1_900_000_000  # a protocol buffer holds 2 GB
_UNSEEN = -1e9
"""Added to the score of what a token must not see."""


def build(model: Any, shape: Shape, *, int8: bool = False) -> OnnxDecoder | None:
    """A decoder for ``model``, or None when it is not one of these, not float32 on the CPU, or onnx is missing.

    ``int8`` multiplies in 8 bits: see ``llama_graph``.
    """
    import torch

    config = model.config
    rotation = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    if (
        type(model).__name__ not in _CLASSES
        or (shape.dtype, str(shape.device)) != (torch.float32, "cpu")
        or rotation not in _ROTATIONS
        or config.hidden_act != "silu"
        or _bytes(model, int8=int8) > _MOST_BYTES
    ):
        return None
    try:
        import onnx  # noqa: F401 - asked for before anything is built
    except ImportError:
        return None
    with torch.no_grad():
        session = Graph(model, shape, int8=int8).session(torch.get_num_threads())
        return OnnxDecoder(session, shape, config.num_attention_heads)


def _bytes(model: Any, *, int8: bool) -> int:
    """How large the graph will be: it holds the embedding twice, as a table and as a matrix."""
    table, matrix = (layer.weight for layer in (model.get_input_embeddings(), model.get_output_embeddings()))
    own = sum(weights.numel() for weights in model.parameters())
    others = own - table.numel() - (0 if matrix is table else matrix.numel())
    return int(4 * table.numel() + (1 if int8 else 4) * (others + matrix.numel()))


class OnnxDecoder(SlotDecoder):
    """Steps answers through a session of ``Graph``."""

    def __init__(self, session: Any, shape: Shape, heads: int) -> None:
        super().__init__(shape)
        self._session = session
        self._layers = shape.layers
        self._groups = heads // shape.heads

    def run(self, tokens: Mapping[int, Sequence[int]], *, last: bool = False) -> dict[int, Any]:
        import numpy as np
        import torch

        slots = self.slots
        span = slots.span(list(tokens))
        slots.reserve(max(slots.lengths[slot] + len(part) for slot, part in tokens.items()))
        # How many positions are looked at: none for a fresh prompt, and where most are, all, which saves the copying.
        held = max(slots.lengths[slot] for slot in tokens)
        held = held if 2 * held <= slots.positions else slots.positions
        feed = self._laid_out(tokens, span, held)
        if last:
            feed |= self._asked_last(tokens, span)
        entries = slots.entries[:, :, span.start : span.stop, :, :held].numpy()
        for layer in range(self._layers):
            feed[f"keys{layer}"], feed[f"values{layer}"] = map(np.ascontiguousarray, entries[layer])
        logits, fresh = self._session.run(None, feed)
        fresh = torch.from_numpy(fresh.reshape(self._layers, 2, *fresh.shape[1:]))
        rows: Any = torch.from_numpy(logits)
        rows = rows.split([1 if last else len(part) for part in tokens.values()])
        for slot, part in tokens.items():
            at = slots.lengths[slot]
            slots.entries[:, :, slot, :, at : at + len(part)] = fresh[:, :, slot - span.start, :, : len(part)]
            slots.lengths[slot] = at + len(part)
        return dict(zip(tokens, rows, strict=True))

    def _laid_out(self, tokens: Mapping[int, Sequence[int]], span: range, held: int) -> dict[str, Any]:
        """The tokens in one row, where each lies in its slot, and what it may see there."""
        import numpy as np

        lengths = self.slots.lengths
        width = max(map(len, tokens.values()))
        gather = np.zeros((len(span), width), dtype=np.int64)
        start = 0
        for slot, part in tokens.items():
            gather[slot - span.start, : len(part)] = range(start, start + len(part))
            start += len(part)
        positions = [np.arange(len(part)) + lengths[slot] for slot, part in tokens.items()]
        scatter = [np.arange(len(part)) + (slot - span.start) * width for slot, part in tokens.items()]
        beyond = np.arange(held) >= np.array([lengths[slot] for slot in span])[:, None]
        later = np.triu(np.full((width, width), _UNSEEN, np.float32), 1)
        feed = {
            "tokens": np.concatenate([np.asarray(part, dtype=np.int64) for part in tokens.values()]),
            "positions": np.concatenate(positions).reshape(-1, 1),
            "gather": gather,
            "scatter": np.concatenate(scatter),
            "past_mask": np.where(beyond, _UNSEEN, 0).astype(np.float32)[:, None, None, :],
            "new_mask": np.tile(later, (self._groups, 1))[None, None],
            "sizes": np.array([held, width], dtype=np.int64),
            "wanted": np.arange(start),
        }
        return feed | {f"last_{name}": feed[name] for name in ("gather", "scatter")} | {"last_mask": feed["new_mask"]}

    def _asked_last(self, tokens: Mapping[int, Sequence[int]], span: range) -> dict[str, Any]:
        """As ``_laid_out`` for the last layer, in which only the last token of each part asks."""
        import numpy as np

        read = np.array([len(tokens.get(slot, ())) for slot in span])
        rows = np.array([slot - span.start for slot in tokens])
        gather = np.zeros((len(span), 1), dtype=np.int64)
        gather[rows, 0] = range(len(rows))
        padding = np.arange(read.max()) >= read[:, None]
        return {
            "wanted": np.cumsum([len(part) for part in tokens.values()]) - 1,
            "last_gather": gather,
            "last_scatter": rows,
            "last_mask": np.where(padding, _UNSEEN, 0).astype(np.float32)[:, None, None, :],
        }
