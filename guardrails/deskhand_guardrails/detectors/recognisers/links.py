# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""E-mail addresses of any domain or spelled out, and links that lead to one person.

A plain link to a page is no personal data. One with a query, a user or a long token in it can open somebody's account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span, matches

# In brackets "at" and "dot" stand for themselves; as plain words only before a usual domain ("at this point in time").
_BRACKETED_AT = r"\s*(?:\(\s*(?:at|@|a)\s*\)|\[\s*(?:at|@)\s*\]|\{\s*(?:at|@)\s*\}|<\s*at\s*>|_at_|\s-at-\s)\s*"
_BRACKETED_DOT = r"\s*(?:\(\s*(?:dot|\.)\s*\)|\[\s*(?:dot|\.)\s*\]|\{\s*(?:dot|\.)\s*\}|<\s*dot\s*>|_dot_)\s*"
_DOT = rf"(?:{_BRACKETED_DOT}|\s+(?:dot|punkt|punto|point)\s+|\.)"
_USUAL = r"(?:com|net|org|edu|gov|info|biz|io|co|me|app|dev|shop|online|eu|uk|us|ca|au|nz|ie|in|de|at|ch|es|fr|it|nl|be|pl|pt|br|mx|se|dk|no|fi|jp|cn|example|test|invalid)"
_SPELLED_OUT = re.compile(
    rf"(?<![\w.+\-])(?P<value>[\w.+\-]{{1,40}}(?:{_DOT}[\w+\-]{{1,30}}){{0,3}}"
    rf"(?:{_BRACKETED_AT}[\w\-]{{2,40}}(?:{_DOT}[A-Za-z]{{2,12}}){{1,3}}|(?:\s+(?:at|arroba|chiocciola|arobase)\s+|\s+@\s*|@\s+)[\w\-]{{2,40}}(?:{_DOT}[A-Za-z]{{2,12}}){{0,2}}?(?:{_DOT}|\s\.\s){_USUAL}))(?!\w|\.\w)",
    re.IGNORECASE,
)
# What a spelled-out address holds in any case: most texts have an "at" and no address.
_HINT = re.compile(
    r"\s@|@\s|[(\[{<_\-]\s*at?\s*[)\]}>_\-]|\bat\s+[\w\-]+\W{1,3}(?:dot|punkt|punto|point)\b", re.IGNORECASE
)
# Presidio wants a public domain; help desks also see addresses of intranets and of made-up domains.
_ADDRESS = re.compile(
    r"(?<![\w.+\-'])(?P<value>(?:\"[^\"\s]{1,64}\"|[\w.!#$%&'*+=?^{|}~\-]{1,64})@(?:[\w\-]+(?:\.[\w\-]+)*\.[A-Za-z]{2,24}|\[?\d{1,3}(?:\.\d{1,3}){3}\]?|xn--[\w\-.]+))(?![\w@])"
)
_LINK = re.compile(r"(?P<value>\b(?:https?://|www\.)[^\s<>\"')\]]{3,300})", re.IGNORECASE)
_PERSONAL = re.compile(r"\?.|//[^/]*@|#.{12,}|[/=](?=[A-Za-z_\-]*\d)[A-Za-z0-9_\-]{16,}(?:[/.]|$)")


def find(text: str) -> Iterator[Span]:
    """Spans labelled EMAIL_ADDRESS and URL (links that are personal)."""
    if "@" in text:
        yield from matches(_ADDRESS, text, "EMAIL_ADDRESS", 0.9)
    if _HINT.search(text):
        yield from matches(_SPELLED_OUT, text, "EMAIL_ADDRESS", 0.7)
    for span in matches(_LINK, text, "URL", 0.7):
        end = span.start + len(text[span.start : span.end].rstrip(".,;:!?"))
        if _PERSONAL.search(text, span.start, end):
            yield span._replace(end=end)
