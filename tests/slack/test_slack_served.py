"""Slack over HTTP, taken by the same server as web chat and review."""

from __future__ import annotations

import httpx
import pytest

from deskhand.desk import Desk
from deskhand.settings import Settings
from deskhand.slack import create_slack_app
from deskhand.slack.testing import Bench, FakeSlack, signed_request
from deskhand.web import create_app
from deskhand_guardrails.review import ReviewQueue


@pytest.mark.parametrize(("secret_is_right", "status"), [(True, 200), (False, 401)])
async def test_a_signed_mention_is_answered_through_the_web_server(
    desk: Desk, settings: Settings, slack: FakeSlack, secret_is_right: bool, status: int
) -> None:
    assert settings.slack_signing_secret is not None
    slack_app = create_slack_app(desk, settings)
    app = create_app(desk, ReviewQueue(desk.store, desk.model.rails), settings, slack_app)
    secret = settings.slack_signing_secret.get_secret_value() if secret_is_right else "another secret"
    headers, body = signed_request(slack.mention("Where is my parcel?"), secret)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        response = await client.post("/slack/events", content=body, headers=headers)
    await Bench(slack, slack_app).settle()
    assert response.status_code == status
    assert bool(desk.store.recent(5)) is secret_is_right
