"""Reads mail: mbox files and single messages (.eml), joined to conversations by their references.

A reply belongs to the message that it names in References or In-Reply-To; one that names none, to the last message of
the same subject between the same two. Automatic replies, bounces and lists are marked as the system's. Who answers is
in ``Options.agents`` (addresses or domains); without, it is the address that takes part in most conversations, with its
domain unless that is a public mail service; in a mailbox too small to tell, whoever writes first is the customer.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from email.utils import getaddresses, parsedate_to_datetime
from functools import lru_cache
from typing import Any, BinaryIO

from deskhand_finetune.tickets.fields import in_order, language, outcome
from deskhand_finetune.tickets.raw.files import FALLBACK, open_bytes_as_utf8
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.raw.shelf import open_database, storable
from deskhand_finetune.tickets.reader import WRONG_KIND, Format, Options, Quarantined, Read, attempt
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket, iso, moment

NAME = "mail"
LONGEST_LINE, LONGEST_MAIL = 1 << 20, 1 << 26
MOST_REFERENCES = 50
# With fewer conversations, the address that takes part in most of them may be a customer's.
ENOUGH_THREADS = 3
PUBLIC_DOMAINS = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "me.com",
    "aol.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "proton.me", "protonmail.com", "mail.ru", "qq.com",
    "163.com", "orange.fr", "free.fr", "libero.it", "msn.com",
})  # fmt: skip
BROKEN = (
    MessageError, LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError, ArithmeticError,
)  # fmt: skip
"""What Python's parser raises for mails that no mail program writes."""
REPLY = re.compile(
    r"^\s*(?:(?:re|aw|fw|fwd|wg|sv|vs|antw|rif|res|tr)(?:\[\d+\])?\s*:|\[[^\]]{1,30}\])\s*", re.IGNORECASE
)
MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
FROM_LINE = re.compile(rb"^From \S+.*\d{2}:\d{2}")
TABLES = """
CREATE TABLE mails (number INTEGER PRIMARY KEY, id TEXT UNIQUE, thread INTEGER, held TEXT);
CREATE INDEX mails_by_thread ON mails (thread);
CREATE TABLE names (name TEXT PRIMARY KEY, thread INTEGER);
CREATE INDEX names_by_thread ON names (thread);
CREATE TABLE people (address TEXT, thread INTEGER, PRIMARY KEY (address, thread));
"""


class _ParsedOnce(EmailPolicy):
    """The default policy, which parses a header whenever it is asked for (a mail's Content-Type nine times), with a
    memory of the last few headers.
    """

    def header_fetch_parse(self, name: str, value: str) -> Any:  # noqa: ANN401 - the signature of the policy
        """The header as an object."""
        return _parsed_header(name, value)


@lru_cache(maxsize=32)  # the headers of one mail; a line may be LONGEST_LINE long
def _parsed_header(name: str, value: str) -> Any:  # noqa: ANN401 - see above
    return PLAIN_POLICY.header_fetch_parse(name, value)


PLAIN_POLICY, POLICY = EmailPolicy(), _ParsedOnce()


@dataclass(frozen=True, slots=True)
class Mail:
    """What is kept of one message."""

    id: str
    subject: str
    sender: str
    name: str
    recipients: tuple[str, ...]
    at: str
    text: str
    is_automatic: bool
    attachments: tuple[str, ...]
    language: str


def recognise(look: Look) -> str:
    """Why the file is a mailbox or a mail, or nothing."""
    return {"mbox": "a mailbox that begins with 'From '", "mail": "a mail's header lines"}.get(look.kind, "")


def read(looks: Sequence[Look], options: Options) -> Read:
    """The conversations of mailboxes and mails."""
    with open_database() as database:
        for statement in TABLES.split(";"):
            database.execute(statement)
        for look in looks:
            damage: list[str] = []
            with open_bytes_as_utf8(look.path, damage) as binary:
                source = _split(binary) if look.kind != "mail" else iter([binary.read(LONGEST_MAIL)])
                for number, raw in enumerate(source, start=1):
                    where = f"{look.path.name}:{number}"
                    try:
                        _keep(database, *_parse(raw))
                    except BadRecord as error:
                        yield Quarantined(where, "", str(error))
            for problem in damage:
                yield Quarantined(look.path.name, "", problem)
        agents = options.agents or _guessed(database)
        for (thread,) in database.execute("SELECT thread FROM mails GROUP BY thread ORDER BY MIN(number)"):
            rows = database.execute("SELECT held FROM mails WHERE thread = ? ORDER BY number", (thread,)).fetchall()
            mails = [Mail(**json.loads(held)) for (held,) in rows]
            yield from attempt(f"thread of mail {thread}", "", lambda held: _ticket(held, agents), mails)


