"""Text on its way in and out of Slack: Slack's markup to plain text, Markdown to what Slack shows, and its limits."""

from __future__ import annotations

import re

LIMIT = 12_000
"""Characters that Slack takes in a markdown block or in one piece of a stream."""

# <@U1|name>, <#C1|name>, <!here>, <!date^1^{date}|fallback>, <https://…|label>
_MARKUP = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}

# Slack turns these into notifications of a whole channel; an answer must never do that, whatever a model writes.
_SUMMONS = re.compile(r"<(?=[!@#])|@(?=(?:channel|here|everyone)\b)")
_WORD_JOINER = "\u2060"

_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_BOLD = "\x00"


def to_plain(text: str, *, bot_user: str) -> str:
    """What a person wrote, without Slack's markup.

    The mention of ``bot_user`` is dropped; other mentions keep their label, and without one the bare account id, which
    says nothing to a model, becomes "@someone". Links keep label and address.
    """

    def replace(match: re.Match[str]) -> str:
        kind, target, label = match.group(1), match.group(2), match.group(3)
        if kind == "@":
            return "" if target == bot_user else f"@{label or 'someone'}"
        if kind == "#":
            return f"#{label or 'channel'}"
        if kind == "!":
            return label or f"@{target.partition('^')[0]}"
        address = target.removeprefix("mailto:").removeprefix("tel:")
        return address if label in (None, "", address, target) else f"{label} ({address})"

    plain = _ENTITY.sub(lambda found: _CHARACTERS[found.group(1)], _MARKUP.sub(replace, text))
    return "\n".join(" ".join(line.split()) for line in plain.splitlines()).strip()


def defuse(markdown: str) -> str:
    """The same text, unable to notify anybody: mentions of people, groups and whole channels stay plain text."""
    return _SUMMONS.sub(lambda found: found.group() + _WORD_JOINER, markdown)


def to_mrkdwn(markdown: str) -> str:
    """Markdown as Slack's own markup: for notifications, context blocks and messages whose blocks were refused."""
    parts = _CODE.split(defuse(markdown))
    # Every second part is code, which both languages write alike.
    return "".join(_escape(part) if index % 2 else _convert(part) for index, part in enumerate(parts))


def split(text: str, limit: int = LIMIT) -> list[str]:
    """``text`` in parts of at most ``limit`` characters, cut after white space where there is some.

    The first cut depends on the first ``limit`` characters alone, so what was shown of a growing text stays valid.
    """
    parts = []
    while len(text) > limit:
        end = whole_words(text[:limit]) or limit
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text]


def whole_words(text: str) -> int:
    """Where the last complete word of a growing text ends, its white space included; 0 when there is none yet."""
    return max(text.rfind(" "), text.rfind("\n")) + 1


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _convert(text: str) -> str:
    text = _escape(text)
    text = re.sub(r"!?\[([^\]\n]+)\]\((https?://[^\s)|]+)\)", r"<\2|\1>", text)
    text = re.sub(r"(?m)^#{1,6}\s+(.+?)\s*#*$", rf"{_BOLD}\1{_BOLD}", text)
    text = re.sub(r"(?m)^(\s*)[-*+]\s+", r"\1• ", text)
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", rf"{_BOLD}\2{_BOLD}", text)
    text = re.sub(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])", r"_\1_", text)
    text = re.sub(r"~~(?=\S)(.+?)(?<=\S)~~", r"~\1~", text)
    return text.replace(_BOLD, "*")
