"""A fake of an OpenAI-compatible server on loopback: it says what a function of the messages returns.

::

    with FakeOpenAI(lambda messages: "No." if "refund" in messages[-1]["content"] else "Yes.") as server:
        openai.OpenAI(base_url=server.url, api_key="none")
    server.received[-1]        # the body of the last request

Whatever speaks this interface can be tried against it: language models of NeMo's rails, ``deskhand redteam``, a desk.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Messages = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer that is more than its text."""

    text: str
    finish_reason: str = "stop"
    status: int = 200
    """Of HTTP; from 400 on it is an error with ``text`` as its message and ``finish_reason`` as its code."""


class FakeOpenAI:
    """The server; it runs while the ``with`` block does."""

    def __init__(self, script: Callable[[Messages], str | Said], *, models: tuple[str, ...] = ("fake",)) -> None:
        """Answers by ``script``, under the names ``models``."""
        self.received: list[dict[str, Any]] = []
        self._script = script
        self._models = models
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The base of the API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> FakeOpenAI:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def models(self) -> dict[str, Any]:
        """The list of models."""
        return {"object": "list", "data": [{"id": name, "object": "model", "created": 0} for name in self._models]}

    def complete(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of an answer."""
        self.received.append(body)
        said = self._script(body["messages"])
        said = Said(said) if isinstance(said, str) else said
        if said.status >= 400:
            return said.status, {"error": {"message": said.text, "type": "error", "code": said.finish_reason}}
        message = {"role": "assistant", "content": said.text}
        choice = {"index": 0, "message": message, "finish_reason": said.finish_reason}
        return said.status, {
            "id": "chatcmpl-fake",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [choice],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }


def _handler(fake: FakeOpenAI) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, fake.models())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(*fake.complete(body))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Says nothing on stderr."""

        def _send(self, status: int, value: dict[str, Any]) -> None:
            held = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(held)))
            self.end_headers()
            self.wfile.write(held)

    return Handler
