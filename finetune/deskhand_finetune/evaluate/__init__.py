"""Run folder and dataset folder to figures."""

from deskhand_finetune.evaluate.evaluation import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
