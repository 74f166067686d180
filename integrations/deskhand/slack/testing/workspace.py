"""The state of a fake workspace and what Slack's methods do to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Message = dict[str, Any]
Arguments = Mapping[str, Any]

_MARKDOWN_LIMIT = 12_000
_TEXT_LIMIT = 40_000
_BLOCKS_LIMIT = 50
_ELEMENTS_LIMIT = {"context": 10, "context_actions": 5, "actions": 25}

# By the channel's first letter. Slack's group direct messages have none of their own; here it is M.
_HISTORY_SCOPES = {"C": "channels:history", "D": "im:history", "G": "groups:history", "M": "mpim:history"}


class RefusedError(Exception):
    """Slack's ``ok: false``: ``code`` is the error, ``details`` what stands beside it."""

    def __init__(self, code: str, **details: str) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class Workspace:
    """Messages by channel, written by people (``say``) and by Web API calls (``call``)."""

    def __init__(self, *, team: str, bot_user: str, bot_id: str, scopes: frozenset[str]) -> None:
        self.team = team
        self.bot_user = bot_user
        self.bot_id = bot_id
        self.scopes = scopes
        self.messages: list[Message] = []
        self._clock = 0
        self._methods: dict[str, Callable[[Arguments], dict[str, Any]]] = {
            "assistant.threads.setStatus": self._set_status,
            "auth.test": self._auth_test,
            "chat.appendStream": self._append_stream,
            "chat.postMessage": self._post_message,
            "chat.startStream": self._start_stream,
            "chat.stopStream": self._stop_stream,
            "chat.update": self._update,
            "conversations.replies": self._replies,
            "users.info": self._users_info,
        }

    def say(self, channel: str, user: str, text: str, *, thread_ts: str | None = None, **more: object) -> Message:
        """A person's message; returns it with its time stamp."""
        return self._add({"channel": channel, "user": user, "text": text, **more}, thread_ts)

    def thread(self, channel: str, thread_ts: str) -> list[Message]:
        """A thread's messages, the first one included, oldest first."""
        return [
            message
            for message in self.messages
            if message["channel"] == channel and thread_ts in (message["ts"], message.get("thread_ts"))
        ]

    def call(self, method: str, arguments: Arguments) -> dict[str, Any]:
        """Carries out a Web API method.

        Raises:
            RefusedError: with the code that Slack answers.
        """
        if method not in self._methods:
            raise RefusedError("unknown_method")
        needed = self._needed_scope(method, arguments)
        if needed and needed not in self.scopes:
            raise RefusedError("missing_scope", needed=needed, provided=",".join(sorted(self.scopes)))
        return self._methods[method](arguments)

    def _needed_scope(self, method: str, arguments: Arguments) -> str | None:
        if method.startswith("chat.") or method == "assistant.threads.setStatus":
            return "chat:write"
        if method == "conversations.replies":
            return _HISTORY_SCOPES.get(str(arguments.get("channel"))[:1])
        return "users:read" if method == "users.info" else None

    def _add(self, message: Message, thread_ts: str | None) -> Message:
        self._clock += 1
        message["ts"] = f"1700000000.{self._clock:06d}"
        if thread_ts:
            message["thread_ts"] = thread_ts
        self.messages.append(message)
        return message

    def _by_bot(self, channel: str, text: str, blocks: object, thread_ts: str | None) -> Message:
        message: Message = {"channel": channel, "user": self.bot_user, "bot_id": self.bot_id, "text": text}
        if blocks:
            message["blocks"] = blocks
        return self._add(message, thread_ts)

    def _auth_test(self, _: Arguments) -> dict[str, Any]:
        return {
            "url": "https://fake.slack.com/",
            "team": "Fake",
            "team_id": self.team,
            "user": "deskhand",
            "user_id": self.bot_user,
            "bot_id": self.bot_id,
        }

    def _post_message(self, arguments: Arguments) -> dict[str, Any]:
        _require(arguments, "channel")
        text = _text_of(arguments)
        message = self._by_bot(arguments["channel"], text, arguments.get("blocks"), arguments.get("thread_ts"))
        return {"channel": message["channel"], "ts": message["ts"], "message": message}

    def _update(self, arguments: Arguments) -> dict[str, Any]:
        message = self._own(arguments, error="cant_update_message")
        if message.get("streaming"):
            raise RefusedError("streaming_state_conflict")
        message["text"] = _text_of(arguments)
        message.pop("blocks", None)
        if arguments.get("blocks"):
            message["blocks"] = arguments["blocks"]
        return {"channel": message["channel"], "ts": message["ts"], "text": message["text"]}

    def _start_stream(self, arguments: Arguments) -> dict[str, Any]:
        _require(arguments, "channel", "thread_ts")
        if not arguments["channel"].startswith("D"):
            for name in ("recipient_team_id", "recipient_user_id"):
                if not arguments.get(name):
                    raise RefusedError(f"missing_{name}")
        message = self._by_bot(arguments["channel"], _chunks_of(arguments), None, arguments["thread_ts"])
        message["streaming"] = True
        return {"channel": message["channel"], "ts": message["ts"]}

    def _append_stream(self, arguments: Arguments) -> dict[str, Any]:
        message = self._streamed(arguments)
        message["text"] += _chunks_of(arguments)
        return {"channel": message["channel"], "ts": message["ts"]}

    def _stop_stream(self, arguments: Arguments) -> dict[str, Any]:
        message = self._streamed(arguments)
        _check_blocks(arguments.get("blocks"))
        message["text"] += _chunks_of(arguments)
        if arguments.get("blocks"):
            message["blocks"] = arguments["blocks"]
        message["streaming"] = False
        return {"channel": message["channel"], "ts": message["ts"], "message": message}

    def _set_status(self, arguments: Arguments) -> dict[str, Any]:
        _require(arguments, "channel_id", "thread_ts")
        if "status" not in arguments:
            raise RefusedError("invalid_arguments")
        return {}

    def _replies(self, arguments: Arguments) -> dict[str, Any]:
        _require(arguments, "channel", "ts")
        found = self.thread(arguments["channel"], arguments["ts"])
        if not found:
            raise RefusedError("thread_not_found")
        latest = arguments.get("latest")
        found = [message for message in found if not latest or message["ts"] < latest]
        start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 1000)
        page, more = found[start : start + limit], start + limit < len(found)
        cursor = str(start + limit) if more else ""
        return {"messages": page, "has_more": more, "response_metadata": {"next_cursor": cursor}}

    def _users_info(self, arguments: Arguments) -> dict[str, Any]:
        _require(arguments, "user")
        if not any(message["user"] == arguments["user"] for message in self.messages):
            raise RefusedError("user_not_found")
        return {"user": {"id": arguments["user"], "team_id": self.team, "is_bot": arguments["user"] == self.bot_user}}

    def _own(self, arguments: Arguments, *, error: str) -> Message:
        _require(arguments, "channel", "ts")
        for message in self.messages:
            if (message["channel"], message["ts"]) == (arguments["channel"], arguments["ts"]):
                if message["user"] != self.bot_user:
                    raise RefusedError(error)
                return message
        raise RefusedError("message_not_found")

    def _streamed(self, arguments: Arguments) -> Message:
        message = self._own(arguments, error="message_not_owned_by_app")
        if not message.get("streaming"):
            raise RefusedError("message_not_in_streaming_state")
        return message


