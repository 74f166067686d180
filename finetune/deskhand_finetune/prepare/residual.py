"""How much personal data is left: the share of a second look's finds that the first one did not hide, and the gate.

Unit: of the pieces of personal data that the second look (``second_look``) finds in the cleaned originals of the kept
tickets, the share of which at least a letter or digit is still to be read in what is written. The interval is Wilson's
for 95 %, with the sample cut by the design effect of tickets (leaks cluster: one odd name stands in five messages). It
measures what the second look can see; what both miss is in neither. A false alarm of the second look counts as left, so
the estimate errs upwards there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deskhand_finetune.prepare.conversation import Conversation
from deskhand_finetune.prepare.second_look import Seen
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.redteam.figures import wilson
from deskhand_guardrails.verdicts import Finding

AROUND = 40


@dataclass(frozen=True, slots=True)
class Suspect:
    """Something the second look sees in a written message; ``excerpt`` shows it, so it never enters a report."""

    at: str
    """The message's time."""
    kind: str
    start: int
    end: int
    """Its place in the redacted message."""
    excerpt: str


def compared(original: str, redacted: str, findings: Iterable[Finding], seen: Iterable[Seen], at: str) -> list[Suspect]:
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
        suspects.append(Suspect(at, one.kind, start, end, excerpt))
    return suspects


def _left(original: str, seen: Seen, hidden: Collection[int]) -> str:
    """The first stretch of ``seen`` that stays readable; nothing when every letter and digit is hidden."""
    free = [place for place in range(seen.start, seen.end) if place not in hidden and original[place].isalnum()]
    if not free:
        return ""
    end = next((place for place in range(free[0], seen.end) if place in hidden), seen.end)
    return original[free[0] : end].strip()


@dataclass(frozen=True, slots=True)
class Residual:
    """The estimate."""

    found: int
    """What the second look found in the originals of the kept tickets."""
    left: int
    share: float
    low: float
    high: float
    """The ends of the 95 % interval."""
    limit: float
    """The policy's ``training_data.residual_limit``."""
    kinds: dict[str, dict[str, int]]
    """``{"name": {"found", "left"}, …}``"""

    @property
    def is_over(self) -> bool:
        return self.share > self.limit

    def line(self) -> str:
        """The estimate in words."""
        return (
            f"{self.left} of {self.found} finds of a second look are left: {self.share:.2%} "
            f"(95 %: {self.low:.2%} to {self.high:.2%}; the policy allows {self.limit:.2%})"
        )


def estimate(conversations: Sequence[Conversation], limit: float) -> Residual:
    """The estimate over the kept tickets."""
    found, left = Counter[str](), Counter[str]()
    pairs: list[tuple[int, int]] = []
    for conversation in conversations:
        found.update(conversation.looked)
        own = Counter(suspect["kind"] for suspect in conversation.suspects)
        left.update(own)
        pairs.append((sum(conversation.looked.values()), own.total()))
    count, hits = found.total(), left.total()
    effect = _design_effect(pairs)
    held = wilson(round(hits / effect), round(count / effect))
    share = hits / count if count else 0.0
    kinds = {kind: {"found": found[kind], "left": left[kind]} for kind in sorted(found)}
    low, high = min(float(held["low"]), share), max(float(held["high"]), share)
    return Residual(count, hits, round(share, 5), round(low, 5), round(high, 5), limit, kinds)


def _design_effect(pairs: Sequence[tuple[int, int]]) -> float:
    """How much wider the interval is for finds that come in tickets (Kish 1965, ratio estimator); at least 1."""
    count, hits = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    if not hits or hits == count or len(pairs) < 2:
        return 1.0
    share = hits / count
    clustered = sum((own - share * size) ** 2 for size, own in pairs) * len(pairs) / (len(pairs) - 1)
    return max(1.0, clustered / (count * share * (1 - share)))


def suspects_file(out: Path) -> Path:
    """Where the suspects are listed: beside the dataset, never in it, for that folder is passed on."""
    return out.with_name(out.name + ".suspects.jsonl")


def write_suspects(conversations: Iterable[Conversation], out: Path) -> Path | None:
    """Lists the suspects for the reviewer, readable by the owner only; none, and the file goes."""
    path = suspects_file(out)
    rows: list[dict[str, Any]] = [
        {"ticket_id": conversation.ticket_id, **suspect}
        for conversation in conversations
        for suspect in conversation.suspects
    ]
    path.unlink(missing_ok=True)
    if not rows:
        return None
    path.touch(mode=0o600)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def refuse(residual: Residual, out: Path, suspects: Path | None) -> None:
    """The gate.

    Raises:
        InputError: the estimate is above the limit.
    """
    if residual.is_over:
        raise InputError(
            f"{out}: not written, too much personal data may be left: {residual.line()}; read {suspects}, list what is "
            f"harmless under training_data.ignore of the policy, or write it all the same with --despite-leaks"
        )
