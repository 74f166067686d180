"""The real desk around a model that is told what to say, behind a real server on loopback, and a real browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from langchain_core.messages import BaseMessage

from deskhand.desk import Desk
from deskhand.settings import Settings
from deskhand.web import create_app
from deskhand.web.server import listen
from deskhand_guardrails import Policy, Rails
from deskhand_guardrails.monitor import Store
from deskhand_guardrails.review import ReviewQueue
from langchain_deskhand import ChatDeskhand
from langchain_deskhand.knowledge import Knowledge, Passage
from langchain_deskhand.testing import ScriptedChatModel

PASSAGES = [
    Passage(
        "Delivery times and tracking",
        "Standard delivery takes 2 to 3 working days. You find the tracking link in the e-mail that we send when your "
        "parcel leaves the warehouse. Where is my parcel: follow that link.",
        "https://shop.example/help/delivery",
    ),
    Passage(
        "When will I get my refund?",
        "We check a returned item when it arrives and refund within 5 working days to the way you paid.",
        "ticket:1042",
    ),
    Passage(
        "Returns and exchanges",
        "You can return unused items within 30 days. Print the label from your account and bring the parcel to any "
        "drop-off point.",
        "returns.md",
    ),
]

ANSWERS = {
    "parcel": "Standard delivery takes **2 to 3 working days**. Follow the tracking link in the e-mail that we sent "
    "when your parcel left the warehouse.",
    "refund": "You will have your refund of 75.50 euros within 24 hours.",
    "return": "You can return unused items within 30 days. Print the label from your account and bring the parcel to "
    "any drop-off point.",
}


def script(messages: list[BaseMessage]) -> str | Exception:
    """Answers by a word of the question; one word makes it fail."""
    asked = str(messages[-1].content).lower()
    if "crash" in asked:
        return RuntimeError("the text of a customer")
    return next((answer for word, answer in ANSWERS.items() if word in asked), ANSWERS["return"])


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP clients send even loopback calls through a proxy that the machine names."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def rails() -> Rails:
    rails = Rails(Policy.load())
    rails.warm()
    return rails


@pytest.fixture(scope="session")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    knowledge = Knowledge.create(tmp_path_factory.mktemp("knowledge") / "knowledge.db")
    knowledge.add(PASSAGES)
    return knowledge


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        yield opened


@pytest.fixture
def model() -> ScriptedChatModel:
    return ScriptedChatModel(answers=script, chunk_size=9)


@pytest.fixture
def desk(model: ScriptedChatModel, rails: Rails, knowledge: Knowledge, store: Store) -> Desk:
    return Desk(ChatDeskhand(model=model, rails=rails, knowledge=knowledge, store=store), store)


@pytest.fixture
def queue(store: Store, rails: Rails) -> ReviewQueue:
    return ReviewQueue(store, rails)


@pytest.fixture
def served(desk: Desk, queue: ReviewQueue) -> Iterator[Callable[..., str]]:
    """``served(setting=value, …)`` serves the application on a free port of loopback and returns its address."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(**options: object) -> str:
        settings = Settings.model_validate({"title": "Fernweh Outdoor", "port": 0, **options})
        listener = listen(settings)
        server = uvicorn.Server(uvicorn.Config(create_app(desk, queue, settings), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(15)
