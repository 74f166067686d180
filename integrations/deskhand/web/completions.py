"""``/v1/chat/completions`` and ``/v1/models`` as OpenAI's clients know them, over the same desk and the same rails.

The last message is the question, those before it are the history. The desk brings its own instructions and sources:
system messages and sampling options of the caller are accepted and have no effect. What the rails hold back comes as
the hand-over or refusal message with ``finish_reason`` "content_filter". Every answer carries a ``deskhand`` object:
decision, turn id, sources. ``metadata.conversation_id`` joins calls to one conversation in the record.
"""

from __future__ import annotations

import hmac
import json
import math
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deskhand.desk import Answer, Question
from deskhand.web.chat import ADDRESS_A_MINUTE, APOLOGY, LOG, MESSAGE_CHARACTERS
from deskhand.web.limits import RateLimit
from deskhand.web.security import client_of, is_loopback
from deskhand_guardrails.errors import UnavailableError

if TYPE_CHECKING:
    from deskhand.desk import Desk
    from deskhand.settings import Settings

MODEL = "deskhand"


class Part(BaseModel):
    """A piece of a message's content; only text is understood."""

    type: Literal["text"]
    text: str


class ApiMessage(BaseModel):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part]

    @property
    def text(self) -> str:
        """The content as plain text."""
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class Metadata(BaseModel):
    """What we read of the caller's metadata."""

    conversation_id: str | None = Field(default=None, min_length=1, max_length=64)


class CompletionRequest(BaseModel):
    """What we read of a request; other fields of the OpenAI API are accepted and have no effect."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[ApiMessage] = Field(min_length=1)
    stream: bool = False
    n: Literal[1] = 1
    tools: None = None
    functions: None = None
    metadata: Metadata | None = None


class ApiFault(Exception):  # noqa: N818 - a fault of the caller
    """An error in OpenAI's shape."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param

    def response(self) -> JSONResponse:
        """What the client's exception classes are made from."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return JSONResponse({"error": error}, self.status)


class Guard:
    """Who may call: whoever holds the key; without a key this machine alone, at a limited rate."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.api_key.get_secret_value().encode() if settings.api_key else None
        self._limit = RateLimit(ADDRESS_A_MINUTE, 60)

    def check(self, request: Request) -> None:
        """Raises the :class:`ApiFault` that the caller gets."""
        if self._key is not None:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._key):
                raise ApiFault(401, "Wrong or missing API key.", code="invalid_api_key")
            return
        if not is_loopback(request.url.hostname or ""):
            raise ApiFault(403, "Without an API key this is open to this machine alone; set DESKHAND_API_KEY.")
        if wait := self._limit.wait(client_of(request)):
            said = f"Too many requests; wait {math.ceil(wait)} seconds, or set an API key."
            raise ApiFault(429, said, code="rate_limit_exceeded")


def routes(desk: Desk, settings: Settings) -> APIRouter:
    """The two calls that chat clients make."""
    router = APIRouter(prefix="/v1")
    guard = Guard(settings)
    started = int(time.time())

    @router.get("/models")
    def models(request: Request) -> Response:
        try:
            guard.check(request)
        except ApiFault as fault:
            return fault.response()
        model = {"id": MODEL, "object": "model", "created": started, "owned_by": "deskhand"}
        return JSONResponse({"object": "list", "data": [model]})

    @router.post("/chat/completions")
    async def complete(request: Request) -> Response:
        try:
            guard.check(request)
            asked = await _parse(request)
            question = _question(asked)
        except ApiFault as fault:
            return fault.response()
        if asked.stream:
            return StreamingResponse(_chunks(desk, question), media_type="text/event-stream")
        try:
            return JSONResponse(_completion(await desk.answer(question)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a sentence
            return _failure(error).response()

    return router


async def _parse(request: Request) -> CompletionRequest:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ApiFault(415, "Send JSON with the content type application/json.")
    try:
        asked = CompletionRequest.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ApiFault(400, f"{where}: {first['msg']}" if where else first["msg"], param=where or None) from None
    if asked.model != MODEL:
        raise ApiFault(404, f"There is one model here: {MODEL!r}.", code="model_not_found", param="model")
    return asked


def _question(asked: CompletionRequest) -> Question:
    turns = [message for message in asked.messages if message.role in ("user", "assistant")]
    if not turns or turns[-1].role != "user" or not turns[-1].text.strip():
        raise ApiFault(400, "The last message must be the user's question.", param="messages")
    if len(turns[-1].text) > MESSAGE_CHARACTERS:
        said = f"The question is longer than {MESSAGE_CHARACTERS:,} characters."
        raise ApiFault(400, said, code="string_above_max_length", param="messages")
    given = asked.metadata.conversation_id if asked.metadata else None
    history = [{"role": message.role, "content": message.text} for message in turns[:-1]]
    return Question(turns[-1].text, given or f"api-{uuid4().hex}", "api", history)


def _completion(answer: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}
    return {**_head("chat.completion"), "choices": [choice], "deskhand": _details(answer)}


async def _chunks(desk: Desk, question: Question) -> AsyncIterator[str]:
    head = _head("chat.completion.chunk")

    def chunk(delta: dict[str, str], finish: str | None = None, **more: object) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**head, "choices": [choice], **more})

    yield chunk({"role": "assistant", "content": ""})
    try:
        async for piece in desk.stream(question):
            if isinstance(piece, Answer):
                yield chunk({}, _finish(piece), deskhand=_details(piece))
            else:
                yield chunk({"content": piece})
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a sentence
        yield f"data: {bytes(_failure(error).response().body).decode()}\n\n"
    yield "data: [DONE]\n\n"


def _failure(error: Exception) -> ApiFault:
    """The caller learns that it failed; the log learns the kind of error alone, as its text may be a customer's."""
    LOG.error("no answer over the API: %s", type(error).__name__)
    return ApiFault(503 if isinstance(error, UnavailableError) else 500, APOLOGY, code="server_error")


def _head(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid4().hex}", "object": kind, "created": int(time.time()), "model": MODEL}


def _finish(answer: Answer) -> str:
    return "stop" if answer.decision in ("allow", "modify") else "content_filter"


def _details(answer: Answer) -> dict[str, Any]:
    sources = [{"title": one.title, "reference": one.reference, "score": one.score} for one in answer.sources]
    return {"decision": answer.decision, "turn_id": answer.turn_id, "sources": sources}


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
