"""TRL's ``SFTTrainer`` with two additions: a cheap output layer on the CPU, and progress for our command line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.trainer.sft_trainer import SFTTrainer

from deskhand_finetune.train.loss import answer_loss
from deskhand_guardrails.progress import Track


class AnswerTrainer(SFTTrainer):
    """Takes the output layer at answer positions only, also without a GPU.

    TRL 1.16 does so on Triton devices and computes every position elsewhere. With a vocabulary of 12,288 over prompts
    of 400 tokens and answers of 40 that is half of a step's time on a CPU. ``logits_to_keep`` is the models' own
    argument for it; it takes one list of positions for the whole batch, so it is the union over the rows.
    """

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:  # noqa: ANN401 - as the base class
        """Mean loss per answer token; see the class."""
        labels = inputs["labels"]
        if labels.device.type != "cpu" or return_outputs:
            return super().compute_loss(  # type: ignore[no-untyped-call] # trl's method has no types
                model, inputs, return_outputs, num_items_in_batch
            )
        total, count = answer_loss(model, inputs["input_ids"], inputs["attention_mask"], labels)
        return total / torch.as_tensor(count if num_items_in_batch is None else num_items_in_batch).clamp(min=1)


class Progress(TrainerCallback):
    """Moves our progress along and stops at the time limit; keeps the losses for ``run.json``."""

    def __init__(self, track: Track, minutes: float | None) -> None:
        self.track = track
        self.minutes = minutes
        self.curve: list[tuple[float, float]] = []
        self.started = 0.0
        self._steps: Iterator[int] = iter(())

    def on_train_begin(  # transformers names the arguments
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: object,
    ) -> None:
        self.started = time.monotonic()
        left = range(state.global_step, state.max_steps)
        self._steps = iter(self.track(left, "training", len(left)))
        next(self._steps, None)

    def on_step_end(  # transformers names the arguments
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,
        **_: object,
    ) -> None:
        next(self._steps, None)
        if self.minutes is not None and time.monotonic() - self.started > self.minutes * 60:
            control.should_training_stop = True

    def on_train_end(  # transformers names the arguments
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: object,
    ) -> None:
        self.curve = [(entry["step"], round(entry["loss"], 4)) for entry in state.log_history if "loss" in entry]
