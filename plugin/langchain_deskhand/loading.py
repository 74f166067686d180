"""Finds the weights a name stands for: a model folder, a PEFT adapter folder, or a model of the Hugging Face hub."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

from deskhand_guardrails import hub
from deskhand_guardrails.errors import InputError, UnavailableError

Dtype = Literal["auto", "float32", "bfloat16", "float16"]

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")


def load(model: str, device: str = "auto", dtype: Dtype = "auto") -> tuple[Any, Any]:
    """The model (ready to answer, on its device) and the tokenizer that ``model`` names.

    Nothing is looked up on the network for a folder. An adapter is merged into its base, which costs a moment at the
    start and nothing per token.

    Args:
        model: a folder with a model or an adapter, or a hub id such as ``Qwen/Qwen3-0.6B``.
        device: ``auto`` (CUDA, then Apple, then CPU) or a torch device name.
        dtype: ``auto`` takes bfloat16 where the hardware computes in it and float32 elsewhere.

    Raises:
        UnavailableError: there is no such model, its base is missing, or the ``train`` extra is not installed.
        InputError: the folder holds something else.
    """
    folder = Path(model)
    base = _base_of(folder)
    torch, transformers = _libraries()
    target = torch.device(_device(torch) if device == "auto" else device)
    options = {"dtype": _dtype(torch, target) if dtype == "auto" else getattr(torch, dtype)}
    if not Path(base).exists():
        hub.ask(base)
    try:
        weights = transformers.AutoModelForCausalLM.from_pretrained(base, **options, **_where(base))
        if base != model:
            weights = _with_adapter(weights, folder)
        source = model if base == model or (folder / "tokenizer_config.json").is_file() else base
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, **_where(source))
    except Exception as error:  # transformers, safetensors and peft each raise kinds of their own
        raise _unusable(model, base, error) from error
    return weights.to(target).eval(), tokenizer


def _libraries() -> tuple[Any, Any]:
    try:
        import torch
        import transformers
    except ImportError as error:
        raise UnavailableError(
            f"a model in process needs {error.name}: pip install 'deskhand[train]', or name a served model"
        ) from error
    # transformers draws a bar for every load; the command line has its own.
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers is half typed
    return torch, transformers


def _base_of(folder: Path) -> str:
    """What to load first: the folder itself, or the base of the adapter it holds."""
    if not folder.exists():
        if _HUB_ID.fullmatch(str(folder)):
            return str(folder)
        raise UnavailableError(f"model {folder}: no such folder; train one with: deskhand train DATASET --out {folder}")
    if (folder / "config.json").is_file():
        return str(folder)
    adapter = folder / "adapter_config.json"
    if not adapter.is_file():
        raise InputError(
            f"model {folder}: holds neither config.json nor adapter_config.json; name a run or model folder"
        )
    base = json.loads(adapter.read_text("utf-8")).get("base_model_name_or_path")
    if not base:
        raise InputError(f"{adapter}: names no base_model_name_or_path; add the base model's folder or hub id")
    beside = folder / base
    return str(beside) if beside.is_dir() else _base_of(Path(base))


def _with_adapter(weights: Any, folder: Path) -> Any:  # noqa: ANN401 - transformers has no common type for these
    from peft import PeftModel

    return PeftModel.from_pretrained(weights, str(folder), local_files_only=True).merge_and_unload()


def _where(name: str) -> dict[str, bool]:
    return {"local_files_only": True} if Path(name).exists() else {}


def _unusable(model: str, base: str, error: Exception) -> UnavailableError:
    what = type(error).__name__
    if Path(base).exists():
        return UnavailableError(f"model {base}: its files cannot be loaded ({what}); train or download it again")
    return UnavailableError(
        f"model {model}: {base} is neither a folder here nor a model the hub gives out ({what}); check the name, "
        "or train one with: deskhand train DATASET --out RUN"
    )


def _device(torch: Any) -> str:  # noqa: ANN401 - a module
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _dtype(torch: Any, device: Any) -> Any:  # noqa: ANN401 - a module and its objects
    """bfloat16 where it is computed natively: emulated on a CPU it is 25 times slower than float32 (measured, AVX2)."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported():  # noqa: SLF001 - no public question for it
        return torch.bfloat16
    return torch.float32
