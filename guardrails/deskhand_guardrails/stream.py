"""An answer on its way out: held until a sentence is complete, checked, and only then released.

Each sentence is checked with what led up to it, and before the last one leaves the whole answer is checked once more.
That a sentence has ended shows only when the next one begins. What looks like an end is checked while that is awaited:
at 50 tokens a second a check of less than 20 ms then delays nothing. Where the text went on, the check was in vain.

Where sentences end depends on the text alone and never on how it arrived, so any chunking releases the same. A verdict
of review or block stops before the sentence that caused it; what the customer gets instead is the policy's message.

With ``release_characters`` in the policy a long sentence leaves in pieces of about so many characters. The last
``TAIL`` characters are held back, so that what is still being written (an e-mail address, a card number, a price) never
leaves half; but of a sentence that only its end makes hostile the beginning has left by then.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import NamedTuple, Self

from deskhand_guardrails.growing import REACH, Growing
from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.sentences import END
from deskhand_guardrails.steps import Begun, Step, Steps, arun, run
from deskhand_guardrails.verdicts import Context, Finding, Verdict

Check = Callable[[str, Context, Growing], Steps[Verdict]]

TAIL = 96
"""Longer than any number, address or placeholder that a check replaces."""


# "3." may become "3.50".
_NUMBER = re.compile(r"\d[.]$")


class _Ahead(NamedTuple):
    """A check that was begun before it was certain that the text ends a sentence."""

    text: str
    growing: Growing
    verdict: Begun[Verdict]


class _Place(NamedTuple):
    """Up to where the draft is checked next."""

    end: int
    is_sentence: bool


class _Flow:
    """What both faces share: what to check next, and what to release after its verdict."""

    def __init__(self, chunk: Step, context: Context, check: Check, hand_over: str, characters: int | None) -> None:
        """``chunk`` gives the next piece of the model's, or None after the last."""
        self._chunk = chunk
        self._context = context
        self._check = check
        self._hand_over = hand_over
        self._characters = characters
        self._pseudonyms = context.pseudonyms or Pseudonyms()
        self._starts = [0]
        self._growing = Growing(self._starts)
        self._ahead: _Ahead | None = None
        self._checked = 0
        self._released = ""
        self.draft = ""
        self.verdict: Verdict | None = None

    def piece(self) -> Steps[str | None]:
        """The next checked piece; None when the last one has left."""
        try:
            while self.verdict is None:
                while (place := self._next()) is not None:
                    piece = yield from (self._sentence(place.end) if place.is_sentence else self._part(place.end))
                    if piece or self.verdict is not None:
                        return piece
                self._look_ahead()
                chunk = yield self._chunk
                if chunk is None:
                    return self._last((yield from self._whole()))
                self.draft += chunk
            return None
        finally:
            self._forget_ahead()

    def _next(self) -> _Place | None:
        """Up to where to check next; None when more must be written first."""
        # A sentence's end may have begun in the chunk before.
        match = END.search(self.draft, self._starts[-1])
        if self._characters is not None:
            end = max(self._checked, self._growing.settled + TAIL) + self._characters
            if end < (match.end() if match else len(self.draft)):
                self._checked = end
                return _Place(end, is_sentence=False)
        if match is None:
            return None
        self._starts.append(match.end())
        return _Place(match.end(), is_sentence=True)

    def _look_ahead(self) -> None:
        """Begins to check the draft if it would end a sentence, should the next piece begin another one."""
        goes_on = "x" if self.draft[-1:].isspace() else " x"
        match = END.search(self.draft + goes_on, self._starts[-1])
        if match is None or match.end() < len(self.draft) + len(goes_on) - 1 or _NUMBER.search(self.draft):
            return
        text = self._ending(len(self.draft))
        if self._ahead is None or self._ahead.text != text:
            self._forget_ahead()
            growing = self._growing.copy()
            self._ahead = _Ahead(text, growing, Begun(self._check(text, self._context, growing)))

    def _whole(self) -> Steps[Verdict]:
        """The verdict on the whole answer, read from its beginning."""
        if self._ahead is not None and self._ahead.text == self.draft and self._growing.settled <= REACH:
            verdict = yield from self._ahead.verdict.rest()
            if not self._ahead.growing.is_partial:  # so short that the check of its last sentence has read it all
                return verdict
        self._forget_ahead()
        return (yield from self._check(self.draft, self._context, Growing()))

    def _forget_ahead(self) -> None:
        if self._ahead is not None:
            self._ahead.verdict.close()
            self._ahead = None

    def _ending(self, end: int) -> str:
        """The draft up to ``end`` without the white space there, which breaks no rule and is not known in advance."""
        return self.draft[: max(self._growing.settled, len(self.draft[:end].rstrip()))]

    def _sentence(self, end: int) -> Steps[str]:
        """The draft up to a sentence's end; after a verdict that stops the answer, what takes its place."""
        text = self._ending(end)
        verdict = yield from self._judged(text)
        if not self._goes_on(verdict):
            # The reviewer wants to read the whole draft; a block stops the model at once.
            while verdict.decision != "block" and (chunk := (yield self._chunk)) is not None:
                self.draft += chunk
            return self._last(verdict)
        return self._release(verdict.text[len(self._released) :] + self.draft[len(text) : end], end)

    def _part(self, end: int) -> Steps[str]:
        """What may leave of a sentence that goes on beyond ``end``; nothing while there is any doubt about it."""
        text, settled = self.draft[:end], self._growing.settled
        self._forget_ahead()
        verdict = yield from self._check(text, self._context, self._growing)
        cut = max(text.rfind(mark, settled, end - TAIL) for mark in (" ", "\n")) + 1
        # Where something in the tail was replaced, its text is not the draft's.
        is_plain = verdict.text.endswith(text[cut:]) and not self._growing.is_doubtful
        if cut <= settled or not is_plain or not self._goes_on(verdict):
            return ""
        new = verdict.text[len(self._released) :]
        leaving = new[: len(new) - (end - cut)]
        # A placeholder that lies across the cut would leave unrestored.
        restore = self._pseudonyms.restore
        return self._release(leaving, cut) if restore(new).startswith(restore(leaving)) else ""

    def _release(self, text: str, end: int) -> str:
        self._released += text
        self._growing.settled = end
        return self._pseudonyms.restore(text)

    def _judged(self, text: str) -> Steps[Verdict]:
        """The verdict on ``text``; where reading its end raises a doubt, reading all of it decides."""
        if self._ahead is not None and self._ahead.text == text:
            verdict = yield from self._ahead.verdict.rest()
            self._growing, self._ahead = self._ahead.growing, None
        else:
            self._forget_ahead()
            verdict = yield from self._check(text, self._context, self._growing)
        certain = self._goes_on(verdict) and not self._growing.is_doubtful
        if certain or not self._growing.settled or any(one.label == "error" for one in verdict.findings):
            return verdict
        self._growing = Growing(self._starts)
        return (yield from self._check(text, self._context, self._growing))

    def _goes_on(self, verdict: Verdict) -> bool:
        return verdict.passed and verdict.text.startswith(self._released)

    def _last(self, verdict: Verdict) -> str:
        """Settles the verdict and gives the last piece: the rest of the answer, or the message that takes its place."""
        if verdict.passed and not verdict.text.startswith(self._released):
            # What came later changed what an earlier piece, already released, should have been masked to.
            findings = (*verdict.findings, Finding("stream", "changed_after_release", 1.0))
            reason = "stream: changed_after_release"
            verdict = Verdict("review", self._hand_over, findings, reason, verdict.milliseconds)
        self.verdict = verdict
        if not verdict.passed:
            return verdict.text
        return self._pseudonyms.restore(verdict.text[len(self._released) :])


