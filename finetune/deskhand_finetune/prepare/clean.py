"""The first step, and the only one that sees personal data: a ticket in, a clean and redacted conversation out.

Runs in worker processes, ticket by ticket; what comes back holds placeholders only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from deskhand_finetune.prepare.conversation import Conversation, LeftOut, Turn
from deskhand_finetune.prepare.language import language_of
from deskhand_finetune.prepare.markup import is_html, to_text
from deskhand_finetune.prepare.notices import notice
from deskhand_finetune.prepare.quotes import strip_quotes
from deskhand_finetune.prepare.signature import strip_signature
from deskhand_finetune.tickets.ticket import Message, Ticket, iso
from deskhand_guardrails.courtesy import strip_courtesies
from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.redaction import redact

DONE = frozenset({"solved", "closed"})
UNWANTED_TAGS = frozenset({"spam", "merged", "closed_by_merge", "suspended"})
# A log file pasted into a ticket: redaction would take seconds, and no prompt has room for it.
LONGEST_MESSAGE = 20_000


def clean_text(text: str, author: str = "") -> str:
    """What the author meant to say, as plain text: no markup, quoted history, signature, device line or disclaimer."""
    text = text[:LONGEST_MESSAGE]
    plain = to_text(text) if is_html(text) else text.replace("\r\n", "\n").replace("\u00a0", " ").replace("\u200b", "")
    return strip_signature(strip_quotes(plain), author)


def clean_ticket(ticket: Ticket) -> tuple[Conversation | None, list[LeftOut]]:
    """The ticket's conversation, or None, with everything of it that was left out."""
    reason = _unwanted(ticket)
    if reason:
        return None, [LeftOut(ticket.id, reason)]
    names = sorted({message.author for message in ticket.messages if message.author})
    pseudonyms, replaced = Pseudonyms(), Counter[str]()

    def hidden(text: str) -> str:
        clean, findings = redact(text, names=names, pseudonyms=pseudonyms)
        replaced.update(finding.label for finding in findings)
        return clean

    turns: list[Turn] = []
    left_out: list[LeftOut] = []
    subject = hidden(_subject(ticket.subject))
    for message in ticket.messages:
        text, reason = _said(message)
        if reason:
            left_out.append(LeftOut(ticket.id, reason, iso(message.at)))
            continue
        text = hidden(text)
        # In an e-mail the subject is half the question: with it the nearest ticket is of the right kind for 84 % of the
        # sample's test tickets, without it for 66 %.
        if not turns and message.role == "customer" and subject.lower() not in text.lower():
            text = f"{subject}\n{text}".strip()
        _append(turns, Turn("user" if message.role == "customer" else "assistant", text, iso(message.at)))
    reason = _incomplete(turns)
    if reason:
        return None, [*left_out, LeftOut(ticket.id, reason)]
    asked = "\n".join(turn.text for turn in turns if turn.role == "user")
    conversation = Conversation(
        ticket_id=ticket.id,
        customer=ticket.customer,
        created_at=iso(ticket.created_at),
        subject=subject,
        tags=ticket.tags,
        language=ticket.language or language_of(asked[:1000]),
        turns=tuple(turns),
        replaced=dict(sorted(replaced.items())),
    )
    return conversation, left_out


def clean_tickets(tickets: Sequence[Ticket]) -> list[tuple[Conversation | None, list[LeftOut]]]:
    """``clean_ticket`` over a chunk: what one worker does at a time."""
    return [clean_ticket(ticket) for ticket in tickets]


def _unwanted(ticket: Ticket) -> str:
    tags = {tag.lower() for tag in ticket.tags}
    if ticket.status == "deleted":
        return "deleted"
    if "spam" in tags or "suspended" in tags:
        return "spam"
    if tags & UNWANTED_TAGS:
        return "merged"
    if ticket.status and ticket.status not in DONE:
        return "open"
    if ticket.csat == "bad":
        return "bad_rating"
    return ""


def _said(message: Message) -> tuple[str, str]:
    """The message's clean text, or why it does not enter."""
    if not message.public:
        return "", "internal_note"
    if message.role == "system":
        return "", "system_message"
    if message.role == "bot":
        return "", "bot_message"
    text = clean_text(message.text, message.author)
    kind = notice(text)
    if kind:
        return "", kind
    if message.role == "agent":
        text = strip_courtesies(text)
        return (text, "") if text else ("", "only_courtesy")
    return (text, "") if any(letter.isalnum() for letter in text) else ("", "empty_message")


def _subject(subject: str) -> str:
    words = subject.split()
    while words and words[0].rstrip(":").lower() in ("re", "fw", "fwd", "aw", "wg", "rv") and words[0].endswith(":"):
        words.pop(0)
    return " ".join(words)[:200]


def _append(turns: list[Turn], turn: Turn) -> None:
    """Joins what the customer writes in a row; answers stay apart, for each may be one that is learnt."""
    if turns and turns[-1].role == turn.role == "user":
        turns[-1] = Turn(turn.role, f"{turns[-1].text}\n{turn.text}", turn.at)
    else:
        turns.append(turn)


def _incomplete(turns: list[Turn]) -> str:
    roles = [turn.role for turn in turns]
    if not roles:
        return "empty"
    if "user" not in roles:
        return "no_question"
    if "assistant" not in roles[roles.index("user") :]:
        return "no_answer"
    return ""
