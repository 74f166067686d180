"""What stands below an answer: that a colleague will check, where it comes from, and the thumbs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, cast

from deskhand.desk import Answer
from deskhand.slack.text import to_mrkdwn
from deskhand_guardrails.prompt import Source

Block = dict[str, Any]
Thumb = Literal["up", "down"]

FEEDBACK_ACTION = "deskhand_feedback"

HELD = "A colleague will check this and get back to you."

# Three is what the desk retrieves; more would bury the answer. Slack takes 75 characters of a longer title gladly, but
# a context line should stay one line.
_SOURCES_SHOWN = 3
_TITLE_CHARACTERS = 80

_VALUE = re.compile(r"(up|down):([\w.-]{1,128})")


def below(answer: Answer) -> list[Block]:
    """The blocks that follow the text of ``answer``."""
    blocks: list[Block] = []
    if answer.decision == "review":
        blocks.append(_context(HELD))
    elif answer.decision != "block" and (sources := source_line(answer.sources)):
        blocks.append(_context(sources))
    blocks.append(_feedback(answer.turn_id))
    return blocks


def markdown(text: str) -> list[Block]:
    """``text`` as a block; none for an empty text, which Slack refuses."""
    return [{"type": "markdown", "text": text}] if text.strip() else []


def source_line(sources: Sequence[Source]) -> str:
    """The sources as one line of links and titles.

    A resolved ticket is somebody else's: customers read that there was one, neither its subject nor its number.
    """
    shown: list[str] = []
    for source in sources[:_SOURCES_SHOWN]:
        line = _name(source)
        if line not in shown:
            shown.append(line)
    return f"Sources: {', '.join(shown)}" if shown else ""


def read_feedback(body: dict[str, Any]) -> tuple[str, Thumb] | None:
    """Turn id and thumb of a button that was pressed; None when the value is not one of ours."""
    actions = body.get("actions") or [{}]
    found = _VALUE.fullmatch(str(actions[0].get("value") or ""))
    return (found.group(2), cast("Thumb", found.group(1))) if found else None


def _name(source: Source) -> str:
    if source.reference.startswith("ticket:"):
        return "a resolved ticket"
    title = " ".join(source.title.split())[:_TITLE_CHARACTERS] or "an article"
    address = source.reference
    linked = address.startswith(("https://", "http://")) and not re.search(r"[\s<>|]", address)
    plain = to_mrkdwn(title.replace("`", "'"))
    return f"<{address}|{plain}>" if linked else plain


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def _feedback(turn_id: str) -> Block:
    def button(text: str, value: str, label: str) -> Block:
        return {
            "text": {"type": "plain_text", "text": text},
            "value": f"{value}:{turn_id}",
            "accessibility_label": label,
        }

    buttons = {
        "type": "feedback_buttons",
        "action_id": FEEDBACK_ACTION,
        "positive_button": button("Helpful", "up", "This answer helped"),
        "negative_button": button("Not helpful", "down", "This answer did not help"),
    }
    return {"type": "context_actions", "elements": [buttons]}
