"""Slack: questions in channels and direct messages, answered in their thread by the desk.

::

    Slack event ──signature──> message.py ──> answering.py ──> Desk.stream ──> reply.py ──> the thread
                               (is it for us?)  (history, one   (policy, model)  (streamed, or
                                                 at a time)                       edited in place)

``deskhand slack`` runs it over Socket Mode; ``slack_routes(create_slack_app(desk, settings))`` are the routes for HTTP.
Names are imported when they are used, so that importing this package costs nothing without the ``slack`` extra.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deskhand.slack.app import SlackApp, create_slack_app
    from deskhand.slack.manifest import manifest_text
    from deskhand.slack.run import check_tokens, run_slack, slack_routes

__all__ = ["SlackApp", "check_tokens", "create_slack_app", "manifest_text", "run_slack", "slack_routes"]

_HOMES = {
    "SlackApp": "app",
    "check_tokens": "run",
    "create_slack_app": "app",
    "manifest_text": "manifest",
    "run_slack": "run",
    "slack_routes": "run",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found
