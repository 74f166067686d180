"""Writes the sample: the export itself and, beside it, what is true about it."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fernhollow import case, plan, thread, zendesk
from fernhollow.thread import Thread
from fernhollow.wording import Words, load

Json = dict[str, Any]


@dataclass(frozen=True)
class Summary:
    """What was written."""

    tickets: int
    answerable: int
    kinds: int
    users: int
    planted: int

    def __str__(self) -> str:
        return (
            f"{self.tickets} tickets ({self.answerable} with an answer, {self.kinds} kinds of problem), "
            f"{self.users} users, {self.planted} marked personal values"
        )


def write(out: Path, *, seed: int, tickets: int) -> Summary:
    """Write the sample below `out`; the same seed and number give the same bytes."""
    words = load()
    made = plan.make(seed, tickets, words)
    threads = [thread.write(case.make(entry, made.agents, words), made.automated) for entry in made.entries]
    users = [zendesk.user(person) for person in [*made.agents, made.automated, *made.customers]]
    planted = [line for item in threads for line in _personal_data(item)]
    key = _answer_key(words, threads)
    (out / "export").mkdir(parents=True, exist_ok=True)
    _write_lines(out / "export" / "tickets.json.gz", (zendesk.ticket(item) for item in threads))
    _write_lines(out / "export" / "users.json.gz", users)
    _write_lines(out / "personal_data.jsonl.gz", planted)
    _write_lines(out / "answer_key.json.gz", [key])
    return Summary(len(threads), len(key["tickets"]), len(key["kinds"]), len(users), len(planted))


def _answer_key(words: Words, threads: list[Thread]) -> Json:
    kinds = {
        kind.name: {"title": kind.title, "references": kind.references(), "facts": kind.facts}
        for kind in words.kinds.values()
    }
    tickets = {}
    for item in threads:
        entry = item.case.entry
        if item.answered_at and entry.kind:
            answered_at = zendesk.stamp(item.answered_at)
            tickets[str(entry.id)] = {"kind": entry.kind.name, "language": entry.language, "answered_at": answered_at}
    return {"kinds": kinds, "tickets": tickets}


def _personal_data(item: Thread) -> list[Json]:
    """One line for each personal value of the subject and of every comment."""
    places: list[tuple[int | None, str]] = [(None, item.subject)]
    for number, comment in enumerate(item.comments):
        places.append((zendesk.comment_id(item, number), comment.letter.as_text()))
    return [
        {"kind": kind, "ticket_id": item.case.entry.id, "comment_id": place, "value": value}
        for place, text in places
        for kind, value in item.case.found_in(text)
    ]


def _write_lines(path: Path, rows: Iterable[Json]) -> None:
    lines = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    path.write_bytes(gzip.compress(lines.encode("utf-8"), compresslevel=9, mtime=0))
