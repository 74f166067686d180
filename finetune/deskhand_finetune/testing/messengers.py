"""Help desks around chats whose exports are JSON: Intercom, HubSpot, Chatwoot, Tidio."""

from __future__ import annotations

from typing import Any

from deskhand_finetune.testing.shape import (
    AGENT,
    AGENT_NAME,
    CUSTOMER_NAME,
    Shape,
    dumped,
    is_customer,
    keeps,
    lines,
    listed,
    marked_up,
    writer,
)
from deskhand_finetune.tickets.ticket import Message, Ticket, iso


def _seconds(message: Message) -> int:
    return int(message.at.timestamp())


def _intercom_author(message: Message, ticket: Ticket) -> dict[str, Any]:
    if is_customer(message):
        return {"type": "user", "id": ticket.customer, "name": CUSTOMER_NAME, "email": "maren@mail.example"}
    return {"type": "admin", "id": AGENT, "name": AGENT_NAME, "email": "olu@shop.example"}


def _intercom_parts(messages: tuple[Message, ...], ticket: Ticket, kind: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {
            "type": kind,
            "id": f"{ticket.id}{number}",
            "part_type": "comment" if message.public else "note",
            "body": marked_up(message.text),
            "created_at": _seconds(message),
            "author": _intercom_author(message, ticket),
            "attachments": [],
            "redacted": False,
        }
        for number, message in enumerate(messages)
    ]
    closed = {**parts[-1], "id": "0", "part_type": "assignment", "body": None} if parts else None
    held = [*parts, *([closed] if closed else [])]
    return {"type": f"{kind}.list", f"{kind}s": held, "total_count": len(held)}


def _intercom_base(ticket: Ticket) -> dict[str, Any]:
    rating = {"good": 5, "bad": 1}.get(ticket.csat)
    return {
        "id": ticket.id,
        "created_at": int(ticket.created_at.timestamp()),
        "updated_at": _seconds(ticket.messages[-1]),
        "tags": {"type": "tag.list", "tags": [{"type": "tag", "id": tag, "name": tag} for tag in ticket.tags]},
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": ticket.customer}]},
        "conversation_rating": {"rating": rating, "remark": None} if rating else None,
    }


def _intercom(ticket: Ticket) -> str:
    first = ticket.messages[0]
    return dumped({
        "type": "conversation",
        **_intercom_base(ticket),
        "title": ticket.subject,
        "state": ticket.status,
        "source": {
            "type": "email", "id": f"s{ticket.id}", "delivered_as": "customer_initiated", "subject": "",
            "body": marked_up(first.text), "author": _intercom_author(first, ticket), "attachments": [],
        },
        "conversation_parts": _intercom_parts(ticket.messages[1:], ticket, "conversation_part"),
    })  # fmt: skip


def _intercom_ticket(ticket: Ticket) -> str:
    state = {"type": "ticket_state", "id": "1", "category": "resolved" if ticket.status == "solved" else "in_progress"}
    attributes = {"_default_title_": ticket.subject}
    return dumped({
        "type": "ticket",
        **_intercom_base(ticket),
        "ticket_state": state,
        "ticket_attributes": attributes,
        "ticket_parts": _intercom_parts(ticket.messages, ticket, "ticket_part"),
    })  # fmt: skip


INTERCOM = (
    Shape(
        "intercom-ndjson",
        "intercom",
        (lines("conversations.json", _intercom),),
        keeps("id subject tags csat customer created_at times authors"),
    ),
    Shape(
        "intercom-list",
        "intercom",
        (
            listed(
                "conversations.json", _intercom, '{"type":"conversation.list","conversations":[', '],"total_count":1}'
            ),
        ),
        keeps("id subject tags csat customer created_at times authors"),
    ),
    Shape(
        "intercom-tickets",
        "intercom",
        (lines("tickets.json", _intercom_ticket),),
        keeps("id tags csat customer created_at times authors"),
    ),
)  # fmt: skip


def _hubspot_message(message: Message, ticket: Ticket, number: int) -> dict[str, Any]:
    actor = f"V-{ticket.customer}" if is_customer(message) else f"A-{AGENT}"
    return {
        "id": f"{ticket.id}m{number}",
        "type": "MESSAGE" if message.public else "COMMENT",
        "conversationsThreadId": f"{ticket.id}0",
        "createdAt": iso(message.at),
        "createdBy": actor,
        "client": {"clientType": "HUBSPOT"},
        "senders": [{"actorId": actor, "name": CUSTOMER_NAME if is_customer(message) else AGENT_NAME}],
        "text": message.text,
        "richText": marked_up(message.text),
        "attachments": [],
        "truncationStatus": "NOT_TRUNCATED",
        "direction": "INCOMING" if is_customer(message) else "OUTGOING",
    }


