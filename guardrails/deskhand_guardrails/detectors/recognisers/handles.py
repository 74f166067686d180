# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Names that people have on line: "username: anna_k84", "my Instagram is @annak".

Not covered: a user name that is a plain word and that no colon, equals sign or quotation mark sets apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span, words

_INTRODUCED = re.compile(
    r"""
    (?<![\w@\-])(?:user[ ]?names?|user[ ]?id|screen[ ]?name|nick(?:name)?|login(?:[ ](?:name|id))?|log-in|handle|gamertag|psn(?:[ ]id)?|steam[ ]id|apple[ ]id|skype(?:[ ](?:name|id))?|discord|telegram|instagram|insta|twitter|tiktok|snapchat|facebook|linkedin|benutzername|nutzername|benutzerkennung|anmeldename|usuario|nombre[ ]de[ ]usuario|utilisateur|nom[ ]d['’]utilisateur|identifiant|nome[ ]utente|gebruikersnaam)
    (?:[ ](?:account|name|id|handle))?
    (?P<link>[ \t]{0,3}(?:[:=]|(?:(?<![\w])(?:is|was|are|ist|lautet|es|est|è)\b[ \t]*:?)|(?=@))[ \t]*)
    (?P<quote>["'`“«‘]?)(?P<value>@?[A-Za-z0-9][\w.\-#]{2,40}(?<![.\-]))(?!@)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_AT = re.compile(r"(?<![\w@/.<&\\`])@(?P<name>[A-Za-z][\w.]{2,30}(?<!\.))(?![@\w/(`\-]|\.\w)")
_CALLED = words(
    """
    support team here channel everyone all admin help helpdesk staff moderator moderators group gmail yahoo hotmail
    outlook aol icloud company work home user
    """
)
_PLAIN = words(
    """
    not the and but for wrong incorrect invalid correct right taken unknown available already still being required
    same different missing blank empty changed locked blocked disabled working password email unavailable down case
    """
)


def find(text: str) -> Iterator[Span]:
    """Spans labelled USERNAME."""
    for match in _INTRODUCED.finditer(text):
        value = match["value"]
        is_certain = match["quote"] or "@" in value or ":" in match["link"] or "=" in match["link"]
        if value.lower() not in _PLAIN and (is_certain or re.search(r"[\d_.#]", value)):
            yield Span(match.start("value"), match.end("value"), "USERNAME", 0.7)
    for match in _AT.finditer(text):
        if match["name"].lower() not in _CALLED:
            yield Span(match.start(), match.end(), "USERNAME", 0.6)
