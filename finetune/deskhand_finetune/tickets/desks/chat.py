"""Reads chat data as fine-tuning tools write it: OpenAI messages, ShareGPT, Alpaca, prompt and completion.

Each record is a finished conversation: its status is solved, its assistant is the agent. Without dates the records get
made-up ones in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from deskhand_finetune.tickets.fields import first, in_order, language, tags
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.reader import Format, Options, Read, attempt, records_of
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket
from deskhand_finetune.tickets.times import at, undated

NAME = "chat"
ROLES: dict[str, Role] = {
    "user": "customer", "human": "customer", "customer": "customer", "prompter": "customer",
    "assistant": "agent", "gpt": "agent", "bot": "agent", "chatgpt": "agent", "agent": "agent", "model": "agent",
    "system": "system", "developer": "system", "tool": "system", "function": "system", "observation": "system",
    "function_call": "system",
}  # fmt: skip
TURNS = ("messages", "conversations", "conversation", "chat", "dialogue", "dialog")
PAIRS = (("instruction", "output"), ("prompt", "completion"), ("prompt", "response"), ("question", "answer"))
TIMES = ("at", "created_at", "timestamp", "date", "time")


def recognise(look: Look) -> str:
    """Why the file holds chat records, or nothing."""
    if look.kind != "json" or refuse(look):
        return ""
    for record in look.objects:
        for key in TURNS:
            turns = record.get(key)
            if isinstance(turns, list) and turns and all(_is_turn(turn) for turn in turns):
                return f"records with '{key}' of role and content"
        for asked, answered in PAIRS:
            if asked in record and answered in record:
                return f"records with '{asked}' and '{answered}'"
    return ""


def refuse(look: Look) -> str:
    """What to do with a dataset that ``prepare`` wrote."""
    turns = [record.get("messages") for record in look.objects if "ticket_id" in record]
    if any(isinstance(held, list) and held and _is_turn(held[0]) for held in turns):
        return "a chat dataset, prepared already; train on its folder with: deskhand train"
    return ""


def read(looks: Sequence[Look], options: Options) -> Read:  # noqa: ARG001 - the signature of a reader
    """The conversations of chat files."""
    for count, (path, record) in enumerate(records_of(looks, json_records), start=1):
        ticket = partial(_ticket, name=f"{path.name.split('.')[0]}-{record.number}", count=count)
        yield from attempt(f"{path.name}:{record.number}", record.problem, ticket, record.value)


def _is_turn(turn: object) -> bool:
    if not isinstance(turn, dict):
        return False
    role = turn.get("role", turn.get("from"))
    return isinstance(role, str) and role.lower() in ROLES and ("content" in turn or "value" in turn or "text" in turn)


def _ticket(value: object, name: str, count: int) -> Ticket:
    if not isinstance(value, dict):
        raise BadRecord("not an object")
    name = first(value, "id", "conversation_id") or name
    written = next((value[key] for key in TIMES if value.get(key)), None)
    start = undated(count) if written is None else at(written)
    try:
        messages = in_order(_messages(value, start))
    except BadRecord as error:
        raise BadRecord(str(error), name) from None
    return Ticket(
        id=name,
        source=NAME,
        subject=first(value, "subject", "title"),
        messages=messages,
        created_at=messages[0].at,
        solved_at=messages[-1].at,
        status="solved",
        tags=tags(value.get("tags"), "name"),
        language=language(value.get("language") or value.get("lang")),
        customer=first(value, "customer", "user_id"),
    )


def _messages(value: Mapping[str, Any], start: datetime) -> Iterator[Message]:
    latest = start
    for number, (role, text, when) in enumerate(_turns(value)):
        latest = at(when) if when else latest + timedelta(seconds=1 if number else 0)
        yield Message(role, text, latest, public=role != "system")


def _turns(value: Mapping[str, Any]) -> Iterator[tuple[Role, str, object]]:
    turns = next((value[key] for key in TURNS if isinstance(value.get(key), list)), None)
    if turns is None:
        yield from _pair(value)
        return
    for turn in turns:
        yield _turn(turn)


def _turn(turn: object) -> tuple[Role, str, object]:
    if not isinstance(turn, dict):
        raise BadRecord("a message is not an object")
    role = ROLES.get(str(turn.get("role", turn.get("from"))).lower())
    if role is None:
        raise BadRecord(f"a message's role is none of {', '.join(ROLES)}")
    content = next((turn[key] for key in ("content", "value", "text") if key in turn), None)
    return role, _text(content), next((turn[key] for key in TIMES if turn.get(key)), None)


def _pair(value: Mapping[str, Any]) -> Iterator[tuple[Role, str, object]]:
    for asked, answered in PAIRS:
        if asked in value and answered in value:
            break
    else:
        raise BadRecord("neither messages nor a question and its answer")
    if value.get("system"):
        yield "system", _text(value["system"]), None
    for old in value.get("history") or ():
        yield "customer", _text(old[0]), None
        yield "agent", _text(old[1]), None
    for key, role in ((asked, "customer"), (answered, "agent")):
        if isinstance(value[key], list):
            yield from (_turn(turn) for turn in value[key])
        else:
            more = value.get("input") if key == "instruction" else None
            text = "\n".join(filter(None, (_text(value[key]), _text(more) if more else "")))
            yield ("customer", text, None) if role == "customer" else ("agent", text, None)


def _text(content: object) -> str:
    """A text, or the text parts of a message with images."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(part["text"]) for part in content if isinstance(part, dict) and "text" in part)
    raise BadRecord("a message's content is neither text nor a list of parts")


FORMAT = Format(
    NAME, "Chat JSONL: OpenAI messages, ShareGPT, Alpaca, prompt and completion", recognise, read, refuse=refuse
)
