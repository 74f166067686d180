"""One small export of every help desk, recognised by its content and read; then the same, damaged."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from deskhand_finetune.tickets import open_export
from deskhand_guardrails.errors import DeskhandError, InputError

ASKED, ANSWERED, NOTED = "Where is my lamp?", "It left our store on Monday.", "Customer rang twice."

Said = list[tuple[str, bool, str]]
BOTH: Said = [("customer", True, ASKED), ("agent", True, ANSWERED)]
WITH_NOTE: Said = [("customer", True, ASKED), ("agent", False, NOTED), ("agent", True, ANSWERED)]


def table(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def times(*, minute: int) -> str:
    return f"2025-03-04T10:{minute:02}:00Z"


FRESHDESK = [{
    "id": 7, "subject": "Lamp", "status": 4, "priority": 1, "source": 1, "requester_id": 11, "responder_id": 5,
    "created_at": times(minute=0),
    "updated_at": times(minute=9), "description": f"<div>{ASKED}</div>", "description_text": ASKED, "tags": ["lamp"],
    "conversations": [
        {"id": 2, "body": f"<div>{NOTED}</div>", "body_text": NOTED, "incoming": False, "private": True, "user_id": 5,
         "source": 2, "created_at": times(minute=1), "ticket_id": 7},
        {"id": 3, "body": f"<div>{ANSWERED}</div>", "body_text": ANSWERED, "incoming": False, "private": False,
         "user_id": 5, "source": 0, "created_at": times(minute=2), "ticket_id": 7}],
}]  # fmt: skip

INTERCOM = {
    "type": "conversation", "id": "9", "created_at": 1741082400, "updated_at": 1741083400, "state": "closed",
    "source": {"type": "conversation", "id": "1", "delivered_as": "customer_initiated",
               "body": f"<p>{ASKED}</p>",
               "author": {"type": "user", "id": "u1", "name": "Ida"}},
    "conversation_parts": {"type": "conversation_part.list", "total_count": 2, "conversation_parts": [
        {"type": "conversation_part", "id": "2", "part_type": "note", "body": f"<p>{NOTED}</p>",
         "created_at": 1741082500,
         "author": {"type": "admin", "id": "a1", "name": "Olu"}},
        {"type": "conversation_part", "id": "3", "part_type": "comment", "body": f"<p>{ANSWERED}</p>",
         "created_at": 1741082600, "author": {"type": "admin", "id": "a1", "name": "Olu"}}]},
}  # fmt: skip

HELPSCOUT = {"_embedded": {"conversations": [{
    "id": 3, "number": 30, "type": "email", "status": "closed", "state": "published", "subject": "Lamp", "mailboxId": 1,
    "createdAt": times(minute=0), "primaryCustomer": {"id": 8, "type": "customer", "email": "ida@mail.example"},
    "_embedded": {"threads": [  # newest first, as the interface gives them
        {"id": 13, "type": "message", "state": "published", "status": "closed", "body": f"<p>{ANSWERED}</p>",
         "createdBy": {"id": 4, "type": "user"}, "createdAt": times(minute=2)},
        {"id": 12, "type": "note", "state": "published", "status": "active", "body": NOTED,
         "createdBy": {"id": 4, "type": "user"}, "createdAt": times(minute=1)},
        {"id": 11, "type": "customer", "state": "published", "status": "active", "body": ASKED,
         "createdBy": {"id": 8, "type": "customer"}, "createdAt": times(minute=0)}]},
}]}}  # fmt: skip


def adf(text: str) -> dict[str, Any]:
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


JIRA = {"issues": [{
    "id": "1", "key": "HELP-1", "fields": {
        "summary": "Lamp", "description": adf(ASKED), "created": "2025-03-04T10:00:00.000+0000",
        "reporter": {"accountId": "c", "displayName": "Ida", "accountType": "customer"},
        "status": {"name": "Resolved", "statusCategory": {"key": "done"}},
        "project": {"key": "HELP", "projectTypeKey": "service_desk"},
        "comment": {"total": 2, "comments": [
            {"id": "1", "author": {"accountId": "a", "accountType": "atlassian"}, "body": adf(NOTED),
             "jsdPublic": False,
             "created": "2025-03-04T10:01:00.000+0000"},
            {"id": "2", "author": {"accountId": "a", "accountType": "atlassian"}, "body": adf(ANSWERED),
             "jsdPublic": True, "created": "2025-03-04T10:02:00.000+0000"}]},
    },
}]}  # fmt: skip

CHATWOOT = {"id": 5, "status": "resolved", "created_at": 1741082400, "meta": {"sender": {"id": 8, "name": "Ida"}},
            "messages": [
    {"id": 1, "content": ASKED, "message_type": 0, "private": False, "created_at": 1741082400, "conversation_id": 5,
     "sender": {"id": 8, "type": "contact"}},
    {"id": 2, "content": NOTED, "message_type": 1, "private": True, "created_at": 1741082500, "conversation_id": 5,
     "sender": {"id": 4, "type": "user"}},
    {"id": 3, "content": ANSWERED, "message_type": 1, "private": False, "created_at": 1741082600, "conversation_id": 5,
     "sender": {"id": 4, "type": "user"}}]}  # fmt: skip

OPENAI = {"messages": [{"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWERED}]}
SHAREGPT = {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": ANSWERED}]}
ALPACA = {"instruction": ASKED, "input": "", "output": ANSWERED}
PAIR = {"prompt": ASKED, "completion": ANSWERED}

LONG = table([["ticket_id", "role", "created_at", "body"], ["1", "customer", times(minute=0), ASKED],
              ["1", "agent", times(minute=1), ANSWERED]])  # fmt: skip
WIDE = table([["Question", "Answer"], [ASKED, ANSWERED]], ";")
TRANSCRIPT = f"Customer: {ASKED}\nAgent: {ANSWERED}\n"

EXPORTS: list[tuple[str, str, str, Said]] = [
    ("freshdesk", "tickets.json", json.dumps(FRESHDESK), WITH_NOTE),
    ("intercom", "conversations.json", json.dumps(INTERCOM), WITH_NOTE),
    ("helpscout", "conversations.json", json.dumps(HELPSCOUT), WITH_NOTE),
    ("jira", "issues.json", json.dumps(JIRA), WITH_NOTE),
    ("chatwoot", "conversation.json", json.dumps(CHATWOOT), WITH_NOTE),
    ("chat", "openai.jsonl", json.dumps(OPENAI) + "\n", BOTH),
    ("chat", "sharegpt.jsonl", json.dumps(SHAREGPT) + "\n", BOTH),
    ("chat", "alpaca.json", json.dumps([ALPACA]), BOTH),
    ("chat", "pairs.jsonl", json.dumps(PAIR) + "\n", BOTH),
    ("csv", "long.csv", LONG, BOTH),
    ("csv", "wide.csv", WIDE, BOTH),
    ("transcript", "talk.txt", TRANSCRIPT, BOTH),
]


def said(path: Path, format_name: str | None = None) -> Said:
    """Role, visibility and text of every message; mark-up is ``prepare``'s business."""
    messages = [message for ticket in open_export(path, format_name) for message in ticket.messages]
    return [(one.role, one.public, re.sub(r"<[^>]+>", "", one.text).strip()) for one in messages]


