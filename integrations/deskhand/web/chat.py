"""The customers' side: help-centre page, widget, and the conversation.

::

    GET  /                the help-centre page, with the widget that any site can embed: <script src=".../widget.js">
    GET  /chat            the chat, in the widget's iframe
    GET  /chat/history    the conversation so far
    POST /chat/messages   {"text"} -> server-sent events: {"text"}…, then {"done", "turn_id", "decision", "sources"}
    POST /chat/feedback   {"turn_id", "value": "up" | "down"}
    POST /chat/new        forget the conversation and begin another

History comes from the store, never from the browser: nobody can put words into the assistant's mouth.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel

from deskhand.desk import Answer, Question
from deskhand.web.limits import RateLimit
from deskhand.web.security import client_of
from deskhand.web.sessions import Sessions
from deskhand_guardrails.monitor import transcript
from deskhand_guardrails.prompt import Source

if TYPE_CHECKING:
    from deskhand.desk import Desk
    from deskhand.settings import Settings

LOG = logging.getLogger("deskhand.web")

MESSAGE_CHARACTERS = 4000
"""The longest question: a page and a half, more than any support form takes."""
TURNS_REMEMBERED = 10
MOST_SOURCES = 2
"""Shown below an answer: the nearest ones; a third is rarely what it was taken from."""
SESSION_A_MINUTE = 20
ADDRESS_A_MINUTE = 60

APOLOGY = "Sorry, something went wrong on our side. Please try again in a moment."
TOO_LONG = f"Please keep your message under {MESSAGE_CHARACTERS:,} characters: the most important part is enough."
EMPTY = "Please write your question first."

_PLACEHOLDER = re.compile(r"<([A-Z_]+)_\d+>")


class Message(BaseModel):
    """What the customer wrote."""

    text: str


class Thumb(BaseModel):
    """What the customer thinks of an answer."""

    turn_id: str
    value: Literal["up", "down"]


class Chat:
    """One conversation per cookie, over a desk."""

    def __init__(self, desk: Desk, settings: Settings) -> None:
        self.desk = desk
        self.sessions = Sessions(settings)
        self._per_session = RateLimit(SESSION_A_MINUTE, 60)
        self._per_address = RateLimit(ADDRESS_A_MINUTE, 60)

    def fault(self, request: Request, conversation_id: str, text: str) -> JSONResponse | None:
        """Why the message is not answered, in words for the customer; None when it is."""
        wait = self._per_session.wait(conversation_id) or self._per_address.wait(client_of(request))
        if wait:
            seconds = math.ceil(wait)
            said = f"That was a lot of questions at once. Please wait {seconds} seconds and ask again."
            return JSONResponse({"error": said}, 429, {"Retry-After": str(seconds)})
        if not text.strip():
            return JSONResponse({"error": EMPTY}, 422)
        if len(text) > MESSAGE_CHARACTERS:
            return JSONResponse({"error": TOO_LONG}, 413)
        return None

    def history(self, conversation_id: str) -> list[dict[str, str]]:
        """The conversation so far, as the customer saw it."""
        return transcript(self.desk.store.conversation(conversation_id, limit=TURNS_REMEMBERED))

    async def events(self, conversation_id: str, text: str) -> AsyncIterator[str]:
        """The answer as server-sent events; a failure is one event with an apology."""
        try:
            history = await asyncio.to_thread(self.history, conversation_id)
            async for piece in self.desk.stream(Question(text, conversation_id, "web", history)):
                yield _event(_done(piece) if isinstance(piece, Answer) else {"text": piece})
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a sentence
            # Whatever it was, the customer gets a sentence; the log gets the kind alone, as the text may be theirs.
            LOG.error("no answer in conversation %s: %s", conversation_id, type(error).__name__)
            yield _event({"error": APOLOGY})


def routes(desk: Desk, settings: Settings, pages: Jinja2Templates) -> APIRouter:
    """The pages and calls of the web chat."""
    router = APIRouter()
    chat = Chat(desk, settings)

    @router.get("/", response_class=HTMLResponse)
    def help_centre(request: Request) -> HTMLResponse:
        return pages.TemplateResponse(request, "help.html")

    @router.get("/widget.js")
    def widget() -> FileResponse:
        from deskhand.web.app import HERE

        return FileResponse(HERE / "static" / "widget.js", headers={"Cache-Control": "public, max-age=3600"})

    @router.get("/chat", response_class=HTMLResponse)
    def page(request: Request) -> HTMLResponse:
        response = pages.TemplateResponse(request, "chat.html", {"characters": MESSAGE_CHARACTERS})
        if chat.sessions.known(request) is None:
            chat.sessions.start(request, response)
        return response

    @router.get("/chat/history")
    def history(request: Request) -> list[dict[str, str]]:
        conversation_id = chat.sessions.known(request)
        if conversation_id is None:
            return []
        return [{**message, "content": readable(message["content"])} for message in chat.history(conversation_id)]

    @router.post("/chat/messages")
    async def message(request: Request, body: Message) -> Response:
        conversation_id = _conversation(chat, request)
        if fault := chat.fault(request, conversation_id, body.text):
            return fault
        events = chat.events(conversation_id, body.text)
        return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    @router.post("/chat/feedback", status_code=204)
    def feedback(request: Request, body: Thumb) -> None:
        turn = desk.store.get(body.turn_id)
        if turn is None or turn.conversation_id != _conversation(chat, request):
            raise HTTPException(404, "There is no such answer in this conversation.")
        desk.feedback(body.turn_id, body.value)

    @router.post("/chat/new", status_code=204)
    def new(request: Request, response: Response) -> None:
        chat.sessions.start(request, response)

    return router


def readable(text: str) -> str:
    """Recorded text for the customer's eyes: ``<ORDER_ID_1>`` becomes "[order id]"."""
    return _PLACEHOLDER.sub(lambda match: f"[{match[1].replace('_', ' ').lower()}]", text)


def shown_sources(sources: tuple[Source, ...]) -> list[dict[str, str]]:
    """What a customer may see of the sources: titles, links to web pages, nothing of other customers' tickets."""
    shown: list[dict[str, str]] = []
    for source in sources:
        if source.reference.startswith("ticket:"):
            entry = {"title": "A similar request we solved", "url": ""}
        else:
            link = source.reference if source.reference.startswith(("https://", "http://")) else ""
            entry = {"title": source.title, "url": link}
        if entry not in shown:
            shown.append(entry)
    return shown


def _conversation(chat: Chat, request: Request) -> str:
    conversation_id = chat.sessions.known(request)
    if conversation_id is None:
        raise HTTPException(403, "The conversation has ended. Please reload the page.")
    return conversation_id


def _done(answer: Answer) -> dict[str, Any]:
    passed = answer.decision in ("allow", "modify")
    return {
        "done": True,
        "turn_id": answer.turn_id,
        "decision": answer.decision,
        "sources": shown_sources(answer.sources)[:MOST_SOURCES] if passed else [],
    }


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
