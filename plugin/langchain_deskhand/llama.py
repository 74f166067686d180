"""Llama and its kin on ONNX Runtime: the graph is written here, from the weights of a loaded model.

The tokens of all answers lie in one row of a step and pass the large matrices together; only attention tells the
answers apart. Float32 throughout, so the tokens are the ones that PyTorch would choose. Measured with 11 million
parameters on one AVX2 core, all matrix products of one step: 3.8 ms for 1 token, 6.2 ms for 8, 7.2 ms for 16; PyTorch
(MKL) takes 7.0, 15.8 and 20.3 ms.
"""

# ruff: noqa: ANN401 - tensors, models and onnx objects without types

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_deskhand.decoder import SlotDecoder
from langchain_deskhand.slots import Shape

_CLASSES = frozenset({"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM"})
_ROTATIONS = frozenset({"default", "linear", "llama3"})  # the others change with the length of the text
_MOST_BYTES = 1_900_000_000  # a protocol buffer holds 2 GB


def build(model: Any, shape: Shape) -> OnnxDecoder | None:
    """A decoder for ``model``, or None when it is not one of these, not float32 on the CPU, or onnx is missing."""
    import torch

    config = model.config
    rotation = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    size = sum(weights.numel() for weights in model.parameters()) * 4
    if (
        type(model).__name__ not in _CLASSES
        or (shape.dtype, str(shape.device)) != (torch.float32, "cpu")
        or rotation not in _ROTATIONS
        or config.hidden_act != "silu"
        or size > _MOST_BYTES
    ):
        return None
    try:
        import onnx  # noqa: F401 - asked for before anything is built
    except ImportError:
        return None
    with torch.no_grad():
        return OnnxDecoder(_Graph(model, shape).session(torch.get_num_threads()), shape, config.num_attention_heads)


class OnnxDecoder(SlotDecoder):
    """Steps answers through a session of ``_Graph``."""

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
        width = max(map(len, tokens.values()))
        slots.reserve(max(slots.lengths[slot] + len(part) for slot, part in tokens.items()))
        lengths = np.array([slots.lengths[slot] for slot in span])
        starts = np.cumsum([0, *map(len, tokens.values())])
        gather = np.zeros((len(span), width), dtype=np.int64)
        for start, (slot, part) in zip(starts, tokens.items(), strict=False):
            gather[slot - span.start, : len(part)] = range(start, start + len(part))
        beyond = np.arange(slots.positions) >= lengths[:, None]
        feed = {
            "tokens": np.concatenate([np.asarray(part, dtype=np.int64) for part in tokens.values()]),
            "positions": np.concatenate(
                [np.arange(len(part)) + slots.lengths[slot] for slot, part in tokens.items()]
            ).reshape(1, -1),
            "gather": gather,
            "scatter": np.concatenate(
                [np.arange(len(part)) + (slot - span.start) * width for slot, part in tokens.items()]
            ),
            "past_mask": np.where(beyond, np.float32(-1e9), np.float32(0))[:, None, None, :],
            "new_mask": np.tile(np.triu(np.full((width, width), -1e9, np.float32), 1), (self._groups, 1)),
            "sizes": np.array([slots.positions, width], dtype=np.int64),
            "wanted": starts[1:] - 1 if last else np.arange(starts[-1]),
        }
        entries = slots.entries[:, :, span.start : span.stop].numpy()
        for layer in range(self._layers):
            feed[f"keys{layer}"], feed[f"values{layer}"] = entries[layer]
        logits, fresh = self._session.run(None, feed)
        fresh = torch.from_numpy(fresh.reshape(self._layers, 2, *fresh.shape[1:]))
        rows = torch.from_numpy(logits)
        found = {}
        for number, (slot, part) in enumerate(tokens.items()):
            at, row = slots.lengths[slot], slot - span.start
            slots.entries[:, :, slot, :, at : at + len(part)] = fresh[:, :, row, :, : len(part)]
            slots.lengths[slot] = at + len(part)
            found[slot] = rows[number : number + 1] if last else rows[starts[number] : starts[number + 1]]
        return found


