"""Slack's mrkdwn to plain text: mentions go, links and channels keep what people read, entities become letters."""

from __future__ import annotations

import re

MENTION = re.compile(r"<[@!](?:subteam\^)?[^<>|\n]*(?:\|[^<>\n]*)?>")
CHANNEL = re.compile(r"<#[A-Z0-9]+(?:\|(?P<name>[^<>\n]*))?>")
LINK = re.compile(r"<(?P<to>(?:https?|mailto|tel|slack)[:][^<>|\n]+)(?:\|(?P<label>[^<>\n]+))?>")
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
QUOTED = re.compile(r"^&gt;(?:&gt;&gt;)? ?", re.MULTILINE)


def mrkdwn_to_text(markup: str) -> str:
    """The readable text; bold, italics and code keep their marks, which people type in plain text as well."""
    text = MENTION.sub("", markup)
    text = CHANNEL.sub(lambda found: f"#{found['name']}" if found["name"] else "", text)
    text = LINK.sub(_link, text)
    text = QUOTED.sub("> ", text)
    for entity, letter in ENTITIES:
        text = text.replace(entity, letter)
    return text.strip()


def _link(found: re.Match[str]) -> str:
    to, label = found["to"], found["label"]
    bare = to.removeprefix("mailto:").removeprefix("tel:")
    return f"{label} ({to})" if label and label not in (to, bare) and f"https://{label}" != to else bare
