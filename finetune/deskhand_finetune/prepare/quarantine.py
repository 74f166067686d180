"""``quarantine.jsonl`` as it is written: a line for everything that was left out, and the count of each reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from deskhand_finetune.disk import line_of
from deskhand_finetune.prepare.conversation import LeftOut


class Quarantine:
    """Writes to ``path`` while it is open."""

    def __init__(self, path: Path) -> None:
        self.counts = Counter[str]()
        self._out = path.open("wb")

    def add(self, items: Iterable[LeftOut | Mapping[str, Any]]) -> None:
        for item in items:
            record = item.to_json() if isinstance(item, LeftOut) else item
            self.counts[record["reason"]] += 1
            self._out.write(line_of(record))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._out.close()