class _Graph:
    """The decoder as an ONNX graph. Dimensions: N tokens in all, S slots, Q tokens of the longest, P past positions."""

    def __init__(self, model: Any, shape: Shape) -> None:
        self._model = model
        self._shape = shape
        self._heads = model.config.num_attention_heads
        self._nodes: list[Any] = []
        self._weights: dict[str, Any] = {}
        self._eps = model.config.rms_norm_eps

    def session(self, threads: int) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Idle worker threads would otherwise spin and take the core from the rest of the process.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(self._bytes(), options, providers=["CPUExecutionProvider"])

    def _bytes(self) -> bytes:
        from onnx import TensorProto, helper, numpy_helper

        self._write()
        floats, numbers = TensorProto.FLOAT, TensorProto.INT64
        given: dict[str, tuple[int, list[str | int]]] = {
            "tokens": (numbers, ["N"]),
            "positions": (numbers, [1, "N"]),
            "gather": (numbers, ["S", "Q"]),
            "scatter": (numbers, ["N"]),
            "past_mask": (floats, ["S", 1, 1, "P"]),
            "new_mask": (floats, ["GQ", "Q"]),
            "sizes": (numbers, [2]),
            "wanted": (numbers, ["W"]),
        }
        past: list[str | int] = ["S", self._shape.heads, "P", self._shape.width]
        for layer in range(self._shape.layers):
            given[f"keys{layer}"] = given[f"values{layer}"] = (floats, past)
        graph = helper.make_graph(
            self._nodes,
            "decoder",
            [helper.make_tensor_value_info(name, kind, size) for name, (kind, size) in given.items()],
            [helper.make_tensor_value_info(name, floats, None) for name in ("logits", "fresh")],
            [numpy_helper.from_array(weights, name) for name, weights in self._weights.items()],
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
        return made

    def _write(self) -> None:
        import torch

        body = self._model.model
        places = torch.arange(self._model.config.max_position_embeddings)[None]
        cos, sin = body.rotary_emb(torch.zeros(1), places)
        half = cos.shape[-1] // 2
        self._weigh("cos", cos[0, :, :half])
        self._weigh("sin", sin[0, :, :half])
        hidden = self._op("Gather", self._weigh("embedding", body.embed_tokens.weight), "tokens", axis=0)
        fresh: list[str] = []
        for number, layer in enumerate(body.layers):
            mixed, entries = self._attention(number, layer.self_attn, self._norm(hidden, layer.input_layernorm))
            fresh += entries
            hidden = self._op("Add", hidden, mixed)
            inner = self._norm(hidden, layer.post_attention_layernorm)
            gate = self._op("QuickGelu", self._linear(inner, layer.mlp.gate_proj), domain="com.microsoft", alpha=1.0)
            gated = self._op("Mul", gate, self._linear(inner, layer.mlp.up_proj))
            hidden = self._op("Add", hidden, self._linear(gated, layer.mlp.down_proj))
        hidden = self._norm(self._op("Gather", hidden, "wanted", axis=0), body.norm)
        self._linear(hidden, self._model.lm_head, out="logits")
        self._op("Concat", *(self._op("Unsqueeze", name, self._ints(0)) for name in fresh), axis=0, out="fresh")

    def _attention(self, number: int, attention: Any, hidden: str) -> tuple[str, list[str]]:
        """What attention adds, shape (N, hidden), and the new keys and values, each (S, heads, Q, width)."""
        heads, width = self._shape.heads, self._shape.width
        groups = self._heads // heads
        query = self._rotated(self._linear(hidden, attention.q_proj), getattr(attention, "q_norm", None), self._heads)
        key = self._rotated(self._linear(hidden, attention.k_proj), getattr(attention, "k_norm", None), heads)
        value = self._linear(hidden, attention.v_proj)
        apart = [self._op("Gather", name, "gather", axis=0) for name in (query, key, value)]
        sized = self._ints(0, 0, heads, groups, width)
        query = self._op("Transpose", self._op("Reshape", apart[0], sized), perm=[0, 2, 3, 1, 4])
        query = self._op("Reshape", query, self._ints(0, 0, -1, width))
        key, value = (
            self._op("Transpose", self._op("Reshape", name, self._ints(0, 0, heads, width)), perm=[0, 2, 1, 3])
            for name in apart[1:]
        )
        score: dict[str, Any] = {"domain": "com.microsoft", "transB": 1, "alpha": float(attention.scaling)}
        past = self._op("Add", self._op("FusedMatMul", query, f"keys{number}", **score), "past_mask")
        new = self._op("Add", self._op("FusedMatMul", query, key, **score), "new_mask")
        shares = self._op("Softmax", self._op("Concat", past, new, axis=-1), axis=-1)
        of_past, of_new = (f"{shares}_past", f"{shares}_new")
        self._node("Split", [shares, "sizes"], [of_past, of_new], axis=-1)
        mixed = self._op("Add", self._op("MatMul", of_past, f"values{number}"), self._op("MatMul", of_new, value))
        # (S, heads, groups * Q, width) -> (S * Q, heads * groups * width) -> the N tokens that are none of the padding
        split = self._op("Reshape", mixed, self._ints(0, heads, groups, -1, width))
        rows = self._op(
            "Reshape", self._op("Transpose", split, perm=[0, 3, 1, 2, 4]), self._ints(-1, self._heads * width)
        )
        return self._linear(self._op("Gather", rows, "scatter", axis=0), attention.o_proj), [key, value]

    def _rotated(self, name: str, norm: Any, heads: int) -> str:
        """Rotary positions, after a norm per head where the model has one."""
        width = self._shape.width
        if norm is not None:
            name = self._norm(self._op("Reshape", name, self._ints(-1, heads, width)), norm)
            name = self._op("Reshape", name, self._ints(-1, heads * width))
        row = self._op("Unsqueeze", name, self._ints(0))
        turned = self._op("RotaryEmbedding", row, "positions", "cos", "sin", domain="com.microsoft")
        return self._op("Squeeze", turned, self._ints(0))

    def _norm(self, name: str, norm: Any) -> str:
        scale = self._weigh(f"scale{len(self._weights)}", norm.weight)
        # An operator of ONNX Runtime's that older versions of the standard have no place for.
        return self._op("SimplifiedLayerNormalization", name, scale, axis=-1, epsilon=float(self._eps))

    def _linear(self, name: str, linear: Any, out: str | None = None) -> str:
        weight = self._weigh(f"matrix{len(self._weights)}", linear.weight.t())
        bias = getattr(linear, "bias", None)
        if bias is None:
            return self._op("MatMul", name, weight, out=out)
        return self._op(
            "Add", self._op("MatMul", name, weight), self._weigh(f"bias{len(self._weights)}", bias), out=out
        )

    def _weigh(self, name: str, weights: Any) -> str:
        self._weights[name] = weights.detach().float().contiguous().numpy()
        return name

    def _ints(self, *values: int) -> str:
        import numpy as np

        name = "ints" + "_".join(map(str, values))
        self._weights[name] = np.array(values, dtype=np.int64)
        return name

    def _op(self, kind: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        out = out or f"{kind}{len(self._nodes)}"
        self._node(kind, list(inputs), [out], **attributes)
        return out

    def _node(self, kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
