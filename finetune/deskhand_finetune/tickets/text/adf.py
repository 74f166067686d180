"""Atlassian Document Format to plain text: the shapes of https://developer.atlassian.com/cloud/jira/platform/apis/document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEEPEST = 60
BLOCKS = frozenset({"paragraph", "heading", "codeBlock", "blockquote", "panel", "rule", "table", "tableRow", "expand",
                    "nestedExpand", "mediaSingle", "mediaGroup", "taskItem", "decisionItem", "listItem", "bulletList",
                    "orderedList", "taskList", "decisionList"})  # fmt: skip
DROPPED = frozenset({"media", "mediaInline", "rule", "extension", "bodiedExtension", "inlineExtension"})


def adf_to_text(document: Mapping[str, Any]) -> str:
    """The readable text of a document: one line a block, lists with dashes or numbers, quotes with ``>``."""
    return "\n".join(line.rstrip() for line in _blocks(document, 0)).strip()


def _blocks(node: Mapping[str, Any], depth: int) -> list[str]:
    kind, content = node.get("type"), _content(node)
    if depth > DEEPEST or kind in DROPPED:
        return []
    if kind in ("bulletList", "orderedList", "taskList", "decisionList"):
        lines: list[str] = []
        for number, item in enumerate(content, start=1):
            mark = f"{number}. " if kind == "orderedList" else "- "
            lines += _marked(_blocks(item, depth + 1), mark, " " * len(mark))
        return lines
    if kind == "blockquote":
        return _marked([line for child in content for line in _blocks(child, depth + 1)], "> ", "> ")
    if kind == "tableRow":
        return [" | ".join(" ".join(_blocks(cell, depth + 1)) for cell in content)]
    if any(child.get("type") in BLOCKS for child in content):
        return [line for child in content for line in _blocks(child, depth + 1)]
    text = "".join(_inline(child) for child in content) if content else _inline(node)
    return text.split("\n") if text else []


def _marked(lines: list[str], first: str, later: str) -> list[str]:
    return [(first if number == 0 else later) + line for number, line in enumerate(lines)]


def _content(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    held = node.get("content")
    return [child for child in held if isinstance(child, dict)] if isinstance(held, list) else []


def _inline(node: Mapping[str, Any]) -> str:
    held = node.get("attrs")
    attributes: Mapping[str, Any] = held if isinstance(held, dict) else {}
    match node.get("type"):
        case "text":
            return _linked(node)
        case "hardBreak":
            return "\n"
        case "inlineCard" | "blockCard" | "embedCard":
            return str(attributes.get("url") or "")
        case "mention" | "status":
            return str(attributes.get("text") or "")
        case "emoji":
            return str(attributes.get("text") or attributes.get("shortName") or "")
        case "date":
            return _date(attributes.get("timestamp"))
    return "".join(_inline(child) for child in _content(node)) if node.get("type") not in DROPPED else ""


def _linked(node: Mapping[str, Any]) -> str:
    text = str(node.get("text") or "")
    marks = node.get("marks")
    for mark in marks if isinstance(marks, list) else ():
        href = (mark.get("attrs") or {}).get("href") if isinstance(mark, dict) and mark.get("type") == "link" else None
        if href and href != text:
            return f"{text} ({href})"
    return text


def _date(milliseconds: object) -> str:
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""
