"""Ticket exports into datasets, datasets into models, models into figures. Each name loads when first used."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deskhand_finetune.evaluate import Evaluation, evaluate
    from deskhand_finetune.prepare import PrepareReport, prepare
    from deskhand_finetune.runs import Run
    from deskhand_finetune.tickets import Export, Message, Ticket, open_export
    from deskhand_finetune.train import train

__all__ = [
    "Evaluation",
    "Export",
    "Message",
    "PrepareReport",
    "Run",
    "Ticket",
    "evaluate",
    "open_export",
    "prepare",
    "train",
]

_HOMES = {
    "Evaluation": "evaluate.evaluation",
    "Export": "tickets",
    "Message": "tickets",
    "PrepareReport": "prepare.report",
    "Run": "runs",
    "Ticket": "tickets",
    "evaluate": "evaluate.evaluation",
    "open_export": "tickets",
    "prepare": "prepare.pipeline",
    "train": "train.training",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


class _Face(ModuleType):
    """Keeps ``deskhand_finetune.prepare`` the function: importing the folder of that name would bind the folder."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
