"""How Slack reaches the app: Socket Mode (a connection from here, no public address) or HTTP routes of a web server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import TYPE_CHECKING

from aiohttp import ClientError
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from deskhand.desk import Desk
from deskhand.slack.app import SlackApp, create_slack_app, web_client
from deskhand.slack.quiet import error_code
from deskhand_guardrails.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from deskhand.settings import Settings

logger = logging.getLogger(__name__)

PATH = "/slack/events"

# Slack's events are a few kilobytes; before a signature is checked, nobody may fill the memory.
BODY_LIMIT = 1024 * 1024

_ADVICE = {
    "account_inactive": "the app was removed from the workspace; install it again",
    "invalid_auth": "the token is wrong or was revoked; copy it again",
    "missing_scope": "a scope is missing; paste `deskhand slack --manifest` into the app and install it again",
    "not_allowed_token_type": "this is another kind of token; the bot's starts with xoxb-, the app's with xapp-",
    "not_authed": "the token is empty; copy it again",
    "token_expired": "the token has expired; switch token rotation off and install the app again",
    "token_revoked": "the token was revoked; install the app again and copy the new one",
}


def check_tokens(settings: Settings) -> None:
    """Asks Slack whether both tokens for Socket Mode work, before any model is loaded.

    Raises:
        ConfigError: when a token is missing.
        UnavailableError: when Slack refuses one or cannot be reached.
    """
    client, app_token = web_client(settings), _app_token(settings)
    asyncio.run(_open_connection(client, app_token))


def run_slack(desk: Desk, settings: Settings) -> None:
    """Answers over Socket Mode until the process is stopped.

    Raises:
        ConfigError: when a token is missing.
        UnavailableError: when Slack refuses one or cannot be reached.
    """
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_until_terminated(desk, settings))


async def serve_socket(desk: Desk, settings: Settings, *, interval: float | None = None) -> None:
    """What ``run_slack`` runs, for an event loop of one's own; ends when it is cancelled."""
    app_token = _app_token(settings)
    app = create_slack_app(desk, settings) if interval is None else create_slack_app(desk, settings, interval=interval)
    address = await _open_connection(app.client, app_token)
    handler = AsyncSocketModeHandler(app, app_token.get_secret_value(), logger=app.logger)
    handler.client.wss_uri = address
    try:
        await handler.client.connect()  # type: ignore[no-untyped-call]  # untyped in slack_sdk
        logger.info("Slack: connected, answering mentions and direct messages")
        await asyncio.Event().wait()
    finally:
        await handler.client.close()  # type: ignore[no-untyped-call]
        await app.drain()


def slack_routes(app: SlackApp) -> list[Route]:
    """The route for a Starlette or FastAPI application: Slack's events and button presses at ``/slack/events``.

    Raises:
        ConfigError: when the signing secret is missing: requests could not be told from forged ones.
    """
    from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    if not app.checks_signatures:
        raise ConfigError("slack: DESKHAND_SLACK_SIGNING_SECRET is not set; copy it from Basic Information of your app")

    async def events(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_LIMIT:
                return PlainTextResponse("too large", status_code=413)
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return PlainTextResponse("not UTF-8", status_code=400)
        return to_starlette_response(await app.async_dispatch(to_async_bolt_request(request, bytes(body))))

    return [Route(PATH, events, methods=["POST"])]


async def _until_terminated(desk: Desk, settings: Settings) -> None:
    """Containers and service managers stop a process with SIGTERM: end as on Ctrl-C, with the answers finished."""
    task = asyncio.current_task()
    with contextlib.suppress(NotImplementedError):  # Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel if task else lambda: None)
    await serve_socket(desk, settings)


def _app_token(settings: Settings) -> SecretStr:
    if settings.slack_app_token is None:
        raise ConfigError(
            "slack: DESKHAND_SLACK_APP_TOKEN is not set; make an app-level token (xapp-…) with connections:write "
            "under Basic Information of your app"
        )
    return settings.slack_app_token


async def _open_connection(client: AsyncWebClient, app_token: SecretStr) -> str:
    """The address of a new Socket Mode connection, after a look whether the bot may talk at all."""
    call, variable = "auth.test", "DESKHAND_SLACK_BOT_TOKEN"
    try:
        await client.auth_test()
        call, variable = "apps.connections.open", "DESKHAND_SLACK_APP_TOKEN"
        opened = await client.apps_connections_open(app_token=app_token.get_secret_value())
    except SlackApiError as error:
        code = error_code(error)
        advice = _ADVICE.get(code, "see https://docs.slack.dev for this code")
        raise UnavailableError(f"slack: {call} was refused ({code}); check {variable}: {advice}") from None
    except (ClientError, TimeoutError, OSError) as error:
        raise UnavailableError(
            f"slack: {client.base_url} cannot be reached ({error_code(error)}); check the network and try again"
        ) from None
    return str(opened["url"])
