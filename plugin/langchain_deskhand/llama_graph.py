"""A Llama-like model as an ONNX graph, for steps of several answers of different lengths (see ``llama``).

With ``int8`` the matrices are kept in 8 bits, with a scale for each column, and multiplied in 8 bits too; the scale of
what they are multiplied with is found anew in every step (dynamic quantisation, as in Jacob et al. 2018, arXiv
1712.05877, without zero points for the weights).
"""

# ruff: noqa: ANN401 - models and onnx objects without types

from __future__ import annotations

from typing import Any, NamedTuple

from langchain_deskhand.slots import Shape


class Graph:
    """The decoder as an ONNX graph. Dimensions: N tokens in all, S slots, Q tokens of the longest, P past positions."""

    def __init__(self, model: Any, shape: Shape, *, int8: bool = False) -> None:
        self._model = model
        self._shape = shape
        self._int8 = int8
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
        # Processors without VNNI saturate products of signed weights; there, and only there, they are made unsigned.
        options.add_session_config_entry("session.x64quantprecision", "1")
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(self._bytes(), options, providers=["CPUExecutionProvider"])

    def _bytes(self) -> bytes:
        from onnx import TensorProto, helper, numpy_helper

        self._write()
        floats, numbers = TensorProto.FLOAT, TensorProto.INT64
        given: dict[str, tuple[int, list[str | int]]] = {
            "tokens": (numbers, ["N"]),
            "positions": (numbers, ["N", 1]),
            "gather": (numbers, ["S", "Q"]),
            "scatter": (numbers, ["N"]),
            "past_mask": (floats, ["S", 1, 1, "P"]),
            "new_mask": (floats, [1, 1, "GQ", "Q"]),
            "sizes": (numbers, [2]),
            "wanted": (numbers, ["W"]),
            "last_gather": (numbers, ["S", "R"]),
            "last_scatter": (numbers, ["W"]),
            "last_mask": (floats, ["A", 1, "B", "Q"]),
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
        last = len(body.layers) - 1
        for number, layer in enumerate(body.layers):
            normal = self._norm(hidden, layer.input_layernorm)
            if number < last:
                rows = _Rows(normal, "positions", "gather", "scatter", "new_mask")
            else:  # of the last layer nothing is needed but the wanted tokens, and every token's key and value
                hidden, of_wanted = (self._op("Gather", name, "wanted", axis=0) for name in (hidden, normal))
                positions = self._op("Gather", "positions", "wanted", axis=0)
                rows = _Rows(of_wanted, positions, "last_gather", "last_scatter", "last_mask")
            mixed, entries = self._attention(number, layer.self_attn, normal, rows)
            fresh += entries
            hidden = self._op("Add", hidden, mixed)
            inner = self._norm(hidden, layer.post_attention_layernorm)
            gate = self._op("QuickGelu", self._linear(inner, layer.mlp.gate_proj), domain="com.microsoft", alpha=1.0)
            gated = self._op("Mul", gate, self._linear(inner, layer.mlp.up_proj))
            hidden = self._op("Add", hidden, self._linear(gated, layer.mlp.down_proj))
        self._linear(self._norm(hidden, body.norm), self._model.lm_head, out="logits")
        self._op("Concat", *(self._op("Unsqueeze", name, self._ints(0)) for name in fresh), axis=0, out="fresh")

    def _attention(self, number: int, attention: Any, hidden: str, asking: _Rows) -> tuple[str, list[str]]:
        """What attention adds, shape (rows that ask, hidden), and new keys and values, each (S, heads, Q, width)."""
        heads, width = self._shape.heads, self._shape.width
        groups = self._heads // heads
        query = self._linear(asking.hidden, attention.q_proj)
        query = self._rotated(query, asking.positions, getattr(attention, "q_norm", None), self._heads)
        key = self._rotated(
            self._linear(hidden, attention.k_proj), "positions", getattr(attention, "k_norm", None), heads
        )
        value = self._linear(hidden, attention.v_proj)
        query = self._op("Gather", query, asking.gather, axis=0)
        query = self._op("Reshape", query, self._ints(0, 0, heads, groups, width))
        query = self._op("Transpose", query, perm=[0, 2, 3, 1, 4])
        query = self._op("Reshape", query, self._ints(0, 0, -1, width))
        key, value = (self._per_slot(name, heads) for name in (key, value))
        score: dict[str, Any] = {"domain": "com.microsoft", "transB": 1, "alpha": float(attention.scaling)}
        past = self._op("Add", self._op("FusedMatMul", query, f"keys{number}", **score), "past_mask")
        new = self._op("Add", self._op("FusedMatMul", query, key, **score), asking.mask)
        shares = self._op("Softmax", self._op("Concat", past, new, axis=-1), axis=-1)
        of_past, of_new = (f"{shares}_past", f"{shares}_new")
        self._node("Split", [shares, "sizes"], [of_past, of_new], axis=-1)
        mixed = self._op("Add", self._op("MatMul", of_past, f"values{number}"), self._op("MatMul", of_new, value))
        # (S, heads, groups * Q, width) -> (S * Q, heads * groups * width) -> the N tokens that are none of the padding
        split = self._op("Reshape", mixed, self._ints(0, heads, groups, -1, width))
        rows = self._op(
            "Reshape", self._op("Transpose", split, perm=[0, 3, 1, 2, 4]), self._ints(-1, self._heads * width)
        )
        return self._linear(self._op("Gather", rows, asking.scatter, axis=0), attention.o_proj), [key, value]

    def _per_slot(self, name: str, heads: int) -> str:
        """Rows of all tokens, shape (N, heads * width), as (S, heads, Q, width)."""
        apart = self._op("Gather", name, "gather", axis=0)
        sized = self._op("Reshape", apart, self._ints(0, 0, heads, self._shape.width))
        return self._op("Transpose", sized, perm=[0, 2, 1, 3])

    def _rotated(self, name: str, positions: str, norm: Any, heads: int) -> str:
        """Rotary positions, after a norm per head where the model has one."""
        width = self._shape.width
        if norm is not None:
            name = self._norm(self._op("Reshape", name, self._ints(-1, heads, width)), norm)
            name = self._op("Reshape", name, self._ints(-1, heads * width))
        # Each token as a text of its own: one text may not be longer than the context, all answers together may.
        apart = self._op("Unsqueeze", name, self._ints(1))
        turned = self._op("RotaryEmbedding", apart, positions, "cos", "sin", domain="com.microsoft")
        return self._op("Squeeze", turned, self._ints(1))

    def _norm(self, name: str, norm: Any) -> str:
        scale = self._weigh(f"scale{len(self._weights)}", norm.weight)
        # An operator of ONNX Runtime's that older versions of the standard have no place for.
        return self._op("SimplifiedLayerNormalization", name, scale, axis=-1, epsilon=float(self._eps))

    def _linear(self, name: str, linear: Any, out: str | None = None) -> str:
        bias = getattr(linear, "bias", None)
        shift = None if bias is None else self._weigh(f"bias{len(self._weights)}", bias)
        if self._int8:
            matrix, scale = self._in_8_bits(linear.weight)
            further = ["", shift] if shift else []
            return self._op("DynamicQuantizeMatMul", name, matrix, scale, *further, out=out, domain="com.microsoft")
        product = "MatMul", name, self._weigh(f"matrix{len(self._weights)}", linear.weight.t())
        return self._op(*product, out=out) if shift is None else self._op("Add", self._op(*product), shift, out=out)

    def _in_8_bits(self, weight: Any) -> tuple[str, str]:
        import torch

        scale = weight.float().abs().amax(dim=1).clamp(min=1e-12) / 127
        matrix = f"matrix{len(self._weights)}"
        self._weights[matrix] = (weight.float() / scale[:, None]).round().to(torch.int8).t().contiguous().numpy()
        return matrix, self._weigh(f"scale{len(self._weights)}", scale)

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


class _Rows(NamedTuple):
    """The tokens that ask in a layer's attention: their hidden rows, and how they are laid out per slot and back."""

    hidden: str
    positions: str
    gather: str
    scatter: str
    mask: str
