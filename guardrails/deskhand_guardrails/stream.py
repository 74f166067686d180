"""An answer on its way out: held until a sentence is complete, checked, and only then released.

At every sentence's end the whole answer so far is checked, so that a check sees what led up to it. Where sentences end
depends on the text alone and never on how it arrived in pieces, so any chunking releases the same. A verdict of review
or block stops before the sentence that caused it; what the customer gets instead is the policy's message.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator

from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.sentences import END
from deskhand_guardrails.verdicts import Context, Finding, Verdict

SyncCheck = Callable[[str, Context], Verdict]
AsyncCheck = Callable[[str, Context], Awaitable[Verdict]]


class _Gate:
    """What both faces share: which prefix to check next, and what to release after its verdict."""

    def __init__(self, context: Context) -> None:
        self._pseudonyms = context.pseudonyms or Pseudonyms()
        self._seen = 0
        self._released = ""
        self.draft = ""
        self.verdict: Verdict | None = None

    def prefixes(self, chunk: str) -> Iterator[str]:
        """Takes the next piece; yields the answer up to each sentence that it completes."""
        # A sentence's end may have begun in the piece before; ends that were used lie before ``_seen``.
        self.draft += chunk
        while (match := END.search(self.draft, self._seen)) is not None:
            self._seen = match.end()
            yield self.draft[: match.end()]

    def release(self, verdict: Verdict) -> str | None:
        """The new part of a passed verdict's text with its values put back; None when the answer must stop here."""
        if not verdict.passed or not verdict.text.startswith(self._released):
            return None
        new = verdict.text[len(self._released) :]
        self._released = verdict.text
        return self._pseudonyms.restore(new)


def _last(gate: _Gate, verdict: Verdict, hand_over: str) -> str:
    """Settles the verdict and gives the last piece: the rest of the answer, or the message that takes its place."""
    piece = gate.release(verdict)
    if piece is not None:
        gate.verdict = verdict
        return piece
    if verdict.passed:
        # A later sentence changed what an earlier one, already released, should have been masked to.
        findings = (*verdict.findings, Finding("stream", "changed_after_release", 1.0))
        verdict = Verdict("review", hand_over, findings, "stream: changed_after_release", verdict.milliseconds)
    gate.verdict = verdict
    return verdict.text


class GuardedStream(Iterator[str]):
    """Checked pieces of an answer, in order.

    ``verdict`` is None until the last piece is about to come: whoever gets a piece while it is set has the last one.
    ``draft`` is what the model wrote (with placeholders); it is complete then, except after a block, which stops the
    model at once.
    """

    def __init__(self, chunks: Iterable[str], context: Context, check: SyncCheck, hand_over: str) -> None:
        """Reads ``chunks`` as they are asked for; ``check`` judges the answer so far."""
        self._gate = _Gate(context)
        self._pieces = self._run(iter(chunks), context, check, hand_over)

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on the whole answer, or the one that stopped it."""
        return self._gate.verdict

    @property
    def draft(self) -> str:
        """What the model has written so far."""
        return self._gate.draft

    def __next__(self) -> str:
        """The next checked piece."""
        return next(self._pieces)

    def _run(self, chunks: Iterator[str], context: Context, check: SyncCheck, hand_over: str) -> Iterator[str]:
        gate = self._gate
        try:
            for chunk in chunks:
                for prefix in gate.prefixes(chunk):
                    verdict = check(prefix, context)
                    piece = gate.release(verdict)
                    if piece is None:
                        if verdict.decision != "block":  # the reviewer wants to read the whole draft
                            gate.draft += "".join(chunks)
                        yield _last(gate, verdict, hand_over)
                        return
                    if piece:
                        yield piece
            verdict = check(gate.draft, context)
            yield _last(gate, verdict, hand_over)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()


class AsyncGuardedStream(AsyncIterator[str]):
    """``GuardedStream`` for pieces that arrive asynchronously."""

    def __init__(self, chunks: AsyncIterable[str], context: Context, check: AsyncCheck, hand_over: str) -> None:
        """Reads ``chunks`` as they are asked for; ``check`` judges the answer so far."""
        self._gate = _Gate(context)
        self._pieces = self._run(aiter(chunks), context, check, hand_over)

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on the whole answer, or the one that stopped it."""
        return self._gate.verdict

    @property
    def draft(self) -> str:
        """What the model has written so far."""
        return self._gate.draft

    async def __anext__(self) -> str:
        """The next checked piece."""
        return await anext(self._pieces)

    async def aclose(self) -> None:
        """Stops early, and the model with it."""
        await self._pieces.aclose()

    async def _run(
        self, chunks: AsyncIterator[str], context: Context, check: AsyncCheck, hand_over: str
    ) -> AsyncGenerator[str, None]:
        gate = self._gate
        try:
            async for chunk in chunks:
                for prefix in gate.prefixes(chunk):
                    verdict = await check(prefix, context)
                    piece = gate.release(verdict)
                    if piece is None:
                        if verdict.decision != "block":
                            gate.draft += "".join([rest async for rest in chunks])
                        yield _last(gate, verdict, hand_over)
                        return
                    if piece:
                        yield piece
            verdict = await check(gate.draft, context)
            yield _last(gate, verdict, hand_over)
        finally:
            close = getattr(chunks, "aclose", None)
            if close is not None:
                await close()
