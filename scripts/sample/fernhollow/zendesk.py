"""Conversations in the shape of a Zendesk account export: one JSON object per ticket and user."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from fernhollow.people import Person
from fernhollow.plan import LAST_DAY
from fernhollow.thread import Comment, Thread

BASE = "https://fernhollow.zendesk.example/api/v2"
EXPORTED = LAST_DAY + timedelta(days=10)
_GROUP, _BRAND, _FORM = 360_000_310_000, 360_000_020_000, 360_000_410_000
_ORDER_FIELD, _TOPIC_FIELD = 360_000_510_001, 360_000_510_002
_CLOSED_AFTER = timedelta(days=28)
_CLIENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/131.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) Safari/605.1.15",
)
Json = dict[str, Any]


def stamp(moment: datetime) -> str:
    """The export's way to write a time."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def ticket(thread: Thread) -> Json:
    """The ticket with its comments."""
    case, entry = thread.case, thread.case.entry
    rng = Random(f"{entry.voice_seed}:zendesk")
    status, solved = _status(thread, rng)
    updated = thread.comments[-1].at if thread.comments else entry.at + timedelta(days=2)
    fields = [
        {"id": _ORDER_FIELD, "value": case.order if rng.random() < 0.3 and entry.kind else None},
        {"id": _TOPIC_FIELD, "value": entry.kind.theme if entry.kind and rng.random() < 0.7 else None},
    ]
    agent = case.agent.id if status not in ("new", "deleted") and entry.kind else None
    comments = [_comment(thread, number, comment, rng) for number, comment in enumerate(thread.comments)]
    return {
        "url": f"{BASE}/tickets/{entry.id}.json",
        "id": entry.id,
        "external_id": None,
        "via": _via(thread.channel, thread),
        "created_at": stamp(entry.at),
        "updated_at": stamp(updated),
        "generated_timestamp": int(updated.timestamp()),
        "type": rng.choice((None, "question", "question", "problem", "incident")),
        "subject": thread.subject,
        "raw_subject": thread.subject,
        "description": thread.comments[0].letter.as_text() if thread.comments else "",
        "priority": rng.choice((None, "low", "normal", "normal", "normal", "high", "urgent")),
        "status": status,
        "custom_status_id": None,
        "recipient": "support@fernhollow.example" if thread.mail else None,
        "requester_id": entry.requester.id,
        "submitter_id": entry.requester.id,
        "assignee_id": agent,
        "organization_id": entry.requester.organization,
        "group_id": _GROUP,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": _tags(thread, rng),
        "custom_fields": fields,
        "satisfaction_rating": _satisfaction(thread, rng),
        "sharing_agreement_ids": [],
        "fields": fields,
        "followup_ids": [],
        "ticket_form_id": _FORM,
        "brand_id": _BRAND,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
        "support_type": "agent",
        "encoded_id": f"{rng.getrandbits(40):010X}"[:10],
        "metric_set": {
            "solved_at": stamp(solved) if solved else None,
            "reopens": int(thread.reopened),
            "replies": sum(comment.author == case.agent and comment.public for comment in thread.comments),
        },
        "comments": comments,
    }


def _status(thread: Thread, rng: Random) -> tuple[str, datetime | None]:
    entry = thread.case.entry
    if entry.outcome == "deleted":
        return "deleted", None
    if entry.outcome == "open":
        return rng.choice(("new", "open", "open", "pending", "hold")), None
    solved = thread.comments[-1].at if thread.reopened or thread.answered_at is None else thread.answered_at
    if entry.outcome == "merged":
        return "closed", solved
    return ("closed" if solved < EXPORTED - _CLOSED_AFTER else "solved"), solved


def _via(channel: str, thread: Thread) -> Json:
    source: Json = {"from": {}, "to": {}, "rel": None}
    if channel == "email":
        customer = thread.case.customer
        source["from"] = {"address": customer.email, "name": customer.name}
        source["to"] = {"name": "Fernhollow", "address": "support@fernhollow.example"}
    elif channel == "rule":
        source["from"] = {"id": _GROUP + 77, "title": "Notify requester", "deleted": False}
        source["rel"] = "trigger"
    return {"channel": channel, "source": source}


