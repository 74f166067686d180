"""Text as a reader sees it, whatever characters it was written with.

Two uses. ``plain`` keeps a map back to the original, for checks that must say where something stands: full-width ``＠``
becomes ``@``, invisible characters go. ``folded`` goes further for checks that only ask what a text says: letters of
other alphabets inside a Latin word, spaced-out letters and text hidden in tag characters are read as their plain form,
and emoji by their names.
Not covered: leetspeak, base64 and other encodings, other languages.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Cyrillic and Greek letters that look like a Latin one (Unicode's confusables, the lower and upper case of each).
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһӏԛԝвкмнтАВЕКМНОРСТУХІЈЅαορντυχικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhlqwbkmhtABEKMHOPCTYXIJSaopvtuxikABEZHIKMNOPTYX",
)
_MIXED_WORD = re.compile(r"\b(?=\w*[A-Za-z])(?=\w*[\u0370-\u03ff\u0400-\u052f])\w+\b")
_ALL_LOOKALIKE = re.compile(r"\b[аеорсухіјѕԁһӏԛԝАВЕКМНОРСТУХІЈЅ]{3,}\b")
_SPACED_LETTERS = re.compile(r"\b(?:\w[ .\-_*]){3,}\w\b")

_TAG_FIRST, _TAG_LAST = 0xE0020, 0xE007E
"""Tag characters mirror ASCII and are drawn as nothing: a way to hide an instruction from the person who pastes it."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A normalised text, and for each of its characters where it came from."""

    text: str
    origins: tuple[int, ...] | None
    """Index into the original for every character, and its length at the end; None when nothing had to change."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]`` stands in the original."""
        if self.origins is None or start >= end:
            return start, end
        return self.origins[start], self.origins[end - 1] + 1


def plain(text: str) -> Plain:
    """``text`` in compatibility form (NFKC, character by character) without invisible characters, with the way back."""
    if text.isascii():
        return Plain(text, None)
    characters: list[str] = []
    origins: list[int] = []
    for index, character in enumerate(text):
        replaced = _visible(character)
        characters.append(replaced)
        origins.extend([index] * len(replaced))
    return Plain("".join(characters), (*origins, len(text)))


def folded(text: str) -> str:
    """What ``text`` says to a reader: compatibility form, one alphabet in each word, hidden text made visible."""
    if not text.isascii():
        text = "".join(_SKIN[char] if char in _SKIN else _spoken(char) for char in text)
    seen = text if text.isascii() else unicodedata.normalize("NFKC", "".join(_revealed(char) for char in text))
    if not seen.isascii():
        seen = "".join(_visible(character) for character in seen)
        seen = _MIXED_WORD.sub(lambda match: match.group().translate(_LOOKALIKES), seen)
        if re.search(r"[A-Za-z]{3}", seen):  # a Latin text: a word of look-alikes only is a disguise, not Russian
            seen = _ALL_LOOKALIKE.sub(lambda match: match.group().translate(_LOOKALIKES), seen)
    return _SPACED_LETTERS.sub(lambda match: re.sub(r"[\W_]", "", match.group()), seen)


def _visible(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.category(character) in ("Cf", "Mn") and not character.isspace():
        return "" if unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f" else character
    return unicodedata.normalize("NFKC", character)


_SKIN = dict(
    zip("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff", (" light", "", "", " dark", " black"), strict=True)
)
"""What the modifiers of skin colour say; their names say only a number."""


def _spoken(character: str) -> str:
    """An emoji by its name, which says what the picture shows: models know words and few pictures."""
    if character.isascii() or unicodedata.category(character) != "So":
        return character
    return f" {unicodedata.name(character, '').lower()} "


def _revealed(character: str) -> str:
    code = ord(character)
    return chr(code - 0xE0000) if _TAG_FIRST <= code <= _TAG_LAST else character