def _split(binary: BinaryIO) -> Iterator[bytes]:
    """The messages of an mbox, one after the other; ``>From`` in a body loses its mark (mboxrd)."""
    held: list[bytes] = []
    size, was_blank = 0, True
    while line := binary.readline(LONGEST_LINE):
        if was_blank and line.startswith(b"From ") and (FROM_LINE.match(line) or not held):
            if held:
                yield b"".join(held)
            held, size = [], 0
        elif size < LONGEST_MAIL:
            held.append(line[1:] if re.match(rb">+From ", line) else line)
            size += len(line)
        was_blank = line in (b"\n", b"\r\n")
    if held:
        yield b"".join(held)


def _parse(raw: bytes) -> tuple[Mail, list[str]]:
    """The message and the ids that it refers to. Raises ``BadRecord``."""
    try:
        message = BytesParser(policy=POLICY).parsebytes(raw)
        if not isinstance(message, EmailMessage) or not message.keys():
            raise BadRecord("no mail: it has no header")
        return _mail(message, raw), _references(message)
    except BadRecord:
        raise
    except BROKEN:
        raise BadRecord(WRONG_KIND) from None


def _mail(message: EmailMessage, raw: bytes) -> Mail:
    senders = _addresses(message, "From") or _addresses(message, "Sender")
    if not senders:
        raise BadRecord("no sender")
    recipients = tuple(address for _, address in _addresses(message, "To", "Cc", "Delivered-To"))
    found = MESSAGE_ID.search(_header(message, "Message-ID"))
    return Mail(
        id=found[1] if found else hashlib.sha256(raw).hexdigest()[:20],
        subject=_header(message, "Subject"),
        sender=senders[0][1],
        name=senders[0][0],
        recipients=recipients,
        at=_date(message),
        text=_text(message),
        is_automatic=_is_automatic(message, recipients),
        attachments=tuple(name for part in message.walk() if part.is_attachment() and (name := part.get_filename())),
        language=language(_header(message, "Content-Language").split(",")[0].strip()),
    )


def _header(message: EmailMessage, name: str) -> str:
    """A header as one line; nothing when it is missing or cannot be decoded."""
    try:
        value = str(message.get(name) or "")
    except (MessageError, LookupError, ValueError, TypeError, AttributeError, AssertionError):
        value = str(next((value for key, value in message.raw_items() if key.lower() == name.lower()), ""))
    return storable(" ".join(value.split()))


def _addresses(message: EmailMessage, *names: str) -> list[tuple[str, str]]:
    found = getaddresses([_header(message, name) for name in names])
    return [(name, address.lower()) for name, address in found if "@" in address]


def _references(message: EmailMessage) -> list[str]:
    named = _header(message, "References") + " " + _header(message, "In-Reply-To")
    return MESSAGE_ID.findall(named)[-MOST_REFERENCES:]


def _date(message: EmailMessage) -> str:
    written = _header(message, "Date") or _header(message, "Received").rpartition(";")[2]
    try:
        return iso(moment(parsedate_to_datetime(written.strip()).isoformat()))
    except (ValueError, TypeError, IndexError, OverflowError):
        raise BadRecord("no 'Date' that can be read") from None


