"""The run folder: a model (or PEFT adapter) and tokenizer as any tool expects them, plus ``run.json`` and a model card.

``run.json`` says where the model comes from: base, dataset fingerprint, settings and their sources, seeds, versions,
losses. A plain Hugging Face folder without ``run.json`` opens as a run as well, so that any model can be measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deskhand_finetune.disk import fingerprint
from deskhand_guardrails.errors import InputError, UnavailableError

INFO = "run.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
ADAPTERS = ("adapter_model.safetensors", "adapter_model.bin")


def starter_folder() -> Path:
    """The folder of the shipped starter model.

    Raises:
        UnavailableError: this installation holds no weights.
    """
    folder = Path(__file__).parent / "starter"
    if not any((folder / name).exists() for name in WEIGHTS):
        raise UnavailableError("the starter model's weights are not in this installation: reinstall deskhand")
    return folder


@dataclass(frozen=True, slots=True)
class Run:
    """A folder whose model can be loaded."""

    folder: Path
    is_adapter: bool
    """Whether it holds a PEFT adapter, which needs its base model beside it."""
    info: Mapping[str, Any] = field(default_factory=dict)
    """What ``run.json`` says; empty for a folder that we did not train."""

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """Looks at a run folder.

        Raises:
            InputError: not there, no model, no weights, no tokenizer, or a broken ``run.json``.
        """
        folder = Path(folder)
        if not folder.exists():
            raise InputError(f"{folder}: no such run; make one with: deskhand train DATASET --out {folder}")
        if not folder.is_dir():
            raise InputError(f"{folder}: a file; a run is a folder, make one with: deskhand train DATASET --out RUN")
        if (folder / "train.jsonl").exists():
            raise InputError(f"{folder}: a dataset, not a run; train on it with: deskhand train {folder} --out RUN")
        is_adapter = (folder / "adapter_config.json").exists()
        if not is_adapter and not (folder / "config.json").exists():
            raise InputError(
                f"{folder}: no config.json or adapter_config.json, so it holds no model; see: deskhand train"
            )
        if not any((folder / name).exists() for name in (ADAPTERS if is_adapter else WEIGHTS)):
            raise InputError(f"{folder}: the model's weights are missing; train it again or copy them there")
        if not (folder / "tokenizer_config.json").exists():
            raise InputError(
                f"{folder}: the tokenizer is missing (tokenizer_config.json); train it again or copy it there"
            )
        return cls(folder, is_adapter, _info(folder))

    @property
    def base(self) -> str:
        """The base as it was named to ``train``; the folder itself for a model that we did not train."""
        return str(self.info.get("base", self.folder))

    @property
    def base_path(self) -> str:
        """Where the base is loaded from: a folder or a hub id."""
        if self.base == "starter":
            return str(starter_folder())
        return str(self.info.get("base_path", self.base))

    @property
    def fingerprint(self) -> str:
        """Over the weights."""
        names = ADAPTERS if self.is_adapter else WEIGHTS
        return fingerprint(files=[self.folder / name for name in names if (self.folder / name).exists()])

    def lines(self) -> list[str]:
        """What was trained, for people."""
        if not self.info:
            return [f"{self.folder}: a model that was not trained here"]
        metrics = self.info["metrics"]
        held_out = metrics.get("validation_loss")
        return [
            f"{self.info['method']} from {self.base}: {metrics['steps']} steps over {metrics['records']} records "
            f"in {metrics['seconds']:.0f} s ({metrics['tokens_per_second']:.0f} tokens/s)",
            f"loss {metrics['first_loss']:.2f} -> {metrics['last_loss']:.2f}"
            + (f", validation {held_out:.2f}" if held_out is not None else ""),
        ]


def _info(folder: Path) -> dict[str, Any]:
    path = folder / INFO
    if not path.exists():
        return {}
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(held, dict):
            raise TypeError
    except (ValueError, TypeError):
        raise InputError(f"{path}: broken; train the run again") from None
    return held
