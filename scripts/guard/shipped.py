"""The shipped model's weights, back from 8 bits into torch: what a later pass goes on from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from model import Guard
from onnx import numpy_helper

PARTS = ("query", "key", "value")
HEADS = ("tags.weight", "scores.1.weight", "scores.3.weight")


def restore(model: Guard, path: Path) -> None:
    """Loads the weights of the ONNX file at ``path`` into ``model``.

    Each is off by half a step of its channel's scale at most, and comes out the same when it is quantised again.

    Raises:
        RuntimeError: a weight of the model is not in the file.
    """
    held = onnx.load(str(path))
    arrays = {one.name: numpy_helper.to_array(one).astype(np.float32) for one in held.graph.initializer}

    def weight(name: str) -> torch.Tensor:
        return torch.tensor((arrays[f"{name}_quantized"] - arrays[f"{name}_zero_point"]) * arrays[f"{name}_scale"])

    found = {name: torch.tensor(arrays[name]) for name in model.state_dict() if name in arrays}
    found |= {name: weight(name) for name in model.state_dict() if f"{name}_quantized" in arrays}
    # Matrix products have numbers for names; they stand in the order in which the model computes them.
    inputs = [node.input[1] for node in held.graph.node if node.op_type == "MatMulInteger"]
    products = iter([weight(name.removesuffix("_quantized")).T for name in inputs])
    for layer in range(model.base.config.num_hidden_layers):
        at = f"base.encoder.layer.{layer}"
        joined = weight(f"Attention_{layer}_qkv_weight").T.chunk(3), torch.tensor(arrays[f"Attention_{layer}_qkv_bias"])
        for part, matrix, bias in zip(PARTS, joined[0], joined[1].chunk(3), strict=True):
            found |= {f"{at}.attention.self.{part}.weight": matrix, f"{at}.attention.self.{part}.bias": bias}
        for name in ("attention.output", "intermediate", "output"):
            found[f"{at}.{name}.dense.weight"] = next(products)
    by_shape = {tuple(one.shape): one for one in products}
    found |= {name: by_shape[tuple(model.get_parameter(name).shape)] for name in HEADS}
    missing, _ = model.load_state_dict({name: one.contiguous() for name, one in found.items()}, strict=False)
    if left := [name for name in missing if "pooler" not in name]:
        raise RuntimeError(f"{path.name} lacks {', '.join(left)}")