@pytest.mark.parametrize(("name", "file", "content", "expected"), EXPORTS, ids=[row[1] for row in EXPORTS])
def test_every_export_is_recognised_and_read(
    tmp_path: Path, name: str, file: str, content: str, expected: Said
) -> None:
    path = tmp_path / file
    path.write_text(content, encoding="utf-8")
    opened = open_export(path)
    assert (opened.format, bool(opened.why)) == (name, True)
    assert said(path) == expected
    assert said(path, name) == expected
    assert not opened.quarantined


def test_the_table_is_whole() -> None:
    assert len(EXPORTS) == 12


def test_mail_is_threaded_and_roles_follow_the_desk(tmp_path: Path) -> None:
    mails = (
        "From x Tue Mar  4 10:00:00 2025\nFrom: Ida <ida@mail.example>\nTo: help@shop.example\nSubject: Lamp\n"
        f"Message-ID: <1@mail.example>\nDate: Tue, 4 Mar 2025 10:00:00 +0000\n\n{ASKED}\n\n"
        "From x Tue Mar  4 10:01:00 2025\nFrom: Olu <help@shop.example>\nTo: ida@mail.example\nSubject: Re: Lamp\n"
        "Message-ID: <2@shop.example>\nIn-Reply-To: <1@mail.example>\nDate: Tue, 4 Mar 2025 10:01:00 +0000\n\n"
        f"{ANSWERED}\n"
    )
    (tmp_path / "box.mbox").write_text(mails)
    assert open_export(tmp_path / "box.mbox").format == "mail"
    assert said(tmp_path / "box.mbox") == BOTH


