"""Help desks whose exports are JSON: Zendesk, Freshdesk, Intercom, Help Scout, HubSpot, Chatwoot, Tidio."""

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
    solved,
    writer,
)
from deskhand_finetune.tickets.ticket import Message, Ticket, iso

AGENT_USER = {"id": int(AGENT), "name": AGENT_NAME, "role": "agent", "email": "olu@shop.example"}


def _zendesk_comment(message: Message, ticket: Ticket, number: int) -> dict[str, Any]:
    return {
        "id": int(ticket.id) * 100 + number,
        "type": "Comment",
        "author_id": int(writer(message, ticket)),
        "body": message.text,
        "html_body": marked_up(message.text),
        "public": message.public,
        "attachments": [],
        "via": {"channel": "email", "source": {"from": {}, "to": {}, "rel": None}},
        "metadata": {"system": {"ip_address": "192.0.2.7"}, "custom": {}},
        "created_at": iso(message.at),
    }


def _zendesk_ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "url": f"https://shop.zendesk.example/api/v2/tickets/{ticket.id}.json",
        "id": int(ticket.id),
        "via": {"channel": "email"},
        "created_at": iso(ticket.created_at),
        "updated_at": solved(ticket) or iso(ticket.messages[-1].at),
        "subject": ticket.subject,
        "description": ticket.messages[0].text,
        "status": ticket.status,
        "requester_id": int(ticket.customer),
        "tags": list(ticket.tags),
        "satisfaction_rating": {"score": ticket.csat or "unoffered"},
    }


def _with_comments(ticket: Ticket) -> dict[str, Any]:
    comments = [_zendesk_comment(message, ticket, number) for number, message in enumerate(ticket.messages)]
    return {**_zendesk_ticket(ticket), "comments": comments}


def _zendesk_events(ticket: Ticket) -> str:
    events = []
    for number, message in enumerate(ticket.messages):
        comment = {**_zendesk_comment(message, ticket, number), "event_type": "Comment"}
        del comment["author_id"], comment["created_at"], comment["via"]
        created = {"event_type": "Create", "subject": ticket.subject, "requester_id": int(ticket.customer)}
        changed = {"event_type": "Change", "status": ticket.status}
        first, last = number == 0, number == len(ticket.messages) - 1
        children = [*([created] if first else []), comment, *([changed] if last else [])]
        events.append({
            "id": int(ticket.id) * 1000 + number, "ticket_id": int(ticket.id), "event_type": "Audit", "via": "Mail",
            "updater_id": int(writer(message, ticket)), "created_at": iso(message.at), "child_events": children,
        })  # fmt: skip
    return ",\n".join(map(dumped, events))


def _user(ticket: Ticket) -> str:
    customer = {"id": int(ticket.customer), "name": CUSTOMER_NAME, "role": "end-user", "email": "maren@mail.example"}
    return dumped(customer)


USERS = lines("users.json", _user)
ZENDESK_KEEPS = keeps("id subject status tags csat created_at customer times authors")
EVENTS = listed("ticket_events.json", _zendesk_events, '{"ticket_events":[', '],"end_time":1741082400,"count":1}')
ZENDESK = (
    Shape(
        "zendesk-ndjson",
        "zendesk",
        (lines("tickets.json", lambda ticket: dumped(_with_comments(ticket))), USERS),
        ZENDESK_KEEPS - {"authors"},
    ),
    Shape(
        "zendesk-page",
        "zendesk",
        (
            listed(
                "tickets.json",
                lambda ticket: dumped(_with_comments(ticket)),
                f'{{"users":[{dumped(AGENT_USER)}],"tickets":[',
                '],"after_cursor":"MTU3","before_cursor":null,"end_of_stream":true}',
            ),
        ),
        ZENDESK_KEEPS - {"authors"},
    ),
    Shape(
        "zendesk-joined",
        "zendesk",
        (
            listed(
                "tickets.json",
                lambda ticket: dumped(_zendesk_ticket(ticket)),
                '{"tickets":[',
                '],"count":1,"end_of_stream":true}',
            ),
            EVENTS,
            USERS,
        ),
        ZENDESK_KEEPS - {"authors"},
    ),
    Shape("zendesk-events", "zendesk", (EVENTS,), keeps("id subject status times customer")),
)


STATUS_NUMBERS = {"open": 2, "pending": 3, "solved": 4, "closed": 5}


