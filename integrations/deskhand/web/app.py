"""Puts the application together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deskhand.web import chat, completions, review
from deskhand.web.security import Shield
from deskhand_guardrails.errors import UnavailableError

if TYPE_CHECKING:
    from deskhand.desk import Desk
    from deskhand.settings import Settings
    from deskhand.slack import SlackApp
    from deskhand_guardrails.review import ReviewQueue

HERE = Path(__file__).parent


def create_app(desk: Desk, queue: ReviewQueue, settings: Settings, slack: SlackApp | None = None) -> FastAPI:
    """Web chat, review console, API and ``/healthz`` over ``desk`` and ``queue``, which the caller opens and closes.

    With ``slack``, Slack's HTTP requests are taken at ``/slack/events``, and what it is answering when the server stops
    is answered first.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if slack is not None:
            await slack.drain()

    app = FastAPI(title=settings.title, docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    if slack is not None:
        from deskhand.slack import slack_routes

        app.router.routes.extend(slack_routes(slack))
    app.add_middleware(Shield)
    pages = _pages(settings)
    app.include_router(chat.routes(desk, settings, pages))
    app.include_router(review.routes(queue, desk.store, settings, pages))
    app.include_router(completions.routes(desk, settings))
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")

    @app.get("/healthz")
    def health() -> dict[str, str]:
        desk.store.ping()
        return {"status": "ok"}

    @app.exception_handler(UnavailableError)
    async def unavailable(request: Request, error: UnavailableError) -> JSONResponse:  # noqa: ARG001
        # The line names hosts and folders: it is for the operator's log, not for whoever asked.
        chat.LOG.error("%s", error)
        return JSONResponse({"status": "unavailable", "error": "The service is not available just now."}, 503)

    return app


def _pages(settings: Settings) -> Jinja2Templates:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["title"] = settings.title
    return Jinja2Templates(env=environment)