def _tags(thread: Thread, rng: Random) -> list[str]:
    entry, tags = thread.case.entry, []
    if entry.kind and rng.random() < 0.8:
        tags.append(entry.kind.theme)
    if entry.language != "en":
        tags.append(f"lang_{entry.language}")
    if entry.outcome == "merged":
        tags.append("closed_by_merge")
    if entry.pool == "firm":
        tags.append("business")
    if entry.outcome == "spam" and rng.random() < 0.5:
        tags.append("spam")
    if rng.random() < 0.06:
        tags.append("vip")
    return tags


def _satisfaction(thread: Thread, rng: Random) -> Json:
    if thread.answered_at is None:
        return {"score": "unoffered"}
    noise, chance = thread.case.words.noise, rng.random()
    rating_id = 360_001_900_000 + thread.case.entry.id
    if chance < 0.24:
        comment = rng.choice(noise["csat_good"]) or None
        return {"id": rating_id, "score": "good", "comment": comment, "reason": None}
    if chance < 0.3:
        comment = rng.choice(noise["csat_bad"]) or None
        return {"id": rating_id, "score": "bad", "comment": comment, "reason": "Some other reason"}
    return {"score": "offered" if chance < 0.7 else "unoffered"}


def comment_id(thread: Thread, number: int) -> int:
    """The id of the ticket's comment with this number."""
    return 360_020_000_000 + thread.case.entry.id * 100 + number * 3


def _comment(thread: Thread, number: int, comment: Comment, rng: Random) -> Json:
    text = comment.letter.as_text()
    this_id = comment_id(thread, number)
    system: Json = {}
    if comment.author is thread.case.customer and comment.channel != "email":
        system = {"client": rng.choice(_CLIENTS), "ip_address": thread.case.ip, "location": thread.case.city}
    attachments = []
    kind = thread.case.entry.kind
    if number == 0 and kind and kind.theme == "items" and rng.random() < 0.15:
        attachments.append(_photo(this_id, rng))
    return {
        "id": this_id,
        "type": "Comment",
        "author_id": comment.author.id,
        "body": text,
        "html_body": comment.letter.as_html(),
        "plain_body": text,
        "public": comment.public,
        "attachments": attachments,
        "audit_id": this_id + 1,
        "via": _via(comment.channel, thread),
        "metadata": {"system": system, "custom": {}},
        "created_at": stamp(comment.at),
    }


def _photo(this_id: int, rng: Random) -> Json:
    name = f"IMG_{rng.randint(1000, 9999)}.jpg"
    return {
        "id": this_id + 2,
        "file_name": name,
        "content_url": f"https://fernhollow.zendesk.example/attachments/token/{this_id:x}/?name={name}",
        "content_type": "image/jpeg",
        "size": rng.randint(200_000, 4_000_000),
        "inline": False,
        "thumbnails": [],
    }


def user(person: Person) -> Json:
    """A user of the export."""
    zones = {"en": "London", "de": "Berlin", "es": "Madrid"}
    staff = person.role != "end-user"
    return {
        "id": person.id,
        "url": f"{BASE}/users/{person.id}.json",
        "name": person.name,
        "email": person.email,
        "created_at": stamp(person.created),
        "updated_at": stamp(person.created),
        "time_zone": zones[person.language],
        "iana_time_zone": f"Europe/{zones[person.language]}",
        "phone": person.phone or None,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": {"en": 1, "de": 8, "es": 2}[person.language],
        "locale": person.language if person.language != "en" else "en-GB",
        "organization_id": person.organization,
        "role": person.role,
        "verified": True,
        "external_id": None,
        "tags": [],
        "alias": "",
        "active": True,
        "shared": False,
        "shared_agent": False,
        "last_login_at": None,
        "two_factor_auth_enabled": staff,
        "signature": person.name if staff else None,
        "details": "",
        "notes": "",
        "role_type": 0 if person.role == "agent" else None,
        "custom_role_id": None,
        "moderator": staff,
        "ticket_restriction": None if staff else "requested",
        "only_private_comments": False,
        "restricted_agent": not staff,
        "suspended": False,
        "default_group_id": _GROUP if staff else None,
        "user_fields": {},
    }
