"""A bench for Slack: a fake workspace, the app over HTTP, and the real desk around a model that is told what to say."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deskhand.desk import Desk
from deskhand.settings import Settings
from deskhand.slack import create_slack_app
from deskhand.slack.testing import Bench, FakeSlack
from deskhand_guardrails import Policy, Rails
from deskhand_guardrails.monitor import Store
from langchain_deskhand import ChatDeskhand
from langchain_deskhand.testing import ScriptedChatModel

ANSWER = "Your parcel left our warehouse. It is usually quick."


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the machine's settings nor its proxies: slack_sdk sends even loopback calls through a proxy."""
    for name in list(os.environ):
        if name.startswith(("DESKHAND_", "SLACK_")) or name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def rails() -> Rails:
    rails = Rails(Policy.load())
    rails.warm()
    return rails


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def settings(slack: FakeSlack) -> Settings:
    return Settings.model_validate(slack.settings())


@pytest.fixture
def model() -> ScriptedChatModel:
    return ScriptedChatModel(answers=[ANSWER], chunk_size=12)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{tmp_path}/store.db") as store:
        yield store


@pytest.fixture
def desk(model: ScriptedChatModel, rails: Rails, store: Store) -> Desk:
    return Desk(ChatDeskhand(model=model, rails=rails, store=store), store)


@pytest.fixture
async def bench(slack: FakeSlack, desk: Desk, settings: Settings) -> AsyncIterator[Bench]:
    """The app, calling Slack as often as it likes."""
    async with Bench(slack, create_slack_app(desk, settings, interval=0.0)) as bench:
        yield bench
