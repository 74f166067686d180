"""What a text hides from a reader who does not decode it: base64, hexadecimal, ROT13, reversed and leetspeak passages.

Each decoding is a further text to check. Only what looks like text afterwards counts, so an honest receipt number or
error log adds nothing. Not covered: other ciphers, several layers, pictures.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator

_BASE64 = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/_\-]{16,}={0,2}(?![\w+/=])")
_HEX = re.compile(r"\b(?:[0-9a-fA-F]{2}[ :]?){12,}\b")
_BINARY = re.compile(r"\b(?:[01]{8}\s*){6,}")
_DASHES = re.compile(r"(?:[.\-]{1,5}[ /]+){8,}[.\-]{1,5}")
_LEET = re.compile(r"\b(?=\w*[A-Za-z@$!])(?=[\w@$!]*[013457@$!])[\w@$!]{3,}")
_LEET_LETTERS = str.maketrans("013457@$!", "oieastasi")

# The words that English cannot do without; a text that holds several of them is in plain English.
_PLAIN = re.compile(
    r"\b(?:the|and|you|your|all|to|of|is|are|in|for|this|that|not|no|my|me|what|how|ignore|print|show|tell|say|now|rules?"
    r"|instructions?|system|prompt|previous|reveal|password|order|refund|please)\b",
    re.IGNORECASE,
)
_FEWEST_PLAIN = 2
_MOST = 8
"""Decodings of one text; more than a few hidden passages are checked no better for being counted."""

_MORSE = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."
)
_MORSE_LETTERS = dict(zip(_MORSE.split(), "abcdefghijklmnopqrstuvwxyz0123456789", strict=True))


def decodings(text: str) -> list[str]:
    """The passages of ``text`` that turn out to be text when decoded, and the whole of it unscrambled where it was."""
    found: list[str] = []
    for decoded in _decoded(text):
        if decoded != text and decoded not in found and len(_PLAIN.findall(decoded)) >= _FEWEST_PLAIN:
            found.append(decoded)
            if len(found) == _MOST:
                break
    return found


def _decoded(text: str) -> Iterator[str]:
    for match in _BASE64.finditer(text):
        yield from _base64(match.group())
    for match in _HEX.finditer(text):
        with_text = _printable(bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", match.group())))
        if with_text:
            yield with_text
    for match in _BINARY.finditer(text):
        bits = re.sub(r"\s", "", match.group())
        yield _printable(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)))
    for match in _DASHES.finditer(text):
        words = re.split(r"\s*/\s*|\s{3,}", match.group())
        yield " ".join("".join(_MORSE_LETTERS.get(code, "") for code in word.split()) for word in words)
    plain = len(_PLAIN.findall(text))
    for scrambled in (codecs.decode(text, "rot13"), text[::-1]):
        if len(_PLAIN.findall(scrambled)) > 2 * plain:
            yield scrambled
    unleeted = _LEET.sub(lambda match: match.group().translate(_LEET_LETTERS), text)
    if len(_PLAIN.findall(unleeted)) > plain:
        yield unleeted


def _base64(passage: str) -> Iterator[str]:
    padded = passage.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return
    text = _printable(decoded)
    if text:
        yield text


def _printable(raw: bytes) -> str:
    """``raw`` as text, empty when it is none."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if all(character.isprintable() or character.isspace() for character in text) else ""
