"""The Slack app: which events are taken, and what becomes of them. The answers are written by ``answering.py``."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from deskhand.desk import Desk
from deskhand.slack.answering import Answering, Seen
from deskhand.slack.blocks import FEEDBACK_ACTION, read_feedback
from deskhand.slack.message import read_message
from deskhand.slack.quiet import error_code, library_logger
from deskhand.slack.reply import INTERVAL
from deskhand.slack.verification import SignatureCheck
from deskhand_guardrails.errors import ConfigError

if TYPE_CHECKING:
    from deskhand.settings import Settings

logger = logging.getLogger(__name__)

# A limit that two waits do not cure is a busy workspace; then the customer gets the rest of the answer in one piece.
_RATE_LIMIT_RETRIES = 2


class SlackApp(AsyncApp):
    """A Bolt app that answers with the desk.

    ``app_mention`` in channels and ``message`` in direct messages are answered in their thread; a press on a thumb is
    handed to the desk. Everything else is acknowledged and left alone.
    """

    def __init__(self, desk: Desk, settings: Settings, *, interval: float = INTERVAL) -> None:
        secret = settings.slack_signing_secret
        log = library_logger()
        self.checks_signatures = secret is not None
        """Whether requests over HTTP can be told from forged ones; without it all of them are refused."""
        super().__init__(
            name="deskhand.slack.library",
            client=web_client(settings),
            signing_secret="",
            logger=log,
            # SignatureCheck takes the place of Bolt's own check, before anything else is looked at.
            request_verification_enabled=False,
            ssl_check_enabled=False,
            before_authorize=SignatureCheck(secret.get_secret_value() if secret else None),
        )
        self.answering = Answering(desk, self.client, interval=interval)
        self._desk = desk
        self._seen = Seen()
        self.event("app_mention")(self._on_message)
        self.event("message")(self._on_message)
        self.action(FEEDBACK_ACTION)(self._on_feedback)
        # Slack delivers again what is not acknowledged; these come last, so they get what nothing above has taken.
        self.event(re.compile(""))(_acknowledge)
        self.action(re.compile(""))(_acknowledge)

    async def drain(self, seconds: float = 30.0) -> None:
        """Waits for the answers that are being written; call it before the event loop ends."""
        await self.answering.drain(seconds)

    async def _on_message(self, body: dict[str, Any], event: dict[str, Any], context: dict[str, Any]) -> None:
        bot_user = str(context.get("bot_user_id") or "")
        message = read_message(event, team=str(context.get("team_id") or ""), bot_user=bot_user)
        if message is None:
            return
        # Slack delivers an event again after a lost reply. A mention in a direct message, and a reply that is shown in
        # the channel too, arrive as two events with one message.
        new_event = self._seen.first(f"event {body.get('event_id') or message.ts}")
        if self._seen.first(f"message {message.channel} {message.ts}") and new_event:
            self.answering.start(message, bot_user=bot_user)

    async def _on_feedback(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        pressed = read_feedback(body)
        if pressed is None:
            logger.warning("Slack: feedback button without a turn, ignored")
            return
        try:
            await asyncio.to_thread(self._desk.feedback, *pressed)
        except Exception as error:  # noqa: BLE001 - a thumb that is lost must not disturb the conversation
            logger.error("Slack: feedback not recorded (%s)", error_code(error))


async def _acknowledge(ack: AsyncAck) -> None:
    await ack()


def create_slack_app(desk: Desk, settings: Settings, *, interval: float = INTERVAL) -> SlackApp:
    """The app, ready for Socket Mode (``run_slack``) or HTTP (``slack_routes``).

    Args:
        desk: who answers.
        settings: ``slack_bot_token``, ``slack_signing_secret`` (HTTP only) and ``slack_api_url``.
        interval: least seconds between two calls to Slack for one growing answer.

    Raises:
        ConfigError: when the bot token is missing.
    """
    return SlackApp(desk, settings, interval=interval)


def web_client(settings: Settings) -> AsyncWebClient:
    """Slack's Web API for the bot: waits when Slack says that it is asked too often, and logs no content.

    Raises:
        ConfigError: when the bot token is missing.
    """
    if settings.slack_bot_token is None:
        raise ConfigError(
            "slack: DESKHAND_SLACK_BOT_TOKEN is not set; it is the xoxb-… token under OAuth & Permissions of your app"
        )
    client = AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(), base_url=str(settings.slack_api_url), logger=library_logger()
    )
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=_RATE_LIMIT_RETRIES))
    return client