def test_a_mail_whose_id_is_in_no_encoding_is_read(tmp_path: Path) -> None:
    head = b"From: Ida <ida@mail.example>\nTo: help@shop.example\nDate: Tue, 4 Mar 2025 10:00:00 +0000\n"
    (tmp_path / "a.eml").write_bytes(head + b"Message-ID: <,1@mai\xa2.example>\n\n" + ASKED.encode())
    assert said(tmp_path / "a.eml") == BOTH[:1]


def test_a_slack_export_gives_one_ticket_for_a_thread(tmp_path: Path) -> None:
    users = [{"id": "U1", "name": "ida", "is_bot": False}, {"id": "U2", "name": "olu", "is_bot": False}]
    day = [
        {"type": "message", "user": "U1", "text": ASKED, "ts": "1741082400.000100", "thread_ts": "1741082400.000100"},
        {"type": "message", "subtype": "channel_join", "user": "U2", "text": "joined", "ts": "1741082401.000100"},
        {"type": "message", "user": "U2", "text": ANSWERED, "ts": "1741082460.0001", "thread_ts": "1741082400.000100"},
    ]
    with zipfile.ZipFile(tmp_path / "slack.zip", "w") as pack:
        pack.writestr("users.json", json.dumps(users))
        pack.writestr("channels.json", json.dumps([{"id": "C1", "name": "help", "members": ["U1", "U2"]}]))
        pack.writestr("help/2025-03-04.json", json.dumps(day))
    assert open_export(tmp_path / "slack.zip").format == "slack"
    assert said(tmp_path / "slack.zip") == BOTH


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    text = table([["Question", "Answer"], ["Wo ist die grüne Lampe?", ANSWERED]], ";")
    (tmp_path / "wide.csv").write_bytes(text.encode(encoding))
    assert said(tmp_path / "wide.csv")[0] == ("customer", True, "Wo ist die grüne Lampe?")


def test_a_cut_off_archive_keeps_what_came_before(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"prompt": f"{ASKED} {number}", "completion": ANSWERED}) + "\n" for number in range(400))
    whole = gzip.compress(lines.encode(), compresslevel=0)
    (tmp_path / "pairs.jsonl.gz").write_bytes(whole[: len(whole) * 3 // 4])
    opened = open_export(tmp_path / "pairs.jsonl.gz")
    assert 200 < len(list(opened)) < 400
    assert opened.quarantined


def test_an_archive_that_leaves_its_folder_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as pack:
        pack.writestr("../outside.jsonl", json.dumps(PAIR))
    with pytest.raises(InputError, match=r"evil\.zip"):
        list(open_export(tmp_path / "evil.zip"))
    assert not (tmp_path.parent / "outside.jsonl").exists()


def test_an_unknown_format_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text(TRANSCRIPT)
    with pytest.raises(DeskhandError, match="freshdesk"):
        open_export(tmp_path / "talk.txt", "frshdesk")


@pytest.mark.parametrize(("name", "file", "content", "expected"), EXPORTS, ids=[row[1] for row in EXPORTS])
def test_damage_is_an_error_or_put_aside_never_a_crash(
    tmp_path: Path, name: str, file: str, content: str, expected: Said
) -> None:
    draw = random.Random(f"{name}{file}")
    ends, said_of_it = 0, list[str]()
    for number in range(40):
        damaged = list(content)
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(damaged))
            damaged[at] = draw.choice(["", "\0", '"', "[", "{", "5", "null", "\n", damaged[at] * 3])
        path = tmp_path / f"{number}-{file}"
        path.write_text("".join(damaged)[: draw.choice((None, len(content) // 2))], encoding="utf-8")
        for format_name in (None, name):
            try:
                opened = open_export(path, format_name)
                ends += len(list(opened)) + len(opened.quarantined)
            except DeskhandError as error:
                said_of_it.append(str(error))
    assert not [line for line in said_of_it if "\n" in line or ASKED in line]
    assert ends
