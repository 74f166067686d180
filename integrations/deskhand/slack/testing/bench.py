"""The app behind HTTP, next to the workspace it talks to: deliver an event, then look at the workspace."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

import httpx
from starlette.applications import Starlette

from deskhand.slack.app import SlackApp
from deskhand.slack.run import PATH, slack_routes
from deskhand.slack.testing.requests import Payload, signed_request
from deskhand.slack.testing.server import FakeSlack


class Bench:
    """Delivers requests to ``app`` as ``slack`` would. Use it with ``async with``."""

    def __init__(self, slack: FakeSlack, app: SlackApp) -> None:
        self.slack = slack
        self.app = app
        transport = httpx.ASGITransport(Starlette(routes=slack_routes(app)))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://desk")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.app.drain()
        await self.http.aclose()

    async def post(self, payload: Payload, *, secret: str | None = None, **how: Any) -> httpx.Response:  # noqa: ANN401
        """Delivers ``payload``, signed with ``secret`` (None: the right one); ``how`` goes to ``signed_request``."""
        headers, body = signed_request(payload, secret or self.slack.signing_secret, **how)
        return await self.http.post(PATH, content=body, headers=headers)

    async def ask(self, *payloads: Payload) -> None:
        """Delivers the payloads one after the other and waits until all are dealt with.

        Raises:
            httpx.HTTPStatusError: when the app does not acknowledge one.
        """
        for payload in payloads:
            (await self.post(payload)).raise_for_status()
        await self.settle()

    async def settle(self) -> None:
        """Waits until what was delivered has been dealt with."""
        await asyncio.sleep(0.05)  # Bolt calls a listener after its reply to Slack
        await self.app.drain()
