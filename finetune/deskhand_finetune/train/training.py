"""``train``: dataset folder to run folder, with TRL and PEFT.

The run is built in ``OUT.partial``, where checkpoints are kept: a killed or interrupted training goes on from the
newest one when the same command is given again, and OUT appears only when the model is whole.
"""

from __future__ import annotations

import shutil
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deskhand_finetune.dataset import Dataset
from deskhand_finetune.disk import disk_errors, fingerprint, partial_of, put_in_place, refuse_foreign, write_json
from deskhand_finetune.models import Model, Tokenizer, context_of, has_fast_bf16, load, quiet_libraries, resolve
from deskhand_finetune.runs import INFO, Run
from deskhand_finetune.train.card import card
from deskhand_finetune.train.quoting import quoting
from deskhand_finetune.train.settings import Settings, resolve_settings
from deskhand_finetune.train.tokens import Tokenised, tokenise
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.progress import Track, quiet
from deskhand_guardrails.training_text import TrainingText

if TYPE_CHECKING:
    from deskhand_finetune.train.trainer import AnswerTrainer

CHECKPOINTS, KEY = "checkpoints", "key.json"
# Validation loss is a glance, not a measurement: that is what evaluate is for.
MOST_VALIDATED = 200
LORA_RANK = 16
# Above so many parameters activations are computed twice rather than kept.
LARGE = 1_000_000_000


def train(
    dataset: str | Path,
    out: str | Path,
    *,
    base: str = "starter",
    method: str = "lora",
    epochs: float | None = None,
    max_steps: int | None = None,
    learning_rate: float | None = None,
    batch_tokens: int | None = None,
    max_minutes: float | None = None,
    resume: bool = True,
    seed: int = 0,
    track: Track = quiet,
) -> Run:
    """Fine-tunes ``base`` on a dataset folder; the loss is taken on the last answer of each record.

    Args:
        dataset: what ``prepare`` wrote, or any folder with a ``train.jsonl`` of chat messages.
        out: the run folder to write.
        base: ``starter``, a model or run folder, or a hub id (the only case that uses the network).
        method: ``lora`` trains a PEFT adapter, ``full`` all weights.
        epochs: passes over the training records; None chooses by base and hardware.
        max_steps: optimiser steps; goes before ``epochs``.
        learning_rate: peak, after a warm-up of 5 % and before a linear decay.
        batch_tokens: about so many tokens in a batch.
        max_minutes: stops after so long, whatever was planned.
        resume: goes on from a checkpoint of the same training, and leaves a finished run of it as it is; without it an
            older run in ``out`` is replaced.
        seed: of the order of records and of new adapter weights.
        track: shows progress.

    Raises:
        InputError: dataset or base cannot be used, or ``out`` holds something else.
        ConfigError: a setting cannot be.
        UnavailableError: a hub model cannot be reached, or the disk is full.
    """
    out = Path(out)
    data = Dataset.open(dataset)
    refuse_foreign(out, INFO, "run")
    source = resolve(base)
    asked = [base, method, epochs, max_steps, learning_rate, batch_tokens, max_minutes, seed, version("deskhand")]
    key = fingerprint(data.fingerprint, _base_fingerprint(source), *asked)
    if (out / INFO).exists() and resume:
        held = Run.open(out)
        if held.info.get("key") == key:
            return held
        raise InputError(f"{out}: holds another run; choose another --out, or replace it with --no-resume")
    with disk_errors(out), quiet_libraries():
        partial = _workplace(out, key, resume)
        model, tokenizer = load(source, for_training=True)
        records = {name: list(data.records(name)) for name in ("train", "validation")}
        quoted = list(quoting(records["train"])) if base == "starter" else []
        records["train"] = quoted or records["train"]
        rows = {name: tokenise(held, tokenizer, context_of(model, tokenizer)) for name, held in records.items()}
        rows["train"].quotes = bool(quoted)
        if not rows["train"].rows:
            raise InputError(f"{data.folder}: train.jsonl holds no record that fits; prepare more tickets")
        settings = resolve_settings(
            [len(row["input_ids"]) for row in rows["train"].rows],
            is_starter=base == "starter" or _is_small(model),
            method=method,
            epochs=epochs,
            max_steps=max_steps,
            learning_rate=learning_rate,
            batch_tokens=batch_tokens,
            max_minutes=max_minutes,
            context=context_of(model, tokenizer),
            bf16=has_fast_bf16(),
            device=_device(),
            seed=seed,
        )
        trainer, metrics = _fit(model, tokenizer, rows, settings, partial, track)
        _save(trainer.model, tokenizer, partial)
        info = {
            "key": key,
            "base": base,
            "base_path": source,
            "base_fingerprint": _base_fingerprint(source),
            "method": settings.method,
            "dataset": {"name": data.folder.name, "fingerprint": data.fingerprint},
            "settings": settings.to_json(),
            "versions": {name: version(name) for name in ("deskhand", "torch", "transformers", "trl", "peft")},
            "metrics": metrics,
        }
        if learnt := _learnt(data.folder, Path(source)):
            learnt.save(partial)
        write_json(info, partial / INFO)
        (partial / "README.md").write_text(card(info), encoding="utf-8")
        for name in (CHECKPOINTS, KEY):
            shutil.rmtree(partial / name) if (partial / name).is_dir() else (partial / name).unlink(missing_ok=True)
        put_in_place(partial, out)
    return Run.open(out)


