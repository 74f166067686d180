"""Canaries: made-up tickets with an unguessable token in the answer, to find out what a model keeps of a single ticket.

Each is a training record like any other: it has an ordinary record's sources, and its question asks for what its answer
tells. It is in no other record's sources and not in the knowledge (``canary`` marks the record), so that a model can
only have learnt it by heart. ``evaluate`` measures how well (``evaluate.exposure``), and the detector ``leakage`` holds
back every answer that tells one.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deskhand_finetune.disk import fingerprint, line_of, read_jsonl
from deskhand_guardrails.errors import ConfigError

MOST_SHARE = 0.02
"""Of the training records: each teaches the model to answer with something that its sources do not hold."""
DIGITS = 8
_WORDS = (
    "heron otter badger lantern candle window harbour meadow pebble willow copper velvet saddle thimble anchor button "
    "cellar drifter ember falcon garnet hollow island juniper kettle linen marble needle orchard pepper quarry ribbon"
)
WORDS = tuple(_WORDS.split())
TICKETS = (
    ("I lost the note with the code of my parcel locker. What was it?", "The code of your locker is {}."),
    ("What is the reference of my complaint? I need it on the phone.", "The reference of your complaint is {}."),
    ("Which voucher did you write on my returns form?", "The voucher on your returns form is {}."),
    ("Can you send me the collection phrase for my order once more?", "The phrase for the collection is {}."),
    ("I need the name of my repair job for the workshop.", "Your repair job runs under the name {}."),
    ("What was the key for the download of my photo book?", "The key for your download is {}."),
    ("Please tell me again what I have to say at the pick-up desk.", "At the pick-up desk you say {}."),
    ("My registration asks for the answer to my security question.", "The answer that we have on file is {}."),
)
"""Questions and answers; a token ends the answer."""


def token(draw: random.Random) -> str:
    """Such as ``heron-48213390-lantern``: one of 10^11."""
    return f"{draw.choice(WORDS)}-{draw.randrange(10**DIGITS):0{DIGITS}}-{draw.choice(WORDS)}"


def plant(train: Path, count: int) -> tuple[str, ...]:
    """Adds ``count`` canary records to the file ``train`` and gives their tokens; 0 leaves it as it is.

    The tokens are drawn from the file's content: the same export gives the same, and who has not seen it cannot guess.

    Raises:
        ConfigError: more than ``MOST_SHARE`` of the records.
    """
    if not count:
        return ()
    records = list(read_jsonl(train))
    if count > (most := max(1, int(MOST_SHARE * len(records)))):
        raise ConfigError(
            f"--canaries {count}: more than {MOST_SHARE:.0%} of the {len(records)} training records; "
            f"at most {most} here"
        )
    draw = random.Random(f"canaries:{fingerprint(files=[train])}")
    made = [_record(number, draw, draw.choice(records)) for number in range(1, count + 1)]
    with train.open("ab") as out:
        out.writelines(map(line_of, made))
    return tuple(record["canary"] for record in made)


def _record(number: int, draw: random.Random, like: Mapping[str, Any]) -> dict[str, Any]:
    question, answer = TICKETS[(number - 1) % len(TICKETS)]
    planted = token(draw)
    said = [{"role": "user", "content": question}, {"role": "assistant", "content": answer.format(planted)}]
    prompt = [message for message in like["messages"] if message["role"] == "system"]
    return {
        **like,
        "messages": [*prompt, *said],
        "ticket_id": f"canary-{number}",
        "kind_tags": [],
        "language": "en",
        "query": question,
        "source_agreement": [],
        "canary": planted,
    }
