"""Resolved tickets of a dataset folder as passages: what was asked, and what the agent answered.

Of identical questions the newest answer counts, and of identical answers (a canned reply, say) the three newest
questions: more would crowd everything else out of the results. "Identical" is said of the words alone: case,
punctuation, digits and the numbers of placeholders make no difference.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deskhand_guardrails.errors import InputError
from deskhand_guardrails.prompt import TICKET
from deskhand_guardrails.pseudonyms import anonymous
from langchain_deskhand.knowledge.passage import Passage

QUESTIONS_PER_ANSWER = 3

# "You're welcome!" answers no question.
FEWEST_WORDS = 4


def read_dataset(folder: Path, access: tuple[str, ...] = ()) -> Iterator[Passage | InputError]:
    """The passages of ``folder/train.jsonl``, newest first; the held-out parts are never read.

    A line that is no record of a dataset comes, before the passages, as the error that names file and line.

    Placeholders lose their number (``<PERSON_1>`` becomes ``[PERSON]``): another customer's must not be mistaken for
    one of the conversation that is answered.
    """
    records: list[Mapping[str, Any]] = []
    for read in _records(folder / "train.jsonl"):
        if isinstance(read, InputError):
            yield read
        elif "canary" not in read:  # a model must know a planted ticket from its training alone
            records.append(read)
    records.sort(key=lambda record: str(record.get("answered_at", "")), reverse=True)
    asked: set[str] = set()
    answered: Counter[str] = Counter()
    for record in records:
        question, answer = anonymous(record["query"]), anonymous(record["messages"][-1]["content"])
        same_question, same_answer = _bare(question), _bare(answer)
        if len(answer.split()) < FEWEST_WORDS or not same_question or same_question in asked:
            continue
        if answer != record["messages"][-1]["content"]:
            continue  # it names its own customer's order or address: no answer for another
        if answered[same_answer] >= QUESTIONS_PER_ANSWER:
            continue
        asked.add(same_question)
        answered[same_answer] += 1
        yield Passage(" ".join(question.split()), answer.strip(), f"{TICKET}{record['ticket_id']}", access)


def _records(path: Path) -> Iterator[Mapping[str, Any] | InputError]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                last = record["messages"][-1]
                complete = last["role"] == "assistant" and isinstance(last["content"], str)
                complete = complete and isinstance(record["query"], str) and bool(str(record["ticket_id"]))
            except (ValueError, LookupError, TypeError):
                complete = False
            if complete:
                yield record
            else:
                yield InputError(
                    f"{path}, line {number}: no record of a dataset; make one with: deskhand prepare EXPORT"
                )


def _bare(text: str) -> str:
    return " ".join(re.findall(r"[^\W\d_]+", text.lower()))
