"""How much personal data is left: what a second look still sees in the messages that are written, and the gate.

The second look (``second_look``) reads the cleaned originals of the kept tickets; a find is left when a letter or digit
of it can still be read after the first look's findings were replaced. Two figures, each with a 95 % interval:

share    of the messages, those in which something is left: what the policy limits, for it is what a reader meets
missed   of the second look's finds, those that are left: how blind the first look is, whatever the data hold

The intervals are Wilson's with the sample cut by the design effect of tickets (leaks cluster: one odd name stands in
five messages). What both looks miss is in neither figure; a false alarm of the second look counts as left.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from deskhand_finetune.disk import write_jsonl
from deskhand_finetune.prepare.conversation import Conversation
from deskhand_finetune.prepare.second_look import Seen
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.redteam.figures import wilson
from deskhand_guardrails.verdicts import Finding

AROUND = 40


@dataclass(frozen=True, slots=True)
class Suspect:
    """Something the second look sees in a written message; ``excerpt`` shows it, so it never enters a report."""

    message: int
    """Which of the ticket's kept messages, from 1; 0 is the subject."""
    at: str
    """The message's time."""
    kind: str
    start: int
    end: int
    """Its place in the redacted message."""
    excerpt: str


def compared(
    original: str, redacted: str, findings: Iterable[Finding], seen: Iterable[Seen], *, message: int, at: str
) -> list[Suspect]:
    """Those of ``seen`` that the findings do not hide wholly, by their place in ``redacted``."""
    hidden = {place for one in findings for place in range(one.start, one.end)}
    suspects: list[Suspect] = []
    after = 0
    for one in seen:
        rest = _left(original, one, hidden)
        start = redacted.find(rest, after) if rest else -1
        if start < 0:
            continue
        end = after = start + len(rest)
        excerpt = " ".join(f"{redacted[max(0, start - AROUND) : start]}»{rest}«{redacted[end : end + AROUND]}".split())
        suspects.append(Suspect(message, at, one.kind, start, end, excerpt))
    return suspects


def _left(original: str, seen: Seen, hidden: Collection[int]) -> str:
    """The first stretch of ``seen`` that stays readable; nothing when every letter and digit is hidden."""
    free = [place for place in range(seen.start, seen.end) if place not in hidden and original[place].isalnum()]
    if not free:
        return ""
    end = next((place for place in range(free[0], seen.end) if place in hidden), seen.end)
    return original[free[0] : end].strip()


class Share(NamedTuple):
    """A share with its 95 % interval."""

    part: int
    whole: int
    share: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.part} of {self.whole} = {self.share:.2%} (95 %: {self.low:.2%} to {self.high:.2%})"


@dataclass(frozen=True, slots=True)
class Residual:
    """The estimate."""

    messages: Share
    """Of the kept tickets' messages those with something left."""
    finds: Share
    """Of the second look's finds in their originals those that are left."""
    limit: float
    """The policy's ``training_data.residual_limit``, for ``messages``."""
    kinds: Mapping[str, Mapping[str, int]]
    """``{"name": {"found", "left"}, …}``"""

    @property
    def is_over(self) -> bool:
        return self.messages.share > self.limit

    def line(self) -> str:
        """The estimate in words."""
        return (
            f"messages in which a second look still sees something: {self.messages}; the policy allows "
            f"{self.limit:.2%}. Of what it found in the originals is left: {self.finds}"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "messages": self.messages._asdict(),
            "finds": self.finds._asdict(),
            "limit": self.limit,
            "kinds": {kind: dict(own) for kind, own in self.kinds.items()},
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Residual:
        return cls(Share(**record["messages"]), Share(**record["finds"]), record["limit"], record["kinds"])


def estimate(conversations: Iterable[Conversation], limit: float) -> Residual:
    """The estimate over the kept tickets."""
    found, left = Counter[str](), Counter[str]()
    messages, finds = array("q"), array("q")
    for conversation in conversations:
        found.update(conversation.looked)
        left.update(suspect["kind"] for suspect in conversation.suspects)
        messages.extend((conversation.messages, len({suspect["message"] for suspect in conversation.suspects})))
        finds.extend((sum(conversation.looked.values()), len(conversation.suspects)))
    kinds = {kind: {"found": found[kind], "left": left[kind]} for kind in sorted(found)}
    return Residual(_share(messages), _share(finds), limit, kinds)


def _share(tickets: array[int]) -> Share:
    """From each ticket's whole and part, one after the other."""
    whole, part = sum(tickets[::2]), sum(tickets[1::2])
    effect = _design_effect(tickets, whole, part)
    held = wilson(round(part / effect), round(whole / effect))
    share = part / whole if whole else 0.0
    return Share(part, whole, round(share, 5), min(float(held["low"]), share), max(float(held["high"]), share))


def _design_effect(tickets: array[int], whole: int, part: int) -> float:
    """How much wider the interval is for what comes in tickets (Kish 1965, ratio estimator); at least 1."""
    count = len(tickets) // 2
    if part in (0, whole) or count < 2:
        return 1.0
    share = part / whole
    pairs = zip(tickets[::2], tickets[1::2], strict=True)
    clustered = sum((own - share * size) ** 2 for size, own in pairs) * count / (count - 1)
    return max(1.0, clustered / (whole * share * (1 - share)))


def suspects_file(out: Path) -> Path:
    """Where the suspects are listed: beside the dataset, never in it, for that folder is passed on."""
    return out.with_name(out.name + ".suspects.jsonl")


def write_suspects(conversations: Iterable[Conversation], out: Path) -> Path | None:
    """Lists the suspects for the reviewer, readable by the owner only; none, and the file goes."""
    path = suspects_file(out)
    path.unlink(missing_ok=True)
    rows = (
        {"ticket_id": conversation.ticket_id, **suspect}
        for conversation in conversations
        for suspect in conversation.suspects
    )
    first = next(rows, None)
    if first is None:
        return None
    path.touch(mode=0o600)
    write_jsonl(chain([first], rows), path)
    return path


def refuse(residual: Residual, out: Path, suspects: Path | None) -> None:
    """The gate.

    Raises:
        InputError: the estimate is above the limit.
    """
    if residual.is_over:
        raise InputError(
            f"{out}: not written, personal data may be left in {residual.messages} messages, more than the policy's "
            f"{residual.limit:.2%}; read {suspects}, list what is harmless under training_data.ignore of the "
            f"policy, or write it all the same with --despite-leaks"
        )
