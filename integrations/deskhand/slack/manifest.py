"""The app manifest: what to paste at api.slack.com/apps, so that the app has these scopes and events and no others."""

from __future__ import annotations

import json
from typing import Any

EVENTS = ("app_mention", "message.im")
"""What Slack is to tell the app about."""

SCOPES = (
    "app_mentions:read",  # app_mention
    "channels:history",  # conversations.replies in public channels
    "chat:write",  # answers, streams and the status line
    "groups:history",  # conversations.replies in private channels
    "im:history",  # message.im, and conversations.replies in direct messages
    "mpim:history",  # conversations.replies in group direct messages
)
"""What the app may do; no scope lets it read a channel that it was not invited to."""


def manifest(*, name: str = "Deskhand", request_url: str | None = None) -> dict[str, Any]:
    """The manifest as data.

    Args:
        name: what the app and its bot are called (at most 35 characters).
        request_url: ``https://…/slack/events`` for HTTP; None for Socket Mode, which needs no public address.
    """
    events: dict[str, Any] = {"bot_events": list(EVENTS)}
    interactivity: dict[str, Any] = {"is_enabled": True}
    if request_url is not None:
        events["request_url"] = request_url
        interactivity["request_url"] = request_url
    return {
        "display_information": {"name": name, "description": "Answers from your help desk's knowledge."},
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name, "always_online": True},
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": request_url is None,
            "token_rotation_enabled": False,
        },
    }


def manifest_text(*, name: str = "Deskhand", request_url: str | None = None) -> str:
    """The manifest as JSON, which Slack's editor takes beside YAML."""
    return json.dumps(manifest(name=name, request_url=request_url), indent=2)
