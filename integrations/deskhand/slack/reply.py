"""One answer as it appears in a thread: streamed where Slack allows it, else one message that is edited as it grows.

Slack's streaming methods are missing in some workspaces and channel types, and a stream may end before the answer does;
whatever fails, the answer continues in a message of its own. Slack is called about once a second, whatever the pace of
the model.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_chat_stream import AsyncChatStream
from slack_sdk.web.async_client import AsyncWebClient

from deskhand.slack.blocks import Block, markdown
from deskhand.slack.message import Message
from deskhand.slack.quiet import SLACK_FAILED, error_code
from deskhand.slack.text import defuse, split, to_mrkdwn, whole_words

logger = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two calls for one answer: Slack takes about one message a second per channel."""

STATUS = "is looking into it…"
PLACEHOLDER = "One moment, I am looking into it …"

# The workspace or the app cannot stream at all; other codes speak of one channel or one moment.
CANNOT_STREAM = frozenset({"unknown_method", "missing_scope", "not_allowed_token_type", "method_deprecated"})

_RATE_LIMITED = "ratelimited"
_BLOCKS_REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format", "unsupported_block_type"})

# Slack's notification text; the blocks carry the whole answer.
_NOTIFICATION_CHARACTERS = 3_000


class _Writer(Protocol):
    """Shows a growing text; ``show`` and ``close`` get all of it each time."""

    async def show(self, text: str) -> None: ...

    async def close(self, text: str, below: list[Block]) -> None: ...


class _Stream:
    """A message that Slack shows as being written."""

    def __init__(self, stream: AsyncChatStream) -> None:
        self._stream = stream
        self._sent = 0

    @property
    def ts(self) -> str | None:
        return self._stream.ts

    async def show(self, text: str) -> None:
        await self._stream.append(markdown_text=text[self._sent :])
        self._sent = len(text)

    async def close(self, text: str, below: list[Block]) -> None:
        await self._stream.stop(markdown_text=text[self._sent :], blocks=below or None)


class _Edits:
    """A message that is posted once and updated."""

    def __init__(self, client: AsyncWebClient, message: Message, ts: str | None = None) -> None:
        self._client = client
        self._message = message
        self._ts = ts

    async def show(self, text: str) -> None:
        try:
            await self._put(text, [])
        except SlackApiError as error:
            if error_code(error) != _RATE_LIMITED:
                raise
            logger.warning("Slack: rate limited, the answer grows more slowly")

    async def close(self, text: str, below: list[Block]) -> None:
        await self._put(text, below)

    async def _put(self, text: str, below: list[Block]) -> None:
        try:
            await self._write(text, [*markdown(text), *below])
        except SlackApiError as error:
            # Older workspaces know neither markdown blocks nor feedback buttons; the text alone always works.
            if error_code(error) not in _BLOCKS_REFUSED:
                raise
            logger.warning("Slack: blocks refused, answering without them")
            await self._write(text, None)

    async def _write(self, text: str, blocks: list[Block] | None) -> None:
        notification = to_mrkdwn(text if blocks is None else text[:_NOTIFICATION_CHARACTERS])
        channel = self._message.channel
        if self._ts is not None:
            try:
                await self._client.chat_update(channel=channel, ts=self._ts, text=notification, blocks=blocks)
            except SlackApiError as error:
                if error_code(error) in {*_BLOCKS_REFUSED, _RATE_LIMITED}:
                    raise
                self._ts = None  # somebody deleted it, or Slack does not let go of a broken stream
            else:
                return
        posted = await self._client.chat_postMessage(
            channel=channel,
            thread_ts=self._message.thread_ts,
            text=notification,
            blocks=blocks,
            # Fetching an address that a model wrote would tell its owner about the conversation.
            unfurl_links=False,
            unfurl_media=False,
        )
        self._ts = str(posted["ts"])


class Reply:
    """The answer to one message.

    Args:
        client: the Web API.
        message: what is answered.
        streaming: whether to try Slack's streaming methods.
        interval: least seconds between two calls.
    """

    def __init__(
        self, client: AsyncWebClient, message: Message, *, streaming: bool = True, interval: float = INTERVAL
    ) -> None:
        self.cannot_stream = False
        """Whether Slack said that this app cannot stream at all, so that the next reply need not try."""
        self._client = client
        self._message = message
        self._streaming = streaming
        self._interval = interval
        self._text = ""
        self._shown = 0
        self._called = float("-inf")
        self._writer: _Writer | None = None

    async def begin(self) -> None:
        """Shows that somebody is at it: Slack's status line, or a placeholder where there is none."""
        try:
            await self._client.assistant_threads_setStatus(
                channel_id=self._message.channel, thread_ts=self._message.thread_ts, status=STATUS
            )
        except SLACK_FAILED:
            edits = _Edits(self._client, self._message)
            await edits.show(PLACEHOLDER)
            self._writer = edits
            self._called = time.monotonic()

    async def append(self, piece: str) -> None:
        """Adds checked text; it is shown now or, within ``interval`` of the last call, with what follows."""
        self._text += piece
        if time.monotonic() - self._called < self._interval:
            return
        # Whole words only: a mention that is cut in two could not be recognised and made harmless.
        ready = split(defuse(self._text[: whole_words(self._text)]))[0]
        if len(ready) > self._shown:
            await self._show(ready)

    async def finish(self, below: list[Block], *, note: str = "") -> None:
        """Shows what is left and ``note``, with ``below`` under the last part; parts over the limit follow."""
        first, *others = split(defuse(self._text + (f"\n\n{note}" if self._text and note else note)))
        await self._close(first, [] if others else below)
        for part in others:
            last = part is others[-1]
            await _Edits(self._client, self._message).close(part, below if last else [])

    async def _show(self, text: str) -> None:
        writer = self._writer or await self._open()
        try:
            await writer.show(text)
        except SLACK_FAILED as error:
            await (await self._fall_back(error)).show(text)
        self._shown = len(text)
        self._called = time.monotonic()

    async def _close(self, text: str, below: list[Block]) -> None:
        writer = self._writer or await self._open()
        try:
            await writer.close(text, below)
        except SLACK_FAILED as error:
            await (await self._fall_back(error)).close(text, below)

    async def _open(self) -> _Writer:
        if self._streaming:
            stream = await self._client.chat_stream(
                channel=self._message.channel,
                thread_ts=self._message.thread_ts,
                recipient_user_id=self._message.user,
                recipient_team_id=self._message.user_team,
                buffer_size=1,  # the pace is kept here
            )
            self._writer = _Stream(stream)
        else:
            self._writer = _Edits(self._client, self._message)
        return self._writer

    async def _fall_back(self, error: Exception) -> _Edits:
        """The writer that takes over from a stream; errors of an edited message are raised."""
        if not isinstance(self._writer, _Stream):
            raise error
        code = error_code(error)
        logger.warning("Slack: streaming failed (%s), editing a message instead", code)
        self.cannot_stream = code in CANNOT_STREAM
        if (ts := self._writer.ts) is not None:
            with contextlib.suppress(*SLACK_FAILED):  # it may have ended by itself
                await self._client.chat_stopStream(channel=self._message.channel, ts=ts)
        edits = _Edits(self._client, self._message, ts)
        self._writer = edits
        return edits