def _require(arguments: Arguments, *names: str) -> None:
    if any(not arguments.get(name) for name in names):
        raise RefusedError("invalid_arguments")


def _text_of(arguments: Arguments) -> str:
    text = str(arguments.get("text") or arguments.get("markdown_text") or "")
    _check_blocks(arguments.get("blocks"))
    if not text and not arguments.get("blocks"):
        raise RefusedError("no_text")
    if len(text) > _TEXT_LIMIT:
        raise RefusedError("msg_too_long")
    return text


def _chunks_of(arguments: Arguments) -> str:
    pieces = [str(arguments.get("markdown_text") or "")]
    for chunk in arguments.get("chunks") or ():
        if chunk.get("type") != "markdown_text":
            raise RefusedError("invalid_chunks")
        pieces.append(chunk["text"])
    if any(len(piece) > _MARKDOWN_LIMIT for piece in pieces):
        raise RefusedError("msg_too_long")
    return "".join(pieces)


def _check_blocks(blocks: Any) -> None:  # noqa: ANN401 - whatever was sent
    known = {"markdown", "section", "context", "context_actions", "actions", "divider"}
    for block in blocks or ():
        kind = block.get("type")
        elements = block.get("elements") or ()
        wrong = (
            kind not in known
            or (kind == "markdown" and not 0 < len(block.get("text") or "") <= _MARKDOWN_LIMIT)
            or (kind in _ELEMENTS_LIMIT and not 0 < len(elements) <= _ELEMENTS_LIMIT[kind])
            or any(not _valid_feedback(element) for element in elements if element.get("type") == "feedback_buttons")
        )
        if wrong:
            raise RefusedError("invalid_blocks")
    if len(blocks or ()) > _BLOCKS_LIMIT:
        raise RefusedError("invalid_blocks")


def _valid_feedback(element: Mapping[str, Any]) -> bool:
    buttons = [element.get("positive_button") or {}, element.get("negative_button") or {}]
    return all(
        0 < len(button.get("text", {}).get("text", "")) <= 75 and len(button.get("value", "")) <= 2_000
        for button in buttons
    )
