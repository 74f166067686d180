"""One message that somebody wants answered: what Slack sent, reduced to what the desk needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deskhand.slack.text import to_plain

# A person's message with a file, and a person's reply that is shown in the channel as well. Every other subtype is an
# edit, a deletion, a join, a bot, … and none of them asks us anything.
_HUMAN_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})

SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Message:
    """A person's message to the bot and the thread in which it is to be answered."""

    text: str
    team: str
    """The workspace the app is installed in."""
    channel: str
    user: str
    user_team: str
    """The author's own workspace: another one than ``team`` in channels shared over Slack Connect."""
    ts: str
    """The message's time stamp, which is its id within the channel."""
    thread_ts: str
    """The thread's first message: the message itself when it opens one."""

    @property
    def conversation_id(self) -> str:
        """The thread, as the desk knows it."""
        return f"{self.team}:{self.channel}:{self.thread_ts}"

    @property
    def continues(self) -> bool:
        """Whether something was said in the thread before."""
        return self.thread_ts != self.ts


def read_message(event: Mapping[str, Any], *, team: str, bot_user: str) -> Message | None:
    """The message in an ``app_mention`` or ``message`` event; None when it is not for us to answer.

    Not for us: bots (this one included) and Slackbot, edits and deletions, events about messages rather than messages,
    and messages in channels that do not mention the bot (Slack sends those as ``app_mention``).
    """
    wanted = event.get("type") == "app_mention" or event.get("channel_type") == "im"
    if not wanted or not from_a_person(event, bot_user=bot_user) or "edited" in event:
        return None
    user, channel, ts = (str(event.get(key) or "") for key in ("user", "channel", "ts"))
    if not (user and channel and ts):
        return None
    return Message(
        text=to_plain(str(event.get("text") or ""), bot_user=bot_user),
        team=team,
        channel=channel,
        user=user,
        user_team=str(event.get("user_team") or event.get("source_team") or event.get("team") or team),
        ts=ts,
        thread_ts=str(event.get("thread_ts") or ts),
    )


def from_a_person(event: Mapping[str, Any], *, bot_user: str) -> bool:
    """Whether a human being wrote the message."""
    if event.get("subtype") not in _HUMAN_SUBTYPES or event.get("hidden"):
        return False
    if event.get("bot_id") or event.get("bot_profile"):
        return False
    return event.get("user") not in (None, "", bot_user, SLACKBOT)
