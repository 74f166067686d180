"""From a message to its answer: one at a time in a thread, a few at a time in all."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from weakref import WeakValueDictionary

from slack_sdk.web.async_client import AsyncWebClient

from deskhand.desk import Answer, Desk, Question
from deskhand.slack.blocks import below
from deskhand.slack.history import read_history
from deskhand.slack.message import Message
from deskhand.slack.quiet import SLACK_FAILED, error_code
from deskhand.slack.reply import INTERVAL, Reply
from deskhand_guardrails.errors import DeskhandError

logger = logging.getLogger(__name__)

APOLOGY = "Sorry, something went wrong on our side. Please ask again in a moment."
GREETING = "Hello! What can I help you with?"

# A model on a CPU answers one question at a time anyway; a remote one should not be flooded.
AT_ONCE = 8


class Seen:
    """The newest ``capacity`` keys; tells which come for the first time.

    Slack delivers an event again after a lost reply, up to three times within six minutes: 10,000 events outlast that
    in any workspace that one process can serve.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._keys: OrderedDict[str, None] = OrderedDict()

    def first(self, key: str) -> bool:
        """Whether ``key`` is new; from now on it is not."""
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > self._capacity:
            self._keys.popitem(last=False)
        return True


class Answering:
    """Answers messages with the desk, in their threads.

    Args:
        desk: who answers.
        client: the Web API.
        interval: least seconds between two calls for one growing answer.
    """

    def __init__(self, desk: Desk, client: AsyncWebClient, *, interval: float = INTERVAL) -> None:
        self._desk = desk
        self._client = client
        self._interval = interval
        self._streaming = True
        self._threads: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()

    def start(self, message: Message, *, bot_user: str) -> None:
        """Answers in the background: Slack wants to hear within three seconds that an event has arrived."""
        task = asyncio.create_task(self.answer(message, bot_user=bot_user))
        self._running.add(task)  # the event loop itself keeps no reference to a task
        task.add_done_callback(self._running.discard)

    async def drain(self, seconds: float = 30.0) -> None:
        """Waits for the answers that are being written, then ends those that take longer than ``seconds``."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def answer(self, message: Message, *, bot_user: str) -> None:
        """Answers ``message`` in its thread; never raises, whatever goes wrong is an apology there."""
        # One at a time: the second question of a thread is to see the first one's answer.
        lock = self._threads.setdefault(message.conversation_id, asyncio.Lock())
        async with lock, self._room:
            reply = Reply(self._client, message, streaming=self._streaming, interval=self._interval)
            try:
                await self._write(message, reply, bot_user)
            except Exception as error:  # noqa: BLE001 - whatever it is, the customer must hear something
                logger.error("Slack: no answer (%s)", _describe(error))
                await self._apologise(reply)
            self._streaming = self._streaming and not reply.cannot_stream

    async def _write(self, message: Message, reply: Reply, bot_user: str) -> None:
        if not message.text:
            await reply.finish([], note=GREETING)
            return
        await reply.begin()
        history = await read_history(self._client, message, bot_user=bot_user)
        question = Question(message.text, message.conversation_id, "slack", history)
        async for piece in self._desk.stream(question):
            if isinstance(piece, Answer):
                await reply.finish(below(piece))
            else:
                await reply.append(piece)

    async def _apologise(self, reply: Reply) -> None:
        try:
            await reply.finish([], note=APOLOGY)
        except SLACK_FAILED as error:
            logger.error("Slack: no apology either (%s)", error_code(error))


def _describe(error: Exception) -> str:
    """Our own errors are written for logs; of others only the kind is certain to hold no customer text."""
    return str(error) if isinstance(error, DeskhandError) else error_code(error)
