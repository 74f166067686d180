"""What Slack sends to an app: events, button presses, and the signature that proves them."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

Payload = dict[str, Any]


def signed_request(
    payload: Mapping[str, Any], secret: str, *, timestamp: int | None = None, retry: int | None = None
) -> tuple[dict[str, str], bytes]:
    """Headers and body of the HTTP request with which Slack delivers ``payload``.

    Args:
        payload: an event (sent as JSON) or an interaction (sent as a form, as Slack does).
        secret: the signing secret.
        timestamp: seconds since 1970; now when None.
        retry: the number of the repeated delivery; None for the first.
    """
    if payload.get("type") in ("event_callback", "url_verification"):
        kind, body = "application/json", json.dumps(payload)
    else:
        kind, body = "application/x-www-form-urlencoded", urlencode({"payload": json.dumps(payload)})
    moment = str(int(time.time()) if timestamp is None else timestamp)
    digest = hmac.new(secret.encode(), f"v0:{moment}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": kind,
        "X-Slack-Request-Timestamp": moment,
        "X-Slack-Signature": f"v0={digest}",
    }
    if retry is not None:
        headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
    return headers, body.encode()


def event_payload(event: Mapping[str, Any], *, team: str, bot_user: str, event_id: str) -> Payload:
    """An event as it is delivered: with the workspace and the bot that it is for."""
    return {
        "type": "event_callback",
        "token": "deprecated",
        "team_id": team,
        "api_app_id": "A0FAKE",
        "event": dict(event),
        "event_id": event_id,
        "event_time": int(time.time()),
        "authorizations": [{"team_id": team, "user_id": bot_user, "is_bot": True, "is_enterprise_install": False}],
    }


def press(message: Mapping[str, Any], button: str, *, user: str, team: str) -> Payload:
    """The press of a thumb under ``message``.

    Args:
        message: a message with a feedback block, as ``FakeSlack.thread`` returns it.
        button: ``positive_button`` or ``negative_button``.
        user: who pressed it.
        team: their workspace.

    Raises:
        ValueError: when the message has no feedback buttons.
    """
    for block in message.get("blocks") or ():
        for element in block.get("elements") or ():
            if element.get("type") == "feedback_buttons":
                action = {
                    "type": "feedback_buttons",
                    "action_id": element["action_id"],
                    "block_id": block.get("block_id", "b1"),
                    "value": element[button]["value"],
                    "action_ts": message["ts"],
                }
                return {
                    "type": "block_actions",
                    "team": {"id": team, "domain": "fake"},
                    "user": {"id": user, "team_id": team},
                    "api_app_id": "A0FAKE",
                    "container": {"type": "message", "message_ts": message["ts"], "channel_id": message["channel"]},
                    "channel": {"id": message["channel"], "name": "help"},
                    "message": dict(message),
                    "actions": [action],
                }
    raise ValueError("the message has no feedback buttons")
