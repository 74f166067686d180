"""Many answers at once with one model: one thread steps them all, and each begins and ends when it likes.

Continuous batching (Yu et al., Orca, OSDI 2022): after every step finished answers leave, cancelled ones too, and
waiting ones come in. Long prompts are read in parts between the steps, so that they do not halt the others for long;
what little is left of a prompt joins the step.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from langchain_core.exceptions import ModelRateLimitError, ModelTimeoutError

from deskhand_guardrails.errors import UnavailableError
from langchain_deskhand.decoder import Decoder
from langchain_deskhand.generation import Answer, Piece
from langchain_deskhand.prefixes import LEAST, Prefixes, common

_PART = 1024
"""Prompt tokens read between two steps: with several prompts waiting, the answers to all of them then share steps."""

_LITTLE = 32
"""Prompt tokens that join a step: reading them alone would cost another pass over the weights."""

_STEP = 16
"""Tokens of a step that drafts may fill: beyond, a processor's time grows with each token."""


class BusyError(UnavailableError, ModelRateLimitError):
    """As many calls wait as may: LangChain's kind for "try again later", so that retries and fallbacks know it."""


class TimeoutExceededError(UnavailableError, ModelTimeoutError):
    """A call took longer than it may."""


@dataclass(eq=False)
class Job:
    """One answer on its way. ``emit`` gets its pieces, the last with ``finish``, or the error that ended it."""

    answer: Answer
    emit: Callable[[Piece | Exception], None]
    deadline: float | None = None
    """By ``time.monotonic``."""
    cancelled: threading.Event = field(default_factory=threading.Event)
    slot: int = -1
    read: int = 0
    """Tokens of the prompt that the slot holds."""

    @property
    def left(self) -> int:
        """Tokens of the prompt that are still to be read."""
        return len(self.answer.prompt) - self.read


class Scheduler:
    """Owns a decoder. ``submit`` and ``working`` may be called from any thread."""

    def __init__(self, decoder: Decoder, prefixes: Prefixes, *, parallel: int, waiting: int) -> None:
        self._decoder = decoder
        self._prefixes = prefixes
        self._parallel = parallel
        self._most_waiting = waiting
        self._waiting: deque[Job] = deque()
        self._active: list[Job] = []
        self._lock = threading.Lock()
        # Not a daemon: one that is killed at the interpreter's end within a model's own code takes the process down.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="deskhand-model")
        self._busy = False

    @property
    def working(self) -> int:
        """How many answers hold a slot."""
        return len(self._active)

    def submit(self, job: Job) -> None:
        """Puts an answer in line.

        Raises:
            BusyError: too many are waiting.
        """
        with self._lock:
            free = self._parallel - len(self._active)
            if len(self._waiting) >= self._most_waiting + max(0, free):
                raise BusyError(
                    f"the model is busy: {len(self._active)} answers are being written and {len(self._waiting)} wait; "
                    "try again later, or raise max_queue"
                )
            self._waiting.append(job)
            if not self._busy:
                self._busy = True
                self._thread.submit(self._work)

    def _work(self) -> None:
        while True:
            with self._lock:
                self._leave()
                while self._waiting and len(self._active) < self._parallel:
                    self._active.append(self._waiting.popleft())
                active = list(self._active)
                if not active:
                    self._busy = False
                    return
            try:
                self._read(active)
                self._write([job for job in active if job in self._active and job.left <= _LITTLE])
            except Exception as error:  # noqa: BLE001 - a model's own: the answers of the step end with it
                for job in active:
                    self._fail(job, error)

    def _leave(self) -> None:
        """Drops what was cancelled or took too long, in its slot or still in line."""
        now = time.monotonic()
        for job in (*self._active, *self._waiting):
            late = job.deadline is not None and now > job.deadline
            if not late and not job.cancelled.is_set():
                continue
            if job in self._active:
                self._finish(job)
            else:
                self._waiting.remove(job)
            if late and not job.cancelled.is_set():
                job.emit(
                    TimeoutExceededError(
                        "the model took longer than the call's timeout; raise timeout, or lower max_tokens"
                    )
                )

    def _enter(self, job: Job) -> None:
        entries, length = self._prefixes.longest(job.answer.prompt) or (None, LEAST - 1)
        # Chats that arrive together, after a start say, have their instructions in common, and none has ended yet.
        for other in self._active:
            alike = min(common(other.answer.prompt, job.answer.prompt), other.read, len(job.answer.prompt) - 1)
            if alike > length and (held := self._decoder.copy(other.slot, alike)) is not None:
                entries, length = held, alike
        job.slot = self._decoder.take()
        if entries is not None:
            self._decoder.put(job.slot, entries, length)
            job.read = job.answer.cached = length

    def _read(self, active: list[Job]) -> None:
        """Reads of the long prompts as much as there may be between two steps, first come first served."""
        room = _PART
        for job in active:
            try:
                if job.slot < 0:
                    self._enter(job)
                if job.left <= _LITTLE or room <= 0:
                    continue
                part = job.answer.prompt[job.read : job.read + room]
                logits = self._decoder.run({job.slot: part}, last=True)[job.slot]
                job.read += len(part)
                room -= len(part)
                if not job.left:
                    self._deliver(job, job.answer.take(logits, ())[1])
            except Exception as error:  # noqa: BLE001 - a model's own: only this answer ends with it
                self._fail(job, error)

    def _write(self, jobs: list[Job]) -> None:
        """One step: of the answers whose prompts have been read, and of what little is left of the others'."""
        if not jobs:
            return
        room = max(3, _STEP // len(jobs) - 1) if self._decoder.drafts else 0
        drafts = [job.answer.draft(room) if room and not job.left else [] for job in jobs]
        steps = {
            job.slot: job.answer.prompt[job.read :] if job.left else [job.answer.tokens[-1], *draft]
            for job, draft in zip(jobs, drafts, strict=True)
        }
        logits = self._decoder.run(steps)
        for job, draft in zip(jobs, drafts, strict=True):
            job.read = len(job.answer.prompt)
            before = job.read + len(job.answer.tokens)
            right, piece = job.answer.take(logits[job.slot][-len(draft) - 1 :], draft)
            self._decoder.rewind(job.slot, before + right)
            self._deliver(job, piece)

    def _deliver(self, job: Job, piece: Piece) -> None:
        if piece.finish is not None:
            self._keep(job)
            self._finish(job)
        if not job.cancelled.is_set():
            job.emit(piece)

    def _keep(self, job: Job) -> None:
        """Remembers the conversation up to here: the customer's next message continues it."""
        entries: Any = self._decoder.copy(job.slot) if self._prefixes.most else None
        if entries is not None:
            self._prefixes.add([*job.answer.prompt, *job.answer.tokens][: entries.shape[3]], entries)

    def _fail(self, job: Job, error: Exception) -> None:
        if job in self._active:
            self._finish(job)
            job.emit(error)

    def _finish(self, job: Job) -> None:
        self._active.remove(job)
        if job.slot >= 0:
            self._decoder.free(job.slot)
