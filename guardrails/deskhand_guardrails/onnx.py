"""How the shipped models run: ONNX Runtime on the processor, with threads that do not spin."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def session(model: Path, threads: int) -> Any:  # noqa: ANN401 - onnxruntime carries no types
    """A session over ``model`` that uses at most ``threads`` cores in a call. Raises what onnxruntime raises."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle worker threads would otherwise spin and take the core from the rest of the process.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Processors without VNNI saturate products of signed weights; there, and only there, they are made unsigned.
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(model),
        options,
        providers=["CPUExecutionProvider"],
        # Its kernel takes six times as long as the two that it stands for: 2.5 of 9 ms at 130 tokens.
        disabled_optimizers=["SkipLayerNormFusion"],
    )


def tokenizer(path: Path) -> Any:  # noqa: ANN401 - tokenizers carries no types
    """The tokenizer in ``path``; it neither pads nor cuts: texts are read in windows, one by one."""
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(str(path))
    loaded.no_padding()
    loaded.no_truncation()
    return loaded
