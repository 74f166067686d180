"""What was said in a thread before: read from Slack, so that the app keeps no conversation of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from deskhand.slack.message import Message, from_a_person
from deskhand.slack.quiet import SLACK_FAILED, error_code
from deskhand.slack.text import to_plain

logger = logging.getLogger(__name__)

TURNS = 20
"""Messages handed on: the newest. A support thread rarely has more, and small models read about 1,000 tokens."""

PAGE = 200
PAGES = 5

# A slow or rate-limited Slack (apps sold outside the Marketplace get one page a minute) must not keep a customer
# waiting for an answer that the question alone may well allow.
SECONDS = 8.0


async def read_history(client: AsyncWebClient, message: Message, *, bot_user: str) -> list[dict[str, str]]:
    """The thread before ``message`` as ``{"role", "content"}``, oldest first: ours are the assistant's.

    Other bots are left out. Whatever cannot be read in time is missing, with a warning: an answer to the question
    alone is better than none.
    """
    if not message.continues:
        return []
    found: list[Mapping[str, Any]] = []
    try:
        async with asyncio.timeout(SECONDS):
            await _read_pages(client, message, found)
    except SLACK_FAILED as error:
        logger.warning("Slack: thread read only in part (%s)", error_code(error))
    before = (entry for entry in found if str(entry.get("ts", "")) < message.ts)
    turns = (_turn(entry, bot_user) for entry in sorted(before, key=lambda entry: str(entry.get("ts", ""))))
    return [turn for turn in turns if turn is not None][-TURNS:]


async def _read_pages(client: AsyncWebClient, message: Message, found: list[Mapping[str, Any]]) -> None:
    cursor: str | None = None
    for _ in range(PAGES):
        page = await client.conversations_replies(
            channel=message.channel, ts=message.thread_ts, latest=message.ts, limit=PAGE, cursor=cursor
        )
        found.extend(page.get("messages") or ())
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return


def _turn(entry: Mapping[str, Any], bot_user: str) -> dict[str, str] | None:
    ours = entry.get("user") == bot_user
    if not ours and not from_a_person(entry, bot_user=bot_user):
        return None
    content = to_plain(str(entry.get("text") or ""), bot_user=bot_user)
    return {"role": "assistant" if ours else "user", "content": content} if content else None
