"""Reads a Slack export (zip or folder): each thread of each channel is a ticket.

Who answers is not written in the export. With ``Options.agents`` (user ids, names or addresses) those are the agents;
without, whoever starts a thread is the customer, guests and people of other workspaces are customers, the rest answers.
A reply that was also sent to the channel comes twice and is read once. Joins, topics and the like are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from deskhand_finetune.tickets.fields import attached, first, in_order, inner, outcome
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.look import Look, most
from deskhand_finetune.tickets.raw.shelf import open_shelf
from deskhand_finetune.tickets.reader import Format, Options, Quarantined, Read, attempt
from deskhand_finetune.tickets.text.mrkdwn import mrkdwn_to_text
from deskhand_finetune.tickets.ticket import Message, Role, Ticket
from deskhand_finetune.tickets.times import at

NAME = "slack"
SAID = frozenset({"", "bot_message", "thread_broadcast", "file_share", "me_message", "reply_broadcast"})
"""The subtypes that are messages; the others tell what happened to the channel."""


@dataclass(frozen=True, slots=True)
class User:
    """A member: the names, and whether it is a bot or somebody from outside."""

    name: str
    aliases: frozenset[str]
    is_bot: bool
    is_outside: bool


def recognise(look: Look) -> str:
    """Why the file is a day of a Slack channel, or nothing."""
    held = [record for record in look.objects if record.get("type") == "message" and "ts" in record]
    return "records of type 'message' with 'ts'" if held else ""


def accompany(look: Look) -> str:
    """Why the file tells who and what is in a Slack workspace, or nothing."""
    held = look.objects
    if most(held, lambda one: "id" in one and ("profile" in one or {"created", "members"} <= set(one))):
        return "a list of members or channels"
    names = (
        "channels",
        "groups",
        "dms",
        "mpims",
        "users",
        "org_users",
        "integration_logs",
        "canvases",
        "file_conversations",
    )
    return "Slack's list of something else" if look.path.stem in names and look.path.suffix == ".json" else ""


def read(looks: Sequence[Look], options: Options) -> Read:
    """The threads of a workspace."""
    users = _users([look for look in looks if look.path.stem in ("users", "org_users")])
    with open_shelf() as shelf:
        for look in looks:
            if accompany(look):
                continue
            channel = look.path.parent.name
            for record in json_records(look.path):
                where = f"{channel}/{look.path.name}:{record.number}"
                value = record.value
                if record.problem or not isinstance(value, dict) or not first(value, "ts"):
                    yield Quarantined(where, "", record.problem or "a message without 'ts'")
                elif value.get("type", "message") == "message" and (value.get("subtype") or "") in SAID:
                    shelf.put("message", f"{channel}:{first(value, 'thread_ts', 'ts')}", value)
        for key in shelf.keys("message"):
            build = partial(_thread, key, users, options)
            yield from attempt(f"thread {key}", "", build, shelf.get("message", key))


def _users(looks: Sequence[Look]) -> dict[str, User]:
    """Every member by id. The workspace's own team is the one that most of them belong to."""
    held = [record.value for look in looks for record in json_records(look.path) if isinstance(record.value, dict)]
    teams = Counter(first(value, "team_id") for value in held)
    home = teams.most_common(1)[0][0] if teams else ""
    return {first(value, "id"): _user(value, home) for value in held}


def _user(value: Mapping[str, Any], home: str) -> User:
    profile = inner(value, "profile")
    name = first(profile, "real_name", "display_name") or first(value, "real_name", "name")
    known = (first(value, "id"), first(value, "name"), name, first(profile, "email"), first(profile, "display_name"))
    is_guest = value.get("is_restricted") is True or value.get("is_ultra_restricted") is True
    is_outside = is_guest or value.get("is_stranger") is True or first(value, "team_id") != home
    return User(name, frozenset(word.lower() for word in known if word), value.get("is_bot") is True, is_outside)


def _thread(key: str, users: dict[str, User], options: Options, values: list[dict[str, Any]]) -> Ticket:
    channel = key.rsplit(":", 1)[0]
    once = {first(value, "ts"): value for value in values}
    ordered = sorted(once.values(), key=lambda value: at(value["ts"]))
    asker = first(ordered[0], "user")
    messages = in_order(_message(value, asker, users, options) for value in ordered)
    customer = next(
        (first(value, "user") for value in ordered if _role(value, asker, users, options) == "customer"), ""
    )
    status = outcome(messages)
    return Ticket(
        id=key,
        source=NAME,
        messages=messages,
        created_at=messages[0].at,
        solved_at=messages[-1].at if status == "solved" else None,
        status=status,
        tags=(channel,) if channel else (),
        customer=customer,
    )


def _message(value: Mapping[str, Any], asker: str, users: dict[str, User], options: Options) -> Message:
    profile = inner(value, "user_profile")
    user = users.get(first(value, "user"))
    text = first(value, "text")
    if not text:
        held = value.get("attachments")
        cards = [card for card in held if isinstance(card, dict)] if isinstance(held, list) else []
        text = "\n".join(filter(None, (first(card, "text", "fallback") for card in cards)))
    return Message(
        _role(value, asker, users, options),
        mrkdwn_to_text(text),
        at(value["ts"]),
        author=user.name if user else first(profile, "real_name", "display_name") or first(value, "username"),
        attachments=attached(value.get("files"), "name", "title"),
    )


def _role(value: Mapping[str, Any], asker: str, users: dict[str, User], options: Options) -> Role:
    by = first(value, "user")
    user = users.get(by)
    if value.get("subtype") == "bot_message" or value.get("bot_id") or (user and user.is_bot):
        return "bot"
    if options.agents:
        return "agent" if ({by.lower()} | (user.aliases if user else set())) & options.agents else "customer"
    return "customer" if by == asker or (user and user.is_outside) else "agent"


FORMAT = Format(NAME, "Slack export", recognise, read, accompany)
