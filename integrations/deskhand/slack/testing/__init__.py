"""A Slack of one's own for tests: a Web API on this machine, and requests signed as Slack signs them.

::

    with FakeSlack() as slack:
        app = create_slack_app(desk, Settings(**slack.settings()))
        async with Bench(slack, app) as bench:
            await bench.ask(slack.mention("Where is my parcel?"))
        print(slack.answers())

It answers real HTTP and WebSocket connections, so the real slack_sdk client talks to it, and it refuses what Slack
refuses: wrong tokens, missing scopes, missing arguments, texts over the limits.
"""

from __future__ import annotations

from deskhand.slack.testing.bench import Bench
from deskhand.slack.testing.requests import press, signed_request
from deskhand.slack.testing.server import Call, FakeSlack
from deskhand.slack.testing.workspace import Workspace

__all__ = ["Bench", "Call", "FakeSlack", "Workspace", "press", "signed_request"]
