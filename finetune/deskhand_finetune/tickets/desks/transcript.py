"""Reads plain conversations, ``Name: text`` with or without times: chat logs, WhatsApp exports, pasted dialogues.

A conversation ends at a rule (``---``, ``===``, ``***``), at a heading (``# …``, ``Conversation 12``) or with the file;
a line without a name goes on with what was said before. Who answers is told by the names (Agent, Support, Kunde …), by
``Options.agents``, or by coming back: a name that speaks in several conversations is an agent's; else whoever speaks
first is the customer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from deskhand_finetune.tickets.desks.generic import ROLE_WORDS
from deskhand_finetune.tickets.fields import in_order, outcome
from deskhand_finetune.tickets.raw.files import open_text
from deskhand_finetune.tickets.raw.look import Look
from deskhand_finetune.tickets.reader import Format, Options, Quarantined, Read, attempt
from deskhand_finetune.tickets.ticket import BadRecord, Message, Role, Ticket
from deskhand_finetune.tickets.times import at, is_day_first, undated

NAME = "transcript"
TIME = r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{2,4}[,T ]\s*)?\d{1,2}:\d{2}(?::\d{2})?(?:\s*[AaPp]\.?[Mm]\.?)?Z?"
LINE = re.compile(
    rf"^\s*(?:[\[(]\s*(?P<boxed>{TIME})\s*[\])]\s*[-–]?\s*|(?P<bare>{TIME})\s*[-–|]?\s+)?"
    r"(?P<name>[^\W\d_][^:\n<>{}\[\]=|/\\]{0,50}?)\s*:\s+(?P<text>\S.*)$"
)
RULE = re.compile(
    r"^\s*(?:[-=*_#]{3,}|#{1,3}\s.*|"
    r"(?:conversation|chat|transcript|dialogue|ticket|gespräch)\s+(?:id\s*:?\s*)?#?[\w-]*\d[\w-]*\s*:?)\s*$",
    re.IGNORECASE,
)
# Words before a colon that are no speaker.
NO_NAMES = frozenset(
    {"subject", "date", "from", "to", "cc", "http", "https", "note", "ps", "re", "fwd", "status", "betreff", "time"}
)
LONGEST_LINE = 1 << 20
MOST_LINES = 20_000
CONVERSATIONS_COUNTED = 1000


@dataclass(slots=True)
class Turn:
    """What one speaker said in a row of lines."""

    name: str
    time: str
    lines: list[str] = field(default_factory=list)


def recognise(look: Look) -> str:
    """Why the text is a conversation, or nothing."""
    if look.kind != "text":
        return ""
    lines = [line for line in look.head.splitlines()[:60] if line.strip() and not RULE.match(line)]
    if sum(line.startswith((" ", "\t")) for line in lines) * 2 > len(lines):
        return ""  # YAML and other settings
    names = [turn.name.lower() for line in lines if (turn := _turn(line))]
    known = {name for name in names if name in ROLE_WORDS}
    repeated = len(names) > len(set(names)) or len(known) > 1
    if len(set(names)) >= 2 and repeated and len(names) * 3 >= len(lines):
        return f"lines of 'Name: text' by {len(set(names))} speakers"
    return ""


def read(looks: Sequence[Look], options: Options) -> Read:
    """The conversations of text files."""
    regulars = _regulars(looks)
    count = 0
    for look in looks:
        damage: list[str] = []
        for number, turns in _conversations(look.path, damage):
            count += 1
            build = partial(_ticket, f"{look.path.stem}-{number}", count, regulars, options)
            yield from attempt(f"{look.path.name}:{number}", "", build, turns)
        for problem in damage:
            yield Quarantined(look.path.name, "", problem)


def _conversations(path: Path, damage: list[str]) -> Iterator[tuple[int, list[Turn]]]:
    """The line that each conversation begins in, and its turns."""
    turns: list[Turn] = []
    start = number = held = 0
    with open_text(path, damage) as text:
        while line := text.readline(LONGEST_LINE):
            number += 1
            turn = _turn(line)
            if RULE.match(line) or held >= MOST_LINES:
                if turns:
                    yield start, turns
                turns, held = [], 0
            if turn and not RULE.match(line):
                start = start if turns else number
                turns.append(turn)
            elif turns and not RULE.match(line):
                turns[-1].lines.append(line.rstrip())
            held += 1
    if turns:
        yield start, turns


def _turn(line: str) -> Turn | None:
    found = LINE.match(line)
    if found is None or found["name"].lower() in NO_NAMES or len(found["name"].split()) > 5:
        return None
    return Turn(found["name"].strip(), found["boxed"] or found["bare"] or "", [found["text"].rstrip()])


def _regulars(looks: Sequence[Look]) -> frozenset[str]:
    """Names that speak in more than one of the first conversations."""
    seen: Counter[str] = Counter()
    every = (turns for look in looks for _, turns in _conversations(look.path, []))
    for turns in islice(every, CONVERSATIONS_COUNTED):
        seen.update({turn.name.lower() for turn in turns})
    return frozenset(name for name, count in seen.items() if count > 1)


def _ticket(name: str, count: int, regulars: frozenset[str], options: Options, turns: list[Turn]) -> Ticket:
    day_first = is_day_first([turn.time for turn in turns])
    roles = _roles([turn.name.lower() for turn in turns], regulars, options)
    messages = []
    for number, turn in enumerate(turns):
        # A time without a day cannot be placed; the order of the lines stands in for it.
        has_day = re.match(r"\d+[./-]\d", turn.time) is not None
        when = at(turn.time, day_first=day_first) if has_day else undated(count, number)
        author = "" if turn.name.lower() in ROLE_WORDS else turn.name
        messages.append(Message(roles[turn.name.lower()], "\n".join(turn.lines).strip(), when, author=author))
    ordered = in_order(messages)
    if "customer" not in roles.values():
        raise BadRecord("nobody in it is a customer; name those who answer with --agent", name)
    status = outcome(ordered)
    asker = next(turn.name for turn in turns if roles[turn.name.lower()] == "customer")
    return Ticket(
        id=name,
        source=NAME,
        messages=ordered,
        created_at=ordered[0].at,
        solved_at=ordered[-1].at if status == "solved" else None,
        status=status,
        customer="" if asker.lower() in ROLE_WORDS else asker,
    )


def _roles(names: list[str], regulars: frozenset[str], options: Options) -> dict[str, Role]:
    speakers = list(dict.fromkeys(names))
    roles: dict[str, Role] = {name: ROLE_WORDS[name] for name in speakers if name in ROLE_WORDS}
    others = [name for name in speakers if name not in roles]
    visitors = [name for name in others if name not in regulars] or others
    asker = "" if "customer" in roles.values() else next(iter(visitors), "")
    for name in others:
        is_agent = name in options.agents if options.agents else name != asker
        roles[name] = "agent" if is_agent else "customer"
    return roles


FORMAT = Format(NAME, "Plain conversations, Name: text", recognise, read)
