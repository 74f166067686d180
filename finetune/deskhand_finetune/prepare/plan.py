"""What ``prepare`` was asked for, resolved, and the names of its intermediate files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deskhand_finetune.disk import partial_of
from deskhand_finetune.prepare.clean import Rules
from deskhand_finetune.tickets import Export
from deskhand_guardrails.progress import Track

CONVERSATIONS, LEFT_OUT, STAGE = "conversations.jsonl", "left_out.jsonl", "stage.json"
EXAMPLES, VECTORS, VECTORS_KEY = "examples.jsonl", "vectors.f32", "vectors.key"
QUARANTINE = "quarantine.jsonl"
# In the order in which they go: while the stage is noted as done, its files are there.
STAGE_FILES = (STAGE, CONVERSATIONS, LEFT_OUT, EXAMPLES, VECTORS_KEY, VECTORS)


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of ``prepare``."""

    exports: tuple[Export, ...]
    articles: tuple[Path, ...]
    out: Path
    policy: str
    """The policy's digest, or nothing."""
    workers: int
    seed: int
    rules: Rules
    """What the first step is told."""
    most_copies: int
    """Of one canned reply, ``training_data.most_copies``."""
    residual_limit: float
    """The policy's ``training_data.residual_limit``."""
    despite_leaks: bool
    """Writes the dataset whatever the second look finds."""
    canaries: int
    """So many made-up tickets are planted in training."""
    fingerprint: str
    """Over the content of every input and the settings that change the result."""
    track: Track

    @property
    def partial(self) -> Path:
        """The folder that becomes ``out`` when it is whole."""
        return partial_of(self.out)
