"""The dataset folder: what ``prepare`` writes, ``train`` and ``evaluate`` read.

``train.jsonl``, ``validation.jsonl`` and ``test.jsonl`` hold one record per answer::

    {"messages": [{"role", "content"}, ...], "ticket_id", "kind_tags", "language", "answered_at", "query", "source_ids"}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deskhand_finetune.disk import fingerprint
from deskhand_guardrails.errors import InputError

REPORT = "report.json"
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset folder that was looked at and may be read."""

    folder: Path

    @classmethod
    def open(cls, folder: str | Path) -> Dataset:
        """Opens a folder that holds at least ``train.jsonl``; other tools' folders of that form are welcome.

        Raises:
            InputError: not there, or no dataset.
        """
        folder = Path(folder)
        if not folder.exists():
            raise InputError(f"{folder}: no such dataset; make it with: deskhand prepare EXPORT --out {folder}")
        if not folder.is_dir():
            raise InputError(
                f"{folder}: a file; a dataset is a folder, make it with: deskhand prepare {folder} --out DATASET"
            )
        if not (folder / "train.jsonl").exists():
            raise InputError(f"{folder}: has no train.jsonl, so it is no dataset; make one with: deskhand prepare")
        return cls(folder)

    @property
    def fingerprint(self) -> str:
        """Over the content of the three splits."""
        return fingerprint(files=[file for file in self._files() if file.exists()])

    def records(self, split: str) -> Iterator[dict[str, Any]]:
        """The records of a split, checked; none when the split has no file.

        Raises:
            InputError: a line is no record; names it.
        """
        path = self.folder / f"{split}.jsonl"
        if not path.exists():
            return
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _record(line, f"{path}:{number}")

    def _files(self) -> list[Path]:
        return [self.folder / f"{split}.jsonl" for split in SPLITS]


def _record(line: str, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        raise InputError(f"{where}: not JSON; prepare the dataset again or remove the line") from None
    messages = record.get("messages") if isinstance(record, dict) else None
    if not isinstance(messages, list) or not messages:
        raise InputError(f"{where}: no 'messages'; each record needs a list of role and content")
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("content"), str) or "role" not in message:
            raise InputError(f"{where}: a message without 'role' or text 'content'")
    if messages[-1]["role"] != "assistant":
        raise InputError(f"{where}: the last message is not the assistant's, so there is nothing to learn")
    return dict(record)
