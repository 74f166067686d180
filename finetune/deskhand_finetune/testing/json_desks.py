"""Help desks around tickets whose exports are JSON: Zendesk, Freshdesk, Help Scout."""

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


SHAPES = (*ZENDESK, *FRESHDESK, *HELPSCOUT)
