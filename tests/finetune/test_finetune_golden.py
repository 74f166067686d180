"""Exports as help desks write them, and the tickets they must become: ``golden/NAME/`` and ``golden/NAME.txt``.

The tickets are written out by hand, every field of each, from what the help desks document; a line after ``!`` is a
record that is put aside. Do not write them from what the readers say.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from deskhand_finetune.tickets import Options, Ticket, open_export

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(folder.name for folder in GOLDEN.iterdir() if folder.is_dir())


def shown(ticket: Ticket) -> str:
    """A ticket for the eye: a line about it, and one a message."""
    solved = f"{ticket.solved_at:%m-%d %H:%M}" if ticket.solved_at else ""
    about = [
        ticket.source, ticket.id, ticket.status, ticket.subject, f"{ticket.created_at:%m-%d %H:%M}", solved,
        "+".join(ticket.tags), ticket.csat, ticket.language, ticket.customer, ticket.organization,
    ]  # fmt: skip
    said = [
        f"  {message.at:%H:%M} {message.role} {'public' if message.public else 'internal'}"
        f"{' canned' if message.canned else ''} {message.author or '-'}: {message.text}"
        + "".join(f" [{name}]" for name in message.attachments)
        for message in ticket.messages
    ]
    return "\n".join([" | ".join(word or "-" for word in about), *said])


@pytest.mark.parametrize("name", NAMES)
def test_an_export_becomes_these_tickets(name: str) -> None:
    opened = open_export(GOLDEN / name)
    expected = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    for _ in range(2):  # a second pass gives the same
        found = "\n".join(map(shown, opened)).split("\n")
        assert [*found, *(f"! {bad.where}: {bad.reason}" for bad in opened.quarantined)] == expected


def test_the_table_is_whole() -> None:
    assert len(NAMES) == len(list(GOLDEN.glob("*.txt"))) == 15


@pytest.mark.parametrize(("name", "internal"), [("jira-rest", ["For staff", "Note"]), ("jira-csv", [])])
def test_public_comments_opens_what_is_not_said(name: str, internal: list[str]) -> None:
    (ticket,) = open_export(GOLDEN / name, options=Options(public_comments=True))
    # What the export says to be internal stays so.
    assert [message.text for message in ticket.messages if not message.public] == internal


def test_who_answers_can_be_said_where_a_mailbox_is_too_small_to_tell() -> None:
    (ticket,) = open_export(GOLDEN / "mail-small", options=Options(agents=frozenset({"B.example"})))
    assert [message.role for message in ticket.messages] == ["agent", "customer"]
    assert ticket.customer == "ida@a.example"
