"""Many answers at once with one model: one thread steps them all, and each begins and ends when it likes.

Continuous batching (Yu et al., Orca, OSDI 2022): after every step finished answers leave, cancelled ones too, and
waiting ones come in. Prompts are read in parts between the steps, so that a long one does not halt the others. The
thread ends when there has been nothing to do for a while.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from langchain_core.exceptions import ModelRateLimitError, ModelTimeoutError

from deskhand_guardrails.errors import UnavailableError
from langchain_deskhand.decoder import Decoder
from langchain_deskhand.generation import Answer, Piece
from langchain_deskhand.prefixes import Prefixes

_PART = 256
"""Prompt tokens read between two steps of the answers."""

_STEP = 16
"""Tokens of a step that drafts may fill: beyond, a processor's time grows with each token."""

_IDLE = 10.0
"""Seconds without work after which the thread ends."""


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
    def reading(self) -> bool:
        return self.read < len(self.answer.prompt)


class Scheduler:
    """Owns a decoder. ``submit`` and ``working`` may be called from any thread."""

    def __init__(self, decoder: Decoder, prefixes: Prefixes, *, parallel: int, waiting: int) -> None:
        self._decoder = decoder
        self._prefixes = prefixes
        self._parallel = parallel
        self._most_waiting = waiting
        self._waiting: deque[Job] = deque()
        self._active: list[Job] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def working(self) -> int:
        """How many answers hold a slot."""
        return len(self._active)

    def submit(self, job: Job) -> None:
        """Puts an answer in line.

        Raises:
            BusyError: too many are waiting.
        """
        with self._changed:
            free = self._parallel - len(self._active)
            if len(self._waiting) >= self._most_waiting + max(0, free):
                raise BusyError(
                    f"the model is busy: {len(self._active)} answers are being written and {len(self._waiting)} wait; "
                    "try again later, or raise max_queue"
                )
            self._waiting.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="deskhand-model", daemon=True)
                self._thread.start()
            self._changed.notify()

    def cancel(self, job: Job) -> None:
        """Ends an answer that nobody waits for: before the next step it has left its slot, or the line."""
        job.cancelled.set()
        with self._changed:
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._active and not self._waiting and not self._changed.wait(_IDLE):
                    self._thread = None
                    return
                self._leave()
                while self._waiting and len(self._active) < self._parallel:
                    self._enter(self._waiting.popleft())
                active = list(self._active)
            if not active:
                continue
            try:
                self._read(active)
                self._write([job for job in active if not job.reading and job.answer.tokens])
            except Exception as error:  # noqa: BLE001 - a model's own: the answers it belongs to end with it
                for job in active:
                    self._finish(job)
                    job.emit(error)

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
                job.emit(TimeoutExceededError("the model took longer than the call's timeout; raise timeout, or lower max_tokens"))

    def _enter(self, job: Job) -> None:
        job.slot = self._decoder.take()
        self._active.append(job)
        found = self._prefixes.longest(job.answer.prompt)
        if found is not None:
            entries, length = found
            self._decoder.put(job.slot, entries, length)
            job.read = job.answer.cached = length

    def _read(self, active: list[Job]) -> None:
        """Reads one part of the prompt that came first."""
        job = next((job for job in active if job.reading), None)
        if job is None:
            return
        part = job.answer.prompt[job.read : job.read + _PART]
        logits = self._decoder.run({job.slot: part}, last=True)[job.slot]
        job.read += len(part)
        if not job.reading:
            self._deliver(job, job.answer.take(logits, ()))

    def _write(self, jobs: list[Job]) -> None:
        """One step of the answers whose prompts have been read."""
        if not jobs:
            return
        room = max(3, _STEP // len(jobs) - 1) if self._decoder.drafts else 0
        drafts = [job.answer.draft(room) if room else [] for job in jobs]
        steps = {job.slot: [job.answer.tokens[-1], *draft] for job, draft in zip(jobs, drafts, strict=True)}
        logits = self._decoder.run(steps)
        for job, draft in zip(jobs, drafts, strict=True):
            before = len(job.answer.prompt) + len(job.answer.tokens)
            right, piece = job.answer.take(logits[job.slot], draft)
            self._decoder.rewind(job.slot, before + right)
            self._deliver(job, (right, piece))

    def _deliver(self, job: Job, taken: tuple[int, Piece]) -> None:
        piece = taken[1]
        if piece.finish is not None:
            self._keep(job)
            self._finish(job)
        if not job.cancelled.is_set():
            job.emit(piece)

    def _keep(self, job: Job) -> None:
        """Remembers the conversation up to here: the customer's next message continues it."""
        entries: Any = self._decoder.copy(job.slot)
        if entries is not None:
            self._prefixes.add([*job.answer.prompt, *job.answer.tokens][: entries.shape[3]], entries)

    def _finish(self, job: Job) -> None:
        if job in self._active:
            self._active.remove(job)
            self._decoder.free(job.slot)
