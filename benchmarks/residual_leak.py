"""How much of the sample's planted personal data is left, and whether the second look's estimate tells as much.

    python benchmarks/residual_leak.py [--show KIND] [--step N]

Two parts. First ``prepare`` on the shipped sample: a planted value of a ticket counts when the ticket has a record; it
is left when it stands, as a whole word, in any message of that ticket's records (names) or of any record (the rest).

Then the estimate, on every N-th ticket with the first look weakened on purpose: a share of the values that it finds is
let through, all through a ticket, as if a detector were blind to them. Truth is the share of the planted values that a
ticket's messages held before and still hold; the estimate is the share of its finds that ``prepare`` would report as
left, and ``messages`` the share of the messages, which the gate looks at.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deskhand_finetune import open_export, prepare
from deskhand_finetune.prepare.clean import clean_text
from deskhand_finetune.prepare.conversation import Conversation
from deskhand_finetune.prepare.residual import compared, estimate
from deskhand_finetune.prepare.second_look import look
from deskhand_guardrails.pseudonyms import Pseudonyms
from deskhand_guardrails.redaction import Redaction
from deskhand_guardrails.verdicts import Finding

SAMPLE = Path(__file__).parents[1] / "integrations" / "deskhand" / "sample"
BLIND = (0.0, 0.02, 0.05, 0.1, 0.2)


def written(dataset: Path) -> dict[str, str]:
    """The text of every ticket's records."""
    texts: dict[str, str] = defaultdict(str)
    for split in ("train", "validation", "test"):
        for line in (dataset / f"{split}.jsonl").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            texts[str(record["ticket_id"])] += "\n".join(one["content"] for one in record["messages"]) + "\n"
    return texts


def planted() -> Iterator[tuple[str, str, str]]:
    """Ticket, kind and value of everything that was planted."""
    with gzip.open(SAMPLE / "personal_data.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            yield str(row["ticket_id"]), row["kind"], row["value"]


def stands(value: str, text: str) -> re.Match[str] | None:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)


def shipped(shown: str) -> None:
    """The first part."""
    with tempfile.TemporaryDirectory() as folder:
        dataset = Path(folder) / "dataset"
        report = prepare([SAMPLE / "export"], dataset, articles=[SAMPLE / "articles"], workers=1, despite_leaks=True)
        texts = written(dataset)
        suspects = Path(folder) / "dataset.suspects.jsonl"
        if shown == "suspects" and suspects.exists():
            print(suspects.read_text(encoding="utf-8"))
    everything = "\n".join(texts.values())
    counts, left = Counter[str](), Counter[str]()
    for ticket, kind, value in planted():
        if ticket not in texts:
            continue
        counts[kind] += 1
        searched = texts[ticket] if kind == "PERSON" else everything
        if match := stands(value, searched):
            left[kind] += 1
            if shown == kind:
                print(" ".join(searched[max(0, match.start() - 60) : match.end() + 30].split()))
    for kind, count in counts.most_common():
        print(f"{kind:<18}{left[kind]:>5} of {count}")
    print(f"left: {left.total()} of {counts.total()} ({100 * left.total() / counts.total():.2f} %)")
    print("second look:", json.dumps(dict(report.residual)))


def weakened(step: int) -> None:
    """The second part."""
    redaction = Redaction()
    values: dict[str, list[str]] = defaultdict(list)
    for name, _, value in planted():
        values[name].append(value)
    held: dict[float, list[Conversation]] = defaultdict(list)
    truth: dict[float, Counter[str]] = defaultdict(Counter)
    for ticket in list(open_export(SAMPLE / "export"))[::step]:
        messages = [message for message in ticket.messages if message.public and message.role in ("customer", "agent")]
        texts = [clean_text(message.text, message.author) for message in messages]
        names = sorted({message.author for message in ticket.messages if message.author})
        hidden = redaction.conversation(texts, names, Pseudonyms())
        for blind in BLIND:
            kept = [[one for one in finds if not lets_through(text, one, ticket.id, blind)]
                    for text, (_, finds) in zip(texts, hidden, strict=True)]  # fmt: skip
            conversation, redacted = second(ticket.id, texts, names, kept)
            held[blind].append(conversation)
            before, after = "\n".join(texts), "\n".join(redacted)
            had = [value for value in values[ticket.id] if stands(value, before)]
            truth[blind].update(had=len(had), left=sum(stands(value, after) is not None for value in had))
    print(f"{'blind to':<10}{'truth':>9}{'estimate':>10}{'95 %':>18}{'messages':>10}")
    for blind in BLIND:
        told = estimate(held[blind], 0.0)
        interval = f"{told.finds.low:.2%} to {told.finds.high:.2%}"
        share = truth[blind]["left"] / truth[blind]["had"]
        print(f"{blind:<10.0%}{share:>9.2%}{told.finds.share:>10.2%}{interval:>18}{told.messages.share:>10.2%}")


def lets_through(text: str, one: Finding, ticket: str, blind: float) -> bool:
    """Whether the weakened look is blind to this value; the same everywhere in a ticket."""
    value = " ".join(text[one.start : one.end].casefold().split())
    return zlib.crc32(f"{ticket}:{value}".encode()) % 10_000 < 10_000 * blind


def second(
    ticket: str, texts: Sequence[str], names: Sequence[str], found: Sequence[Sequence[Finding]]
) -> tuple[Conversation, list[str]]:
    """A conversation that holds what the second look saw of it, and its redacted texts."""
    pseudonyms, looked = Pseudonyms(), Counter[str]()
    redacted = [pseudonyms.hide(text, finds) for text, finds in zip(texts, found, strict=True)]
    suspects: list[dict[str, Any]] = []
    for place, (text, hidden, finds) in enumerate(zip(texts, redacted, found, strict=True)):
        seen = look(text, names)
        looked.update(one.kind for one in seen)
        suspects.extend(asdict(one) for one in compared(text, hidden, finds, seen, message=place, at=""))
    conversation = Conversation(
        ticket, "", "", "", (), "", (), messages=len(texts), looked=looked, suspects=tuple(suspects)
    )
    return conversation, redacted


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", default="", metavar="KIND", help="print what is left of this kind; or: suspects")
    parser.add_argument(
        "--step", type=int, default=4, metavar="N", help="weaken the look on every N-th ticket (0: not)"
    )
    parser.add_argument("--only-estimate", action="store_true", help="leave out the first part")
    chosen = parser.parse_args()
    if not chosen.only_estimate:
        shipped(chosen.show)
    if chosen.step:
        weakened(chosen.step)


if __name__ == "__main__":
    main()
