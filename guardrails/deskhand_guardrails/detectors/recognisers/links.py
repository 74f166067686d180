"""E-mail addresses of any domain or spelled out, and links that lead to one person.

A plain link to a page is no personal data. One with a query, a user or a long token in it can open somebody's account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.detectors.spans import Span, matches

_SPELLED_OUT = re.compile(
    r"\b(?P<value>[\w.+\-]{2,40}\s*(?:\(\s*at\s*\)|\[\s*at\s*\]|\{\s*at\s*\}|\s+at\s+(?=\w+\s*(?:\(|\[|\{|\s)\s*dot\b)|\s+@\s+|\s@|@\s)\s*[\w\-]{2,40}"
    r"(?:\s*(?:\(\s*dot\s*\)|\[\s*dot\s*\]|\{\s*dot\s*\}|\s+dot\s+|\.)\s*[A-Za-z]{2,12}){1,3})\b",
    re.IGNORECASE,
)
# Presidio wants a public domain; help desks also see addresses of intranets and of made-up domains.
_ADDRESS = re.compile(r"(?<![\w.+\-])(?P<value>[\w.+\-]{1,64}@[\w\-]+(?:\.[\w\-]+)*\.[A-Za-z]{2,24})(?![\w@])")
_LINK = re.compile(r"(?P<value>\b(?:https?://|www\.)[^\s<>\"')\]]{3,300})", re.IGNORECASE)
_PERSONAL = re.compile(r"\?.|//[^/]*@|#.{12,}|[/=](?=[A-Za-z_\-]*\d)[A-Za-z0-9_\-]{16,}(?:[/.]|$)")


def find(text: str) -> Iterator[Span]:
    """Spans labelled EMAIL_ADDRESS and URL (links that are personal)."""
    if "at" in text or "@" in text or "AT" in text:
        yield from matches(_SPELLED_OUT, text, "EMAIL_ADDRESS", 0.7)
        yield from matches(_ADDRESS, text, "EMAIL_ADDRESS", 0.7)
    for span in matches(_LINK, text, "URL", 0.6):
        end = span.start + len(text[span.start : span.end].rstrip(".,;:!?"))
        if _PERSONAL.search(text, span.start, end):
            yield span._replace(end=end)
