"""Dataset folder to run folder."""

from deskhand_finetune.train.training import train

__all__ = ["train"]
