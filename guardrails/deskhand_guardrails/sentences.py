"""Where sentences end, by the text alone: what is released, and what is read apart, must be cut in the same places."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A sentence is over when the next one begins: punctuation, white space, and a character after it. "St. James", "No. 5",
# "e.g. this" go on; so does a placeholder or link, which hold no white space after a full stop.
END = re.compile(
    r"(?:(?<!\b[A-Za-z])(?<!\b(?:St|Mr|Dr|No|Nr|vs|Co|Rd|al))(?<!\b(?:Mrs|Ave|Apt|Ste|Inc|Ltd|etc|str|Str|Tel|tel))[.!?…]+[\"'”’)\]]*|\n)\s+(?=\S)"
)


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The places of the sentences of ``text``, one after the other, with the white space behind each."""
    start = 0
    for match in END.finditer(text):
        yield start, match.end()
        start = match.end()
    yield start, len(text)
