"""The fake workspace behind HTTP and WebSocket on the loopback address, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from aiohttp import WSMsgType, web

from deskhand.slack.manifest import SCOPES
from deskhand.slack.testing.requests import Payload, event_payload, press
from deskhand.slack.testing.workspace import Message, RefusedError, Workspace

CHANNEL = "C0HELP"
DIRECT = "D0DIRECT"
CUSTOMER = "U0CUSTOMER"


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the app made; ``arguments`` come from the query, the form or the JSON body, without the token."""

    method: str
    arguments: dict[str, Any]
    error: str | None
    """What was answered instead of "ok"."""
    at: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class _Fault:
    error: str
    retry_after: int | None
    left: int | None
    """How many calls it still meets; None: all."""


class FakeSlack:
    """A workspace with one app in it. Start it with ``with``; ``url`` is the Web API's base address.

    Args:
        scopes: what the app was granted; the shipped manifest's when None.
        team: the workspace's id.
    """

    def __init__(self, *, scopes: Iterable[str] | None = None, team: str = "T0FAKE") -> None:
        self.bot_token = "xoxb-fake-bot-token"  # noqa: S105 - opens nothing
        self.app_token = "xapp-fake-app-token"  # noqa: S105
        self.signing_secret = "fake-signing-secret"  # noqa: S105
        self.calls: list[Call] = []
        self.workspace = Workspace(
            team=team, bot_user="U0BOT", bot_id="B0BOT", scopes=frozenset(SCOPES if scopes is None else scopes)
        )
        self._faults: dict[str, _Fault] = {}
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-slack", daemon=True)
        self._sockets: set[web.WebSocketResponse] = set()
        self._acks: dict[str, Future[dict[str, Any]]] = {}
        self._connected = threading.Event()
        self._port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    @property
    def url(self) -> str:
        """The Web API's base address, for ``DESKHAND_SLACK_API_URL``."""
        return f"http://127.0.0.1:{self._port}/api/"

    def settings(self) -> dict[str, str]:
        """The settings with which Deskhand talks to this Slack."""
        return {
            "slack_bot_token": self.bot_token,
            "slack_app_token": self.app_token,
            "slack_signing_secret": self.signing_secret,
            "slack_api_url": self.url,
        }

    # What people do.

    def mention(self, text: str, *, channel: str = CHANNEL, thread_ts: str | None = None, **event: object) -> Payload:
        """Somebody mentions the bot: the message is in the channel, the returned event is to be delivered."""
        return self._said("app_mention", f"<@{self.workspace.bot_user}> {text}", channel, thread_ts, event)

    def direct_message(self, text: str, *, thread_ts: str | None = None, **event: object) -> Payload:
        """Somebody writes to the bot: the message is there, the returned event is to be delivered."""
        return self._said("message", text, DIRECT, thread_ts, {"channel_type": "im", **event})

    def event(self, event: dict[str, Any], *, event_id: str | None = None) -> Payload:
        """Any event as it is delivered to this app."""
        identity = event_id or f"Ev{uuid4().hex[:10]}"
        return event_payload(event, team=self.workspace.team, bot_user=self.workspace.bot_user, event_id=identity)

    def press(self, message: Message, button: str, *, user: str = CUSTOMER) -> Payload:
        """Somebody presses ``positive_button`` or ``negative_button`` under ``message``."""
        return press(message, button, user=user, team=self.workspace.team)

    # What Slack does.

    def refuse(self, method: str, error: str, *, times: int | None = None) -> None:
        """Answers ``method`` with an error code, ``times`` times or for good."""
        self._faults[method] = _Fault(error, None, times)

    def rate_limit(self, method: str, *, retry_after: int = 1, times: int | None = 1) -> None:
        """Answers ``method`` with 429 and ``Retry-After`` seconds, ``times`` times or for good."""
        self._faults[method] = _Fault("ratelimited", retry_after, times)

    def restore(self, method: str) -> None:
        """Answers ``method`` as usual again."""
        self._faults.pop(method, None)

    async def deliver(self, payload: Payload, *, retry: int | None = None, seconds: float = 10.0) -> dict[str, Any]:
        """Sends ``payload`` over the Socket Mode connection and returns the app's acknowledgement.

        Raises:
            TimeoutError: when there is no connection, or no acknowledgement in time.
        """
        envelope: dict[str, Any] = {
            "envelope_id": uuid4().hex,
            "type": "events_api" if payload["type"] == "event_callback" else "interactive",
            "payload": payload,
            "accepts_response_payload": False,
        }
        if retry is not None:
            envelope |= {"retry_attempt": retry, "retry_reason": "timeout"}
        acknowledged: Future[dict[str, Any]] = Future()
        self._acks[envelope["envelope_id"]] = acknowledged
        connected = asyncio.to_thread(self._connected.wait, seconds)
        async with asyncio.timeout(seconds):
            await connected
            asyncio.run_coroutine_threadsafe(self._send(envelope), self._loop)
            return await asyncio.wrap_future(acknowledged)

    # What there is to see.

    def called(self, method: str) -> list[Call]:
        """The calls of one method, refused ones included."""
        with self._lock:
            return [call for call in self.calls if call.method == method]

    async def wait_for(self, method: str, *, count: int = 1, seconds: float = 10.0) -> list[Call]:
        """The calls of ``method`` once there are ``count``.

        Raises:
            TimeoutError: naming what was called instead.
        """
        deadline = time.monotonic() + seconds
        while len(found := self.called(method)) < count:
            if time.monotonic() > deadline:
                seen = ", ".join(call.method for call in self.calls) or "nothing"
                raise TimeoutError(f"{method} was called {len(found)} times, not {count}; called: {seen}")
            await asyncio.sleep(0.01)
        return found

    def thread(self, channel: str, thread_ts: str) -> list[Message]:
        """A thread as people see it."""
        with self._lock:
            return [dict(message) for message in self.workspace.thread(channel, thread_ts)]

    def answers(self) -> list[Message]:
        """Everything the bot wrote, as people see it."""
        with self._lock:
            ours = self.workspace.bot_user
            return [dict(message) for message in self.workspace.messages if message["user"] == ours]

    def _said(self, kind: str, text: str, channel: str, thread_ts: str | None, more: dict[str, Any]) -> Payload:
        event_id, user = more.pop("event_id", None), str(more.pop("user", CUSTOMER))
        with self._lock:
            message = self.workspace.say(channel, user, text, thread_ts=thread_ts)
        return self.event({"type": kind, **message, "event_ts": message["ts"], **more}, event_id=event_id)

    async def _start(self) -> None:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._answer)
        app.router.add_get("/socket", self._socket)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        for socket in list(self._sockets):
            await socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _send(self, envelope: dict[str, Any]) -> None:
        for socket in list(self._sockets)[:1]:
            await socket.send_json(envelope)

    async def _answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        token = str(arguments.pop("token", "") or request.headers.get("Authorization", "").removeprefix("Bearer "))
        with self._lock:
            fault = self._met(method)
            try:
                if fault is not None:
                    raise RefusedError(fault.error)
                body = {"ok": True, **self._carry_out(method, arguments, token)}
            except RefusedError as refusal:
                body = {"ok": False, "error": refusal.code, **refusal.details}
            self.calls.append(Call(method, arguments, body.get("error")))
        if fault is not None and fault.retry_after is not None:
            return web.json_response(body, status=429, headers={"Retry-After": str(fault.retry_after)})
        return web.json_response(body)

    def _carry_out(self, method: str, arguments: dict[str, Any], token: str) -> dict[str, Any]:
        if not token:
            raise RefusedError("not_authed")
        expected = self.app_token if method == "apps.connections.open" else self.bot_token
        if token != expected:
            known = token in (self.app_token, self.bot_token)
            raise RefusedError("not_allowed_token_type" if known else "invalid_auth")
        if method == "apps.connections.open":
            return {"url": f"ws://127.0.0.1:{self._port}/socket"}
        return self.workspace.call(method, arguments)

    def _met(self, method: str) -> _Fault | None:
        fault = self._faults.get(method)
        if fault is None or fault.left == 0:
            return None
        if fault.left is not None:
            fault.left -= 1
        return fault

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self._sockets.add(socket)
        self._connected.set()
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    reply = json.loads(frame.data)
                    waiting = self._acks.pop(reply.get("envelope_id", ""), None)
                    if waiting is not None:
                        waiting.set_result(reply)
        finally:
            self._sockets.discard(socket)
            if not self._sockets:
                self._connected.clear()
        return socket


async def _arguments(request: web.Request) -> dict[str, Any]:
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        arguments |= await request.json()
    elif request.can_read_body:
        arguments |= dict(await request.post())
    return arguments