def _hubspot_messages(ticket: Ticket) -> str:
    held = (_hubspot_message(message, ticket, number) for number, message in enumerate(ticket.messages))
    return ",\n".join(map(dumped, held))


def _hubspot_thread(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": f"{ticket.id}0",
        "createdAt": iso(ticket.created_at),
        "status": "CLOSED" if ticket.status == "closed" else "OPEN",
        "inboxId": "1",
        "associatedContactId": ticket.customer,
        "threadAssociations": {"associatedTicketId": ticket.id},
        "spam": False,
    }


def _hubspot_ticket(ticket: Ticket) -> str:
    properties = {
        "hs_ticket_id": ticket.id,
        "subject": ticket.subject,
        "content": None,
        "createdate": iso(ticket.created_at),
        "hs_pipeline": "0",
        "hs_pipeline_stage": "4" if ticket.status == "closed" else "1",
    }
    return dumped({"id": ticket.id, "properties": properties, "archived": False})


def _hubspot_nested(ticket: Ticket) -> str:
    held = [_hubspot_message(message, ticket, number) for number, message in enumerate(ticket.messages)]
    thread = {**_hubspot_thread(ticket), "id": ticket.id, "threadAssociations": {}}
    return dumped({**thread, "messages": [{**one, "conversationsThreadId": ticket.id} for one in held]})


RESULTS = '{"results":['
HUBSPOT = (
    Shape(
        "hubspot-joined",
        "hubspot",
        (
            listed("tickets.json", _hubspot_ticket, RESULTS, "]}"),
            listed("threads.json", lambda ticket: dumped(_hubspot_thread(ticket)), RESULTS, "]}"),
            listed("messages.json", _hubspot_messages, RESULTS, "]}"),
        ),
        keeps("id subject customer created_at times authors"),
    ),
    Shape(
        "hubspot-threads",
        "hubspot",
        (lines("threads.json", _hubspot_nested),),
        keeps("id customer created_at times authors"),
    ),
)


def _chatwoot_message(message: Message, ticket: Ticket, number: int) -> dict[str, Any]:
    kind = "contact" if is_customer(message) else "user"
    return {
        "id": int(ticket.id) * 100 + number,
        "content": message.text,
        "conversation_id": int(ticket.id),
        "message_type": 0 if is_customer(message) else 1,
        "content_type": "text",
        "content_attributes": {},
        "created_at": _seconds(message),
        "private": not message.public,
        "sender": {
            "id": int(writer(message, ticket)),
            "name": CUSTOMER_NAME if is_customer(message) else AGENT_NAME,
            "type": kind,
        },
    }


def _chatwoot(ticket: Ticket) -> str:
    held = [_chatwoot_message(message, ticket, number) for number, message in enumerate(ticket.messages)]
    return dumped({
        "id": int(ticket.id), "account_id": 1, "inbox_id": 3, "status": "resolved", "labels": list(ticket.tags),
        "created_at": int(ticket.created_at.timestamp()), "messages": held,
        "meta": {"sender": {"id": int(ticket.customer), "name": CUSTOMER_NAME}},
        "additional_attributes": {"mail_subject": ticket.subject},
    })  # fmt: skip


def _chatwoot_messages(ticket: Ticket) -> str:
    held = (_chatwoot_message(message, ticket, number) for number, message in enumerate(ticket.messages))
    return ",\n".join(map(dumped, held))


CHATWOOT = (
    Shape(
        "chatwoot-conversations",
        "chatwoot",
        (lines("conversations.json", _chatwoot),),
        keeps("id subject tags customer created_at times authors"),
    ),
    Shape(
        "chatwoot-messages",
        "chatwoot",
        (listed("messages.json", _chatwoot_messages, '{"meta":{},"payload":[', "]}"),),
        keeps("id customer times authors"),
    ),
)


def _tidio(ticket: Ticket) -> str:
    contact = {"name": CUSTOMER_NAME, "email": f"c{ticket.customer}@mail.example"}
    messages = [
        {
            "author": {"type": "contact", **contact}
            if is_customer(message)
            else {"type": "operator", "name": AGENT_NAME, "email": "olu@shop.example"},
            "recipients": [],
            "attachments": [],
            "content": message.text,
            "createdAt": iso(message.at),
            "isInternal": not message.public,
        }
        for message in ticket.messages
    ]
    return dumped({
        "id": ticket.id, "contact": contact, "status": ticket.status, "subject": ticket.subject, "messages": messages,
        "createdAt": iso(ticket.created_at), "operatorEmail": "olu@shop.example", "priority": "normal",
    })  # fmt: skip


TIDIO = (
    Shape("tidio", "tidio", (lines("tickets.jsonl", _tidio),), keeps("id subject status created_at times authors")),
)

SHAPES = (*INTERCOM, *HUBSPOT, *CHATWOOT, *TIDIO)