def _is_automatic(message: EmailMessage, recipients: Sequence[str]) -> bool:
    """Auto-replies, bounces and lists. A shared mailbox that is a list itself (Google Groups) is none."""
    if (
        _header(message, "Auto-Submitted").lower().startswith("auto")
        or message.get_content_type() == "multipart/report"
    ):
        return True
    if any(_header(message, name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress-Reply")):
        return True
    found = MESSAGE_ID.search(_header(message, "List-Id"))
    own = found is not None and any(address.replace("@", ".") == found[1].lower() for address in recipients)
    is_bulk = _header(message, "Precedence").lower() in ("bulk", "auto_reply", "junk", "list")
    return not own and (is_bulk or found is not None)


def _text(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        content = part.get_content()
    except (LookupError, ValueError):
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", errors=FALLBACK) if isinstance(payload, bytes) else ""
    return str(content).replace("\r\n", "\n").strip()


def _keep(database: sqlite3.Connection, mail: Mail, references: list[str]) -> None:
    """Puts a mail into its thread; threads that it joins become one. A copy of a mail is kept once."""
    subject = REPLY.sub("", REPLY.sub("", mail.subject)).strip().lower()
    pair = "|".join(sorted({mail.sender, *mail.recipients[:1]}))
    topic = f"subject {subject} {pair}"
    names = [mail.id, *references]
    is_loose_reply = not references and subject and subject != mail.subject.strip().lower()
    marks = ",".join("?" * len(names))
    found = database.execute(f"SELECT DISTINCT thread FROM names WHERE name IN ({marks})", names).fetchall()  # noqa: S608 - marks only
    threads = sorted(thread for (thread,) in found)
    if not threads and is_loose_reply:
        threads = [thread for (thread,) in database.execute("SELECT thread FROM names WHERE name = ?", (topic,))]
    held = json.dumps({name: getattr(mail, name) for name in Mail.__slots__})
    added = database.execute("INSERT OR IGNORE INTO mails (id, held) VALUES (?, ?)", (mail.id, held))
    if not added.rowcount:
        return
    thread = threads[0] if threads else added.lastrowid
    database.execute("UPDATE mails SET thread = ? WHERE number = ?", (thread, added.lastrowid))
    for other in threads[1:]:
        for table in ("mails", "names"):
            database.execute(f"UPDATE {table} SET thread = ? WHERE thread = ?", (thread, other))  # noqa: S608 - our tables
        database.execute("UPDATE OR IGNORE people SET thread = ? WHERE thread = ?", (thread, other))
    for name in (*names, topic):
        database.execute("INSERT OR REPLACE INTO names VALUES (?, ?)", (name, thread))
    for address in {mail.sender, *mail.recipients}:
        database.execute("INSERT OR IGNORE INTO people VALUES (?, ?)", (address, thread))


def _guessed(database: sqlite3.Connection) -> frozenset[str]:
    """The address that takes part in at least half of the conversations, and its domain; nothing when none does."""
    (threads,) = database.execute("SELECT COUNT(DISTINCT thread) FROM mails").fetchone()
    top = database.execute(
        "SELECT address, COUNT(*) FROM people GROUP BY address ORDER BY 2 DESC, 1 LIMIT 1"
    ).fetchone()
    if threads < ENOUGH_THREADS or top is None or top[1] * 2 < threads:
        return frozenset()
    domain = top[0].rpartition("@")[2]
    return frozenset({top[0]} | (set() if domain in PUBLIC_DOMAINS else {domain}))


def _ticket(mails: list[Mail], agents: frozenset[str]) -> Ticket:
    mails = sorted(mails, key=lambda mail: moment(mail.at))
    asker = next((mail.sender for mail in mails if not mail.is_automatic), "")
    messages = in_order(
        Message(
            _role(mail, agents, asker),
            mail.text,
            moment(mail.at),
            author=mail.name,
            attachments=tuple(mail.attachments),
        )
        for mail in mails
    )
    status = outcome(messages)
    return Ticket(
        id=mails[0].id,
        source=NAME,
        subject=mails[0].subject,
        messages=messages,
        created_at=messages[0].at,
        solved_at=messages[-1].at if status == "solved" else None,
        status=status,
        language=next((mail.language for mail in mails if mail.language), ""),
        customer=next((mail.sender for mail in mails if _role(mail, agents, asker) == "customer"), ""),
    )


def _role(mail: Mail, agents: frozenset[str], asker: str) -> Role:
    if mail.is_automatic:
        return "system"
    if not agents:
        return "customer" if mail.sender == asker else "agent"
    domain = mail.sender.rpartition("@")[2]
    return "agent" if {mail.sender, domain, f"@{domain}", mail.name.lower()} & agents else "customer"


FORMAT = Format(NAME, "Mail: mbox and .eml", recognise, read)