def _freshdesk_note(message: Message, ticket: Ticket, number: int) -> dict[str, Any]:
    return {
        "id": int(ticket.id) * 100 + number,
        "body": marked_up(message.text),
        "body_text": message.text,
        "incoming": is_customer(message),
        "private": not message.public,
        "user_id": int(writer(message, ticket)),
        "from_email": None,
        "source": 0 if message.public else 2,
        "created_at": iso(message.at),
        "updated_at": iso(message.at),
        "attachments": [],
        "ticket_id": int(ticket.id),
    }


def _freshdesk_ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": int(ticket.id),
        "subject": ticket.subject,
        "description": marked_up(ticket.messages[0].text),
        "description_text": ticket.messages[0].text,
        "status": STATUS_NUMBERS[ticket.status],
        "priority": 1,
        "source": 1,
        "requester_id": int(ticket.customer),
        "responder_id": int(AGENT),
        "company_id": None,
        "tags": list(ticket.tags),
        "custom_fields": {"cf_order": None},
        "created_at": iso(ticket.created_at),
        "updated_at": solved(ticket) or iso(ticket.messages[-1].at),
        "fr_escalated": False,
        "spam": False,
    }


def _freshdesk_v1(ticket: Ticket) -> str:
    notes = [{"note": _freshdesk_note(held, ticket, number)} for number, held in enumerate(ticket.messages[1:])]
    held = {**_freshdesk_ticket(ticket), "id": int(ticket.id) * 10, "display_id": int(ticket.id), "notes": notes}
    return dumped({"helpdesk_ticket": held})


def _freshdesk_v2(ticket: Ticket) -> str:
    notes = [_freshdesk_note(held, ticket, number) for number, held in enumerate(ticket.messages[1:])]
    return dumped({**_freshdesk_ticket(ticket), "conversations": notes})


def _freshdesk_notes(ticket: Ticket) -> str:
    notes = (_freshdesk_note(held, ticket, number) for number, held in enumerate(ticket.messages[1:]))
    return ",\n".join(map(dumped, notes))


FRESHDESK_KEEPS = keeps("id subject status tags created_at customer times")
FRESHDESK = (
    Shape("freshdesk-v2", "freshdesk", (listed("tickets.json", _freshdesk_v2),), FRESHDESK_KEEPS),
    Shape(
        "freshdesk-joined",
        "freshdesk",
        (
            listed("tickets.json", lambda ticket: dumped(_freshdesk_ticket(ticket))),
            listed("conversations.json", _freshdesk_notes),
        ),
        FRESHDESK_KEEPS,
    ),
    Shape("freshdesk-v1", "freshdesk", (listed("Tickets0.json", _freshdesk_v1),), FRESHDESK_KEEPS),
)


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


def _helpscout(ticket: Ticket) -> str:
    customer = {"id": int(ticket.customer), "type": "customer", "first": "Maren", "last": "Holt"}
    agent = {"id": int(AGENT), "type": "user", "first": "Olu", "last": "Adeyemi"}
    threads = [
        {
            "id": int(ticket.id) * 100 + number,
            "type": "customer" if is_customer(message) else "message" if message.public else "note",
            "state": "published",
            "body": marked_up(message.text),
            "createdBy": customer if is_customer(message) else agent,
            "createdAt": iso(message.at),
            "savedReplyId": 0,
        }
        for number, message in enumerate(ticket.messages)
    ]
    item = {
        "id": 1,
        "type": "lineitem",
        "state": "published",
        "action": {"text": "closed"},
        "createdAt": solved(ticket),
    }
    return dumped({
        "id": int(ticket.id), "number": 7, "type": "email", "status": ticket.status, "state": "published",
        "subject": ticket.subject, "mailboxId": 1, "createdAt": iso(ticket.created_at),
        "closedAt": solved(ticket) or None, "tags": [{"id": 1, "color": "none", "tag": tag} for tag in ticket.tags],
        "primaryCustomer": customer, "_embedded": {"threads": [item, *reversed(threads)]},
    })  # fmt: skip


HELPSCOUT = (
    Shape(
        "helpscout-page",
        "helpscout",
        (
            listed(
                "conversations.json",
                _helpscout,
                '{"_embedded":{"conversations":[',
                ']},"page":{"size":25,"totalElements":1,"totalPages":1,"number":1}}',
            ),
        ),
        keeps("id subject tags customer created_at times authors"),
    ),
)


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

SHAPES = (*ZENDESK, *FRESHDESK, *INTERCOM, *HELPSCOUT, *HUBSPOT, *CHATWOOT, *TIDIO)