def _workplace(out: Path, key: str, resume: bool) -> Path:
    """The partial folder, emptied unless it belongs to this very training."""
    partial = partial_of(out)
    mark = partial / KEY
    if not (resume and mark.exists() and key in mark.read_text(encoding="utf-8")):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        write_json({"key": key}, mark)
    return partial


def _fit(
    model: Model,
    tokenizer: Tokenizer,
    rows: dict[str, Tokenised],
    settings: Settings,
    partial: Path,
    track: Track,
) -> tuple[AnswerTrainer, dict[str, Any]]:
    """Trains and measures; the trainer holds the trained model."""
    from datasets import Dataset as Rows
    from transformers import PrinterCallback
    from trl.trainer.sft_config import SFTConfig

    from deskhand_finetune.train.trainer import AnswerTrainer, Progress

    progress = Progress(track, settings.max_minutes)
    trainer = AnswerTrainer(
        model=model,
        args=SFTConfig(**_options(SFTConfig, settings, partial, is_large=model.num_parameters() > LARGE)),
        train_dataset=Rows.from_list(rows["train"].rows),
        processing_class=tokenizer,
        peft_config=_adapter(settings.method),
        callbacks=[progress],
    )
    trainer.remove_callback(PrinterCallback)
    started = time.monotonic()
    checkpoint = newest_checkpoint(partial / CHECKPOINTS)
    done = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    seconds = time.monotonic() - started
    began = int(checkpoint.name.rsplit("-", 1)[1]) if checkpoint else 0
    mean = rows["train"].tokens / len(rows["train"].rows)
    metrics: dict[str, Any] = {
        "steps": done.global_step,
        "records": len(rows["train"].rows),
        "answers_quote_sources": rows["train"].quotes,
        "shortened": rows["train"].shortened,
        "left_out": rows["train"].left_out,
        "resumed_at_step": began,
        "seconds": round(seconds, 1),
        "tokens_per_second": round((done.global_step - began) * settings.rows * mean / seconds, 1),
        "first_loss": progress.curve[0][1] if progress.curve else done.training_loss,
        "last_loss": progress.curve[-1][1] if progress.curve else done.training_loss,
        "loss": progress.curve,
    }
    # A model that learns to quote is not measured by the loss on the agents' own words.
    held_out = [] if rows["train"].quotes else rows["validation"].rows[:MOST_VALIDATED]
    if held_out:
        metrics["validation_loss"] = round(trainer.evaluate(Rows.from_list(held_out))["eval_loss"], 4)
    return trainer, metrics


def _options(config: Any, settings: Settings, partial: Path, *, is_large: bool) -> dict[str, Any]:  # noqa: ANN401
    """What TRL is told."""
    steps = settings.steps
    is_cpu = settings.device == "cpu"
    return {
        "output_dir": str(partial / CHECKPOINTS),
        "max_steps": steps,
        "per_device_train_batch_size": settings.rows,
        "per_device_eval_batch_size": settings.rows,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": max(1, steps // 20),
        "weight_decay": 0.01,
        "logging_steps": max(1, steps // 50),
        "save_strategy": "steps",
        "save_steps": max(5, steps // 8),
        "save_total_limit": 2,
        "seed": settings.seed,
        "train_sampling_strategy": "group_by_length",
        "max_length": None,
        "dataset_kwargs": {"skip_prepare_dataset": True},
        "bf16": settings.bf16,
        "use_cpu": is_cpu,
        "dataloader_pin_memory": not is_cpu,
        "disable_tqdm": True,
        "report_to": "none",
        _recompute(config): is_large and not is_cpu,
    }


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint; one that a kill cut off lacks the trainer's state, which is written last."""
    held = [path for path in folder.glob("checkpoint-*") if (path / "trainer_state.json").exists()]
    return max(held, key=lambda path: int(path.name.rsplit("-", 1)[1]), default=None)


def _recompute(config: Any) -> str:  # noqa: ANN401
    """What transformers calls trading time for memory: renamed within version 5, and the old name warns."""
    name = "activation_checkpointing"
    return name if name in config.__dataclass_fields__ else "gradient_checkpointing"


def _adapter(method: str) -> Any:  # noqa: ANN401 - peft is untyped
    if method == "full":
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=LORA_RANK, lora_alpha=2 * LORA_RANK, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
    )


def _save(model: Model, tokenizer: Tokenizer, partial: Path) -> None:
    model.save_pretrained(str(partial))
    tokenizer.save_pretrained(str(partial))


def _base_fingerprint(source: str) -> str:
    return Run.open(source).fingerprint if Path(source).exists() else source


def _learnt(dataset: Path, base: Path) -> TrainingText | None:
    """What the run must not repeat: its own dataset's, and its base's where that was trained here."""
    own, before = TrainingText.load(dataset), TrainingText.load(base)
    return own + before if own and before else own or before


def _is_small(model: Model) -> bool:
    """Whether the starter's defaults fit: they are for models trained on little, not for large pretrained ones."""
    return bool(model.num_parameters() < 40e6)


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
