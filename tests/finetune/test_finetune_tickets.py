"""Exports in, tickets out: every form that Zendesk gives, and every file that is none."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deskhand_finetune.tickets import open_export, read_tickets, write_tickets
from deskhand_finetune.tickets.raw.json_records import json_records
from deskhand_finetune.tickets.raw.table import UNCLOSED, table_records
from deskhand_guardrails.errors import ConfigError, InputError

Make = Callable[..., dict[str, Any]]
Write = Callable[[Path, list[Any]], Path]


def test_zendesk_roles_visibility_and_dates(export: Path) -> None:
    opened = open_export(export)
    tickets = list(opened)
    assert opened.format == "zendesk"
    assert "comments" in opened.why
    assert len(tickets) == 40
    first = tickets[0]
    assert [message.role for message in first.messages] == ["customer", "system", "agent", "agent", "customer", "agent"]
    assert [message.public for message in first.messages] == [True, True, False, True, True, True]
    assert {message.author for message in first.messages} == {"Maren Holt", "Olu Adeyemi", ""}
    assert (first.csat, first.status, first.customer) == ("good", "solved", "101")
    assert first.to_json()["created_at"] == "2025-01-01T15:00:00Z"
    assert not opened.quarantined


def test_own_jsonl_round_trip(export: Path, tmp_path: Path) -> None:
    tickets = list(open_export(export))
    assert write_tickets(tickets, tmp_path / "own.jsonl") == 40
    assert list(read_tickets(tmp_path / "own.jsonl")) == tickets
    opened = open_export(tmp_path / "own.jsonl")
    assert opened.format == "deskhand"
    assert list(opened) == tickets


@pytest.mark.parametrize("field", ["id", "customer", "organization", "subject", "status", "csat", "language"])
def test_half_a_letter_is_stored_as_a_question_mark(field: str, export: Path, tmp_path: Path) -> None:
    held = next(iter(open_export(export))).to_json() | {field: "a\ud800"}
    (tmp_path / "own.jsonl").write_text(json.dumps(held))
    (read,) = open_export(tmp_path / "own.jsonl")
    assert read.to_json()[field] == "a?"


@pytest.mark.parametrize(
    "form", ["lines", "gzip", "page", "pages", "pretty", "list", "header", "columns", "wrapped", "folder"]
)
def test_every_form_of_a_zendesk_export(form: str, tmp_path: Path, ticket_of: Make, write: Write) -> None:
    tickets = [ticket_of(1), ticket_of(2)]
    users = [
        {"id": 101, "name": "Maren Holt", "role": "end-user"},
        {"id": 9001, "name": "Olu Adeyemi", "role": "agent"},
    ]
    path = tmp_path / "tickets.json"
    if form in ("page", "pretty"):
        path.write_text(json.dumps({"tickets": tickets, "users": users}, indent=1 if form == "pretty" else None))
    elif form == "pages":
        write(path, [{"tickets": tickets[:1], "users": users}, {"tickets": tickets[1:]}])
    elif form == "list":
        path.write_text(json.dumps(tickets))
    elif form == "gzip":
        path.write_bytes(gzip.compress("".join(json.dumps(ticket) + "\n" for ticket in tickets).encode()))
    elif form == "header":
        write(path, [{"exported_at": "2026-01-01", "count": 2}, *tickets])
    elif form == "columns":
        write(path, [["id", "subject"], *tickets])
    elif form == "wrapped":
        write(path, [{"ticket": ticket} for ticket in tickets])
    else:
        write(path, tickets)
    opened = open_export(tmp_path if form == "folder" else path, format="zendesk" if form == "wrapped" else None)
    read = list(opened)
    assert [ticket.id for ticket in read] == ["1", "2"]
    assert not opened.quarantined
    assert [message.role for message in read[0].messages[:4]] == ["customer", "system", "agent", "agent"]
    if form in ("page", "pages", "pretty"):
        assert read[0].messages[0].author == "Maren Holt"


def test_description_stands_in_for_comments(tmp_path: Path, ticket_of: Make, write: Write) -> None:
    bare = {key: value for key, value in ticket_of(1).items() if key != "comments"}
    (ticket,) = open_export(write(tmp_path / "t.json", [bare]))
    assert [message.role for message in ticket.messages] == ["customer"]
    assert ticket.messages[0].text == bare["description"]


def test_embedded_requester_and_unknown_agent(tmp_path: Path, ticket_of: Make, write: Write) -> None:
    record = ticket_of(1)
    del record["requester_id"]
    record["requester"] = {"id": 101, "name": "Maren Holt"}
    record["satisfaction_rating"] = "bad"
    (ticket,) = open_export(write(tmp_path / "t.json", [record]))
    assert [message.role for message in ticket.messages] == [
        "customer",
        "system",
        "agent",
        "agent",
        "customer",
        "agent",
    ]
    assert ticket.messages[0].author == "Maren Holt"
    assert ticket.csat == "bad"


def test_bad_records_are_put_aside_and_the_rest_goes_on(tmp_path: Path, ticket_of: Make, write: Write) -> None:
    path = write(tmp_path / "tickets.json", [ticket_of(number) for number in range(1, 1201)])
    lines = path.read_text().splitlines()
    lines[999] = lines[999][:200]
    lines[4] = json.dumps({**ticket_of(5), "comments": [], "description": ""})
    lines[5] = json.dumps({**ticket_of(6), "comments": "none"})
    lines[6] = json.dumps({**ticket_of(7), "created_at": "yesterday"})
    lines[7] = json.dumps({"id": None, "subject": "x"})
    path.write_text("\n".join(lines))
    opened = open_export(path)
    assert sum(1 for _ in opened) == 1195
    found = {bad.where: (bad.ticket_id, bad.reason) for bad in opened.quarantined}
    assert found == {
        "tickets.json:5": ("5", "no comments and no description"),
        "tickets.json:6": ("6", "'comments' is not a list"),
        "tickets.json:7": ("7", "a time is neither ISO 8601 nor seconds since 1970"),
        "tickets.json:8": ("", "no 'id'"),
        "tickets.json:1000": ("", "not JSON"),
    }


def test_a_broken_user_costs_nobody_else(tmp_path: Path, ticket_of: Make) -> None:
    users = '{"id": 101, "name": "Maren Holt", "role": "end-user"},\n{"id": 9001, "na\n,{"id": 9002, "name": "Kim"}'
    firms = json.dumps([{"id": 9001, "name": "Lamps Ltd", "domain_names": []}])
    path = tmp_path / "page.json"
    path.write_text(f'{{"tickets": [{json.dumps(ticket_of(1))}],\n"users": [{users}],\n"organizations": {firms}}}')
    opened = open_export(path)
    (ticket,) = opened
    assert [message.author for message in ticket.messages if message.role == "customer"] == ["Maren Holt"] * 2
    assert {message.author for message in ticket.messages if message.role == "agent"} == {""}
    assert [(bad.where, bad.reason) for bad in opened.quarantined] == [("page.json:2", "not JSON")]


def test_a_broken_first_line_does_not_hide_the_format(tmp_path: Path, ticket_of: Make, write: Write) -> None:
    path = write(tmp_path / "tickets.json", [ticket_of(1), ticket_of(2), ticket_of(3)])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0][:200], *lines[1:]]))
    opened = open_export(path)
    assert [ticket.id for ticket in opened] == ["2", "3"]
    assert [bad.where for bad in opened.quarantined] == ["tickets.json:1"]


WHOLE = ['{"key": "H-2", "id": 2, "fields": {"summary": "b"}}', '{"key": "H-3", "id": 3, "fields": {"summary": "c"}}']
TORN = {
    "closed too early": [
        '{"key": "H-1", "id": 1, "fieldsummary": "a", "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1}}'
    ],
    "too deep": ['{"key": "H-1", "id": 1, "fields": {"summary": "a"}, "deep": ' + "[" * 200_000 + "]" * 200_000 + "}"],
    "cut down": [
        '{"key": "H-0", "id": 0, "fields": {}}',
        '{"k": 1}',
        '{"key": "H-1", "id": 1, "fields": {"summary" "a"}}',
    ],
    "with brackets left open": ['{"key": "H-1", "id": 1, "tags": [{"ags": [{"id": 1}], "fields": {}}'],
    "with brackets left open after whole ones": [
        '{"key": "H-0", "id": 0, "tags": [], "fields": {}}',
        '{"key": "H-1", "id": 1, "tags": [{"ags": [{"id": 1}], "fields": {}}',
    ],
    "with another first key": [
        '{"key": "H-0", "id": 0, "fields": {}}',
        '{"k": "H-1", "id": 1, "fields": {}}summary": "a"}}',
    ],
}


@pytest.mark.parametrize("torn", TORN.values(), ids=TORN)
def test_what_follows_a_torn_record_is_read(torn: list[str], tmp_path: Path) -> None:
    path = tmp_path / "issues.json"
    path.write_text('{"issues": [' + ",\n".join([*torn, *WHOLE]) + "]}")
    values = [record.value for record in json_records(path) if not record.problem]
    assert [value["id"] for value in values if "fields" in value][-2:] == [2, 3]


def test_what_follows_a_record_that_closes_its_list_is_read(tmp_path: Path) -> None:
    torn = ['{"key": "H-0", "id": 0, "fields": {}}', '{"key": "H-1", "id": 1, "x": 1}], "fields": {}}']
    path = tmp_path / "issues.json"
    path.write_text('{"data": {"issues": [' + ", ".join([*torn, *WHOLE]) + "]}}")
    values = [record.value for record in json_records(path) if isinstance(record.value, dict)]
    assert [value["id"] for value in values] == [0, 1, 2, 3]


def test_a_stray_quote_does_not_join_rows(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    # The second row's quote ends at the third one's, and both together have as many cells as a row.
    path.write_text('id,public,text,at,note\n1,yes,"a",t,\n2,yes,"b t,\n3,yes,"c",t,\n4,yes,"d\nd",t,\n')
    rows = [(record.number, (record.value or [""])[0], record.problem) for record in table_records(path)]
    assert rows == [(2, "1", ""), (3, "", UNCLOSED), (4, "3", ""), (5, "4", "")]


def test_an_id_that_is_a_customers_words_is_not_quoted(tmp_path: Path) -> None:
    header = "Id,CaseNumber,SuppliedName,Status,Subject,Description,IsClosed,CreatedDate,ClosedDate"
    path = tmp_path / "Case.csv"
    path.write_text(f'{header}\n5001,7,Maren,Closed,Lamp,"Hi"\nWhere is my lamp,is it lost,Maren,Closed,Lamp,"Hi"\n')
    opened = open_export(path)
    assert list(opened) == []
    found = [(bad.where, bad.ticket_id) for bad in opened.quarantined]
    assert found == [("case 5001", "7"), ("case with a damaged id", "")]


LOOKS_LIKE_ANOTHER = {
    "a transcript that looks like JSON": (
        "a.txt",
        "Conversation 1\n[[04.03.2025, 10:00:00] Ida: Where is my lamp?\n[04.03.2025, 10:01:00] Agent: On its way.\n"
        "Conversation 2\n[04.03.2025, 11:00:00] Ida: Is it blue?\n[04.03.2025, 11:01:00] Agent: It is blue.\n",
    ),
    "a transcript with a torn line": (
        "a.txt",
        "Conversation 1\n[\n\n04.03.2025, 10:00:00] Ida: Where is my lamp?\n[04.03.2025, 10:01:00] Agent: On its way.\n"
        "Conversation 2\n[04.03.2025, 11:00:00] Ida: Is it blue?\n[04.03.2025, 11:01:00] Agent: It is blue.\n",
    ),
    "JSON whose first line is too long to be looked at": (
        "pairs.jsonl",
        '"' + "a" * 200_000 + '"\n' + '{"prompt": "Is it red?", "completion": "It is blue."}\n' * 3,
    ),
    "a table that looks like a binary file": (
        "faq.csv",
        'Question,Answer\n"Is it blue?","It is blue."\n"' + "\0" * 40 + '","On its way."\n"Is it red?","No, blue."\n',
    ),
}


@pytest.mark.parametrize(("name", "text"), LOOKS_LIKE_ANOTHER.values(), ids=LOOKS_LIKE_ANOTHER)
def test_damage_does_not_hide_what_a_file_is(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert "It is blue." in [ticket.messages[-1].text for ticket in open_export(path)]


NO_EXPORTS: list[tuple[str, bytes, str]] = [
    ("empty.json", b"", "an empty file"),
    ("blank.json", b"\n \n", "an empty file"),
    ("list.csv", b"Id,Requester,Subject,Status\n1,a,b,solved\n", "without the messages"),
    ("list.csv", b"Id;Subject;Description\n1;a;b\n", "a CSV file"),
    ("a.pdf", b"%PDF-1.7\n", "a PDF"),
    ("a.zip", b"PK\x03\x04rest", "an archive without a file"),
    ("a.docx", b"PK\x03\x04rest[Content_Types].xml", "an Office file"),
    ("a.db", b"SQLite format 3\x00", "a SQLite database"),
    ("a.xml", b"<tickets></tickets>", "XML or HTML"),
    ("a.txt", b"Dear diary\n", "plain text"),
    ("a.bin", b"\x00\x01\x02", "a binary file"),
    ("train.jsonl", b'{"messages": [{"role": "user", "content": "x"}], "ticket_id": "1"}\n', "a chat dataset"),
    ("users.json", b'{"id": 1, "role": "agent", "email": "a@b.example"}\n', "a list of users"),
    ("other.json", b'{"a": 1}\n{"b": 2}\n', "no ticket in its first"),
    ("broken.json", b'{"tickets": [\n{"id": 1,\n', "JSON that is broken"),
    ("cut.json.gz", gzip.compress(b'{"id": 1}' * 5000)[:60], "the gzip file is broken"),
]


@pytest.mark.parametrize(("name", "content", "says"), NO_EXPORTS, ids=[row[2] for row in NO_EXPORTS])
def test_what_is_no_export_is_named(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        list(open_export(path))
    assert says in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_folders_that_are_no_export(tmp_path: Path, dataset: Path, tiny_model: Path) -> None:
    for folder, says in ((tmp_path, "a folder without"), (dataset, "a dataset folder"), (tiny_model, "a run or model")):
        with pytest.raises(InputError, match=says):
            open_export(folder)
    with pytest.raises(InputError, match="no such file"):
        open_export(tmp_path / "nowhere.json")


def test_an_unknown_format_lists_the_known(export: Path) -> None:
    with pytest.raises(ConfigError, match=r"known are zendesk, freshdesk, .*transcript"):
        open_export(export, format="lotus")