class _Guarded:
    """What is known of an answer on its way.

    ``verdict`` is None until the last piece is about to come: whoever gets a piece while it is set has the last one.
    ``draft`` is what the model wrote (with placeholders); it is complete then, except after a block, which stops the
    model at once.
    """

    _flow: _Flow

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on the whole answer, or the one that stopped it."""
        return self._flow.verdict

    @property
    def draft(self) -> str:
        """What the model has written so far."""
        return self._flow.draft


class GuardedStream(_Guarded, Iterator[str]):
    """Checked pieces of an answer, in order; close it to stop early, and the model with it."""

    def __init__(
        self, chunks: Iterable[str], context: Context, check: Check, hand_over: str, characters: int | None = None
    ) -> None:
        """Reads ``chunks`` as they are asked for; ``check`` judges the answer so far."""
        self._chunks = iter(chunks)
        chunk = Step.blocking(lambda: next(self._chunks, None))
        self._flow = _Flow(chunk, context, check, hand_over, characters)
        self._is_open = True

    def __next__(self) -> str:
        """The next checked piece."""
        if not self._is_open:
            raise StopIteration
        try:
            piece = run(self._flow.piece())
        except BaseException:
            self.close()
            raise
        if piece is None:
            raise StopIteration
        if self._flow.verdict is not None:
            self.close()
        return piece

    def __enter__(self) -> Self:
        """The stream, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops early, and the model with it."""
        self._is_open = False
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()


class AsyncGuardedStream(_Guarded, AsyncIterator[str]):
    """``GuardedStream`` for pieces that arrive asynchronously."""

    def __init__(
        self, chunks: AsyncIterable[str], context: Context, check: Check, hand_over: str, characters: int | None = None
    ) -> None:
        """Reads ``chunks`` as they are asked for; ``check`` judges the answer so far."""
        self._chunks = aiter(chunks)
        chunk = Step(_only_async, lambda: anext(self._chunks, None))
        self._flow = _Flow(chunk, context, check, hand_over, characters)
        self._is_open = True

    async def __anext__(self) -> str:
        """The next checked piece."""
        if not self._is_open:
            raise StopAsyncIteration
        try:
            piece = await arun(self._flow.piece())
        except BaseException:
            await self.aclose()
            raise
        if piece is None:
            raise StopAsyncIteration
        if self._flow.verdict is not None:
            await self.aclose()
        return piece

    async def __aenter__(self) -> Self:
        """The stream, closed at the end of the block."""
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stops early, and the model with it."""
        self._is_open = False
        close = getattr(self._chunks, "aclose", None)
        if close is not None:
            await close()


def _only_async() -> None:
    raise RuntimeError("the pieces of this answer arrive asynchronously")
