"""Jira's wiki markup to plain text, as far as people meet it in comments."""

from __future__ import annotations

import re

CODE = re.compile(r"\{(?P<kind>code|noformat)(?::[^}\n]*)?\}(?P<text>.*?)\{(?P=kind)\}", re.DOTALL)
QUOTE = re.compile(r"\{quote\}(?P<text>.*?)\{quote\}", re.DOTALL)
MACRO = re.compile(r"\{(?:color|panel|noformat|code|quote|anchor)(?::[^}\n]*)?\}")
IMAGE = re.compile(r"![^!\n|\s][^!\n|]*\.[A-Za-z0-9]{2,5}(?:\|[^!\n]*)?!")
MENTION = re.compile(r"\[~(?:accountid:)?[^\]\n]+\]")
LINK = re.compile(r"\[(?P<label>[^\]|\n]+)\|(?P<to>[^\]|\n]+)(?:\|[^\]\n]*)?\]")
BARE_LINK = re.compile(r"\[(?P<to>(?:https?|mailto):[^\]|\n]+)\]")
HEADING = re.compile(r"^h[1-6]\.\s+", re.MULTILINE)
BULLET = re.compile(r"^(?P<marks>[*#-]+)\s+", re.MULTILINE)
EMPHASIS = re.compile(r"(?<![\w*_+])(?P<mark>[*_+])(?P<text>\S(?:[^\n]*?\S)?)(?P=mark)(?![\w*_+])")
MONOSPACED = re.compile(r"\{\{(?P<text>[^}\n]+)\}\}")
ESCAPED = re.compile(r"\\([\\{}\[\]*_+!-])")


def wiki_to_text(markup: str) -> str:
    """The readable text: code as it is, quotes with ``>``, links as ``label (address)``, no images and mentions."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found["text"].strip("\n"))
        return f"\x00{len(kept) - 1}\x00"

    text = CODE.sub(keep, markup.replace("\r\n", "\n").replace("\x00", ""))
    text = QUOTE.sub(lambda found: "\n".join(f"> {line}" for line in found["text"].strip().split("\n")), text)
    text = MACRO.sub("", text)
    text = IMAGE.sub("", text)
    text = MENTION.sub("", text)
    text = LINK.sub(lambda found: f"{found['label']} ({found['to']})", text)
    text = BARE_LINK.sub(lambda found: found["to"], text)
    text = HEADING.sub("", text)
    text = BULLET.sub(lambda found: "  " * (len(found["marks"]) - 1) + "- ", text)
    text = MONOSPACED.sub(lambda found: found["text"], text)
    text = EMPHASIS.sub(lambda found: found["text"], text)
    text = ESCAPED.sub(lambda found: found[1], text)
    return re.sub("\x00(\\d+)\x00", lambda found: kept[int(found[1])], text).strip()
