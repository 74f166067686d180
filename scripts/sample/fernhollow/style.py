"""How people type: in a hurry, without capitals, or with all of them.

Words that hold a digit, an @, a slash or the marker of a planted value are never touched, so what
the answer key calls an order number is still one in the text.
"""

import re
from collections.abc import Callable
from random import Random

MARK = "\0"
_SAFE = re.compile(r"[\d@/\0]")
_SHORT = {"please": "pls", "you": "u", "your": "ur", "because": "cause", "and": "&", "are": "r", "really": "rly"}
_SENTENCE_START = re.compile(r"(^|[.!?]\s+|\n)([a-zäöüáéíóúñ])")


def words(text: str, change: Callable[[str], str]) -> str:
    """Apply `change` to every word that may be changed."""
    return "".join(piece if _SAFE.search(piece) else change(piece) for piece in re.split(r"(\s+)", text))


def sentence_case(text: str) -> str:
    """A capital letter at the start of every sentence."""
    return _SENTENCE_START.sub(lambda found: found.group(1) + found.group(2).upper(), text)


def shout(text: str) -> str:
    """Capitals only."""
    return words(text, str.upper)


def casual(rng: Random, text: str) -> str:
    """Small letters, missing apostrophes, chat shorthand and a few slips."""
    if rng.random() < 0.6:
        text = words(text, str.lower)
    if rng.random() < 0.6:
        text = words(text, lambda word: word.replace("'", ""))
    if rng.random() < 0.4:
        text = words(text, lambda word: _SHORT.get(word, word))
    if rng.random() < 0.3:
        text = text.replace(". ", rng.choice((", ", " ... ", " "))).rstrip(".")
    return slips(rng, text, rng.choice((1, 2, 2, 3, 5)))


def slips(rng: Random, text: str, count: int) -> str:
    """Misspell up to `count` words: two letters swapped, one lost, one doubled, one next to it."""
    pieces = re.split(r"(\s+)", text)
    places = [place for place, piece in enumerate(pieces) if len(piece) > 3 and piece.isalpha()]
    for place in rng.sample(places, min(count, len(places))):
        word = pieces[place]
        at = rng.randrange(1, len(word) - 1)
        pieces[place] = rng.choice(
            (
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[:at] + rng.choice("aeionrst") + word[at + 1 :],
            )
        )
    return "".join(pieces)
