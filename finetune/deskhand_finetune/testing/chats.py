"""Conversations that no help desk keeps: mail, Slack, chat data for training, reviews, tables, transcripts."""

from __future__ import annotations

import html
import re
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from deskhand_finetune.testing.shape import (
    AGENT_NAME,
    CUSTOMER_NAME,
    Part,
    Shape,
    dumped,
    is_customer,
    keeps,
    lines,
    listed,
    table,
)
from deskhand_finetune.tickets.ticket import Ticket, iso


def _mails(ticket: Ticket) -> str:
    """The messages of a conversation as mboxrd."""
    customer, desk = f"c{ticket.customer}@mail.example", "help@shop.example"
    written = []
    for number, message in enumerate(ticket.messages):
        mail = EmailMessage()
        sender, name, to = (
            (customer, CUSTOMER_NAME, desk) if is_customer(message) else (desk, AGENT_NAME, customer)
        )  # fmt: skip
        mail["From"], mail["To"] = f"{name} <{sender}>", to
        mail["Subject"] = " ".join(ticket.subject.split()) if number == 0 else "Re: " + " ".join(ticket.subject.split())
        mail["Message-ID"] = f"<{ticket.id}.{number}@mail.example>"
        if number:
            mail["In-Reply-To"] = f"<{ticket.id}.{number - 1}@mail.example>"
        mail["Date"] = format_datetime(message.at)
        mail.set_content(message.text + "\n", cte="quoted-printable")
        body = re.sub(r"^(>*From )", r">\1", mail.as_bytes().decode("ascii"), flags=re.MULTILINE)
        written.append(f"From MAILER-DAEMON {message.at:%a %b %d %H:%M:%S %Y}\n{body.rstrip()}\n\n")
    return "".join(written)


def _slack(ticket: Ticket) -> str:
    root = f"{int(ticket.messages[0].at.timestamp())}.{int(ticket.id) % 1_000_000:06}"
    held = []
    for number, message in enumerate(ticket.messages):
        # The first number after the point tells threads of the same second apart, the rest of a thread by its time.
        ts = root if number == 0 else f"{int(message.at.timestamp())}.{int(ticket.id) % 1_000_000:06}"
        user = f"U{ticket.customer}" if is_customer(message) else "U9001"
        name = CUSTOMER_NAME if is_customer(message) else AGENT_NAME
        text = html.escape(message.text, quote=False)
        held.append({"type": "message", "user": user, "text": text, "ts": ts, "thread_ts": root, "team": "T1",
                     "user_profile": {"real_name": name}})  # fmt: skip
    return ",\n".join(map(dumped, held))


MEMBERS = [{"id": "U9001", "team_id": "T1", "name": "olu", "is_bot": False, "profile": {"real_name": AGENT_NAME}}]
CHANNELS = [{"id": "C1", "name": "help", "created": 1740000000, "members": ["U9001"]}]


def _turns(ticket: Ticket, role: str, text: str, words: tuple[str, str]) -> list[dict[str, Any]]:
    return [{role: words[not is_customer(message)], text: message.text} for message in ticket.messages]


def _openai(ticket: Ticket) -> str:
    return dumped({"id": ticket.id, "messages": _turns(ticket, "role", "content", ("user", "assistant"))})


def _sharegpt(ticket: Ticket) -> str:
    return dumped({"id": ticket.id, "conversations": _turns(ticket, "from", "value", ("human", "gpt"))})


def _alpaca(ticket: Ticket) -> str:
    return dumped({"instruction": ticket.messages[0].text, "input": "", "output": ticket.messages[1].text})


def _pair(ticket: Ticket) -> str:
    return dumped({"prompt": ticket.messages[0].text, "completion": ticket.messages[1].text})


def _review(ticket: Ticket) -> list[str]:
    asked, answered = ticket.messages[0], ticket.messages[1]
    return [ticket.id, "4", ticket.subject, asked.text, iso(asked.at), answered.text, iso(answered.at), CUSTOMER_NAME]


REVIEW = ("Review ID", "Star Rating", "Review Title", "Review Text", "Review Date", "Developer Reply Text",
          "Reply Date", "Reviewer Name")  # fmt: skip


def _review_json(ticket: Ticket) -> str:
    asked, answered = ticket.messages[0], ticket.messages[1]
    return dumped({
        "reviewId": ticket.id, "userName": CUSTOMER_NAME, "content": asked.text, "score": 4, "thumbsUpCount": 0,
        "at": iso(asked.at), "replyContent": answered.text, "repliedAt": iso(answered.at),
    })  # fmt: skip


LONG = ("ticket_id", "role", "author", "created_at", "is_private", "subject", "status", "body")


def _long(ticket: Ticket) -> list[list[str]]:
    return [
        [ticket.id, message.role, CUSTOMER_NAME if is_customer(message) else AGENT_NAME, iso(message.at),
         str(not message.public), ticket.subject, ticket.status, message.text]
        for message in ticket.messages
    ]  # fmt: skip


def _transcript(ticket: Ticket) -> str:
    said = "".join(
        f"[{message.at:%d.%m.%Y, %H:%M:%S}] {'Customer' if is_customer(message) else 'Agent'}: {message.text}\n"
        for message in ticket.messages
    )
    return f"Conversation {ticket.id}\n{said}"


def _own(ticket: Ticket) -> str:
    return dumped(ticket.to_json())


SHAPES = (
    Shape("mbox", "mail", (Part("box.mbox", _mails),), keeps("times authors"), notes=False),
    Shape(
        "slack",
        "slack",
        (
            listed("help/2025-03-04.json", _slack),
            Part("users.json", head=dumped(MEMBERS)),
            Part("channels.json", head=dumped(CHANNELS)),
        ),
        keeps("authors"),
        notes=False,
    ),
    Shape("openai", "chat", (lines("openai.jsonl", _openai),), keeps("id"), notes=False),
    Shape("sharegpt", "chat", (listed("sharegpt.json", _sharegpt),), keeps("id"), notes=False),
    Shape("alpaca", "chat", (listed("alpaca.json", _alpaca),), frozenset(), notes=False, pairs=True),
    Shape("completion", "chat", (lines("pairs.jsonl", _pair),), frozenset(), notes=False, pairs=True),
    Shape(
        "reviews-csv",
        "reviews",
        (table("reviews.csv", REVIEW, lambda ticket: [_review(ticket)]),),
        keeps("id subject times"),
        notes=False,
        pairs=True,
    ),
    Shape(
        "reviews-json",
        "reviews",
        (listed("reviews.json", _review_json),),
        keeps("id times"),
        notes=False,
        pairs=True,
    ),
    Shape("csv-long", "csv", (table("messages.csv", LONG, _long),), keeps("id subject status times authors")),
    Shape(
        "csv-wide",
        "csv",
        (
            table(
                "faq.csv",
                ("Question", "Answer"),
                lambda ticket: [[ticket.messages[0].text, ticket.messages[1].text]],
            ),
        ),
        frozenset(),
        notes=False,
        pairs=True,
    ),
    Shape("transcript", "transcript", (Part("talk.txt", _transcript),), keeps("times"), notes=False, plain=True),
    Shape(
        "deskhand",
        "deskhand",
        (lines("tickets.jsonl", _own),),
        keeps("id subject status tags csat created_at customer times authors"),
    ),
)  # fmt: skip
