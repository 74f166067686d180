"""Repairs characters: mojibake, spaces and marks that nobody sees, line ends, mails whose encoding nobody undid."""

from __future__ import annotations

import quopri
import re
import unicodedata

# What mail programs put between letters: soft hyphens, zero-width spaces, byte order and direction marks. The joiners
# U+200C and U+200D stay, for they change words (Persian) and pictures (emoji).
UNSEEN = re.compile("[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
LINE_END = re.compile("\r\n?|[\u0085\u2028\u2029]")
# UTF-8 of two bytes or more in quoted-printable; a lone "=20" may be meant as it stands.
QUOTED_PRINTABLE = re.compile(r"=[C-F][0-9A-F](?:=[89AB][0-9A-F])+")
_LAYOUT = re.compile(r"[\n\t]")


def repair(text: str) -> str:
    """``text`` as it was typed: composed letters (NFC), plain spaces, ``\\n`` between lines, no trailing blanks."""
    text = LINE_END.sub("\n", text)
    if QUOTED_PRINTABLE.search(text):
        text = _undone(text)
    if not text.isascii() or "&" in text or not _LAYOUT.sub("", text).isprintable():
        text = _fixed(text)
    text = re.sub(r"[ \t]+(?=\n|$)", "", text)
    return re.sub(r"\n{3,}", "\n\n", text)


def _fixed(text: str) -> str:
    from ftfy import TextFixerConfig, fix_text

    # Curly quotes and full-width letters are how people write; everything else of ftfy's is damage.
    config = TextFixerConfig(uncurl_quotes=False, fix_character_width=False)
    return unicodedata.normalize("NFC", UNSEEN.sub("", SPACE.sub(" ", fix_text(text, config))))


def _undone(text: str) -> str:
    try:
        return quopri.decodestring(text.encode()).decode()
    except UnicodeDecodeError:
        return text
