"""Loads what is trained or measured: the starter, a model folder, a run with an adapter, or a hub model by its id."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from deskhand_finetune.runs import Run, starter_folder
from deskhand_guardrails import hub
from deskhand_guardrails.errors import ConfigError, InputError, UnavailableError

# transformers' own annotations do not hold (a model's methods are typed as tensors), so its objects pass as Any.
Model: TypeAlias = Any
Tokenizer: TypeAlias = Any

# For models that come without a chat template, such as gpt2: readable lines that any tokenizer can spell.
PLAIN_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}Agent: {% generation %}{{ message['content'] | trim }}{{ eos_token }}"
    "{% endgeneration %}\n"
    "{% elif message['role'] == 'user' %}Customer: {{ message['content'] | trim }}\n"
    "{% else %}{{ message['content'] | trim }}\n{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}Agent: {% endif %}"
)


def resolve(base: str) -> str:
    """Where ``base`` is loaded from: a folder, or the hub id itself.

    Raises:
        InputError: a folder that is not there or holds no model.
        ConfigError: a form that this version cannot train.
    """
    if base == "starter":
        return str(starter_folder())
    if ":" in base and not Path(base).exists():
        raise ConfigError(f"--base {base}: hosted fine-tuning is not in this version; name a folder or a hub id")
    path = Path(base).expanduser()
    if path.exists():
        return str(Run.open(path).folder)
    if path.is_absolute() or base.startswith(".") or base.count("/") > 1:
        raise InputError(f"--base {base}: no such folder; name a model folder, a hub id, or: starter")
    return base


def load(source: str, *, for_training: bool = False) -> tuple[Model, Tokenizer]:
    """Model and tokenizer of a folder, a run or a hub id; an adapter is merged into its base.

    Args:
        source: what ``resolve`` gave.
        for_training: loads float32 weights on a CPU (and leaves mixed precision to the trainer).

    Raises:
        UnavailableError: the hub model cannot be reached, or the files do not load.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    is_local = Path(source).exists()
    run = Run.open(source) if is_local else None
    name = run.base_path if run is not None and run.is_adapter else source
    options: dict[str, Any] = {"local_files_only": Path(name).exists(), "trust_remote_code": False}
    if not options["local_files_only"]:
        hub.ask(name)
    with quiet_libraries(), load_errors(source):
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=is_local)
        model = AutoModelForCausalLM.from_pretrained(name, dtype=dtype(for_training=for_training), **options)
        if run is not None and run.is_adapter:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, str(run.folder)).merge_and_unload()
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if not tokenizer.chat_template:
        tokenizer.chat_template = PLAIN_TEMPLATE
    return model, tokenizer


def has_fast_bf16() -> bool:
    """Whether the hardware computes in bfloat16: emulated on an AVX2-only CPU it is 25 times slower than float32."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - torch has no public question for it


def dtype(*, for_training: bool) -> Any:  # noqa: ANN401 - a torch type, and torch is not imported here
    """The weights' type: float32 wherever training updates them or the CPU is the one that computes."""
    import torch

    return torch.bfloat16 if torch.cuda.is_available() and has_fast_bf16() and not for_training else torch.float32


def context_of(model: Model, tokenizer: Tokenizer, most: int = 4096) -> int:
    """How many tokens a prompt and its answer may have, as the model says it, at most ``most``."""
    config = model.config.get_text_config()
    said = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions")]
    return int(min([most, tokenizer.model_max_length, *(held for held in said if held)]))


@contextmanager
def load_errors(source: str) -> Iterator[None]:
    """Turns what the libraries raise on a missing or broken model into one line."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        if Path(source).exists():
            raise InputError(
                f"{source}: the model cannot be loaded ({type(error).__name__}); train or copy it again"
            ) from error
        raise UnavailableError(
            f"--base {source}: no such folder, and the hub model is not cached or cannot be reached; check its name "
            f"and the network"
        ) from error


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """No bars and no chatter of the libraries in between, and no report to the hub, which TRL makes of each trainer."""
    import transformers
    from huggingface_hub import constants

    logging: Any = transformers.utils.logging

    constants.HF_HUB_DISABLE_TELEMETRY = True  # the environment variable is read when the hub's package is imported
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    shows_bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shows_bars:
            logging.enable_progress_bar()
