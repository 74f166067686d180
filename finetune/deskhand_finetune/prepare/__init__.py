"""Export to dataset folder: clean, redact, filter, fold, split, compose, write."""

from deskhand_finetune.prepare.pipeline import prepare
from deskhand_finetune.prepare.report import PrepareReport

__all__ = ["PrepareReport", "prepare"]
