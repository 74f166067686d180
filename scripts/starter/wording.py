"""Other ways to put a text: worn questions, chatter around them, twins of answers, and babble."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tokenizer import PLACEHOLDERS

# What other languages' words are spelt with; English text alone never practises copying it.
ACCENTED = "äöüßÄÖÜéèáíóúñ¿¡„“€’"


class Wording:
    """Seeded rewordings.

    Args:
        tokens: the tokenizer's vocabulary; babble is put together from it.
        chatter: short sentences that stand around a question and do not matter.
        draw: the source of chance.
    """

    def __init__(self, tokens: Sequence[str], chatter: Sequence[str], draw: random.Random) -> None:
        self._words = [token[1:] for token in tokens if token.startswith("Ġ") and len(token) > 2]
        self._pieces = [token for token in tokens if token.isascii() and token.isalpha()]
        self._chatter = chatter
        self._random = draw

    def worn(self, question: str) -> str:
        """The question as another customer might have put it: words dropped, letters swapped, a placeholder put in."""
        words = question.split()
        drop = self._random.choice((0.0, 0.0, 0.15, 0.3))
        kept = [word for word in words if self._random.random() >= drop] or words
        if self._random.random() < 0.2:
            at = self._random.randrange(len(kept))
            if len(kept[at]) > 3:
                cut = self._random.randrange(1, len(kept[at]) - 1)
                kept[at] = kept[at][: cut - 1] + kept[at][cut] + kept[at][cut - 1] + kept[at][cut + 1 :]
        if self._random.random() < 0.1:
            kept.insert(self._random.randrange(len(kept) + 1), self._random.choice(PLACEHOLDERS))
        return " ".join(kept)

    def wrapped(self, question: str) -> str:
        """The question, now and then with a sentence before or after it that asks nothing."""
        before = [self._random.choice(self._chatter)] if self._random.random() < 0.35 else []
        after = [self._random.choice(self._chatter)] if self._random.random() < 0.35 else []
        return " ".join([*before, question, *after])

    def twin(self, text: str) -> str:
        """Nearly the same text: some words changed, dropped or doubled, or two halves of it exchanged.

        Beside the original it makes copying hard: after each word that both share the model must know in which of the
        two it is.
        """
        words = text.split()
        changed = self._random.choice((0.08, 0.15, 0.3))
        made: list[str] = []
        for word in words:
            roll = self._random.random()
            if roll < changed:
                made.append(self._random.choice((self._random.choice(words), self._random.choice(self._words))))
            elif roll > 0.95:
                made.extend([word, self._random.choice(words)])
            elif roll < 0.95 - changed / 3:
                made.append(word)
        if self._random.random() < 0.4 and len(made) > 6:
            cut = self._random.randrange(3, len(made) - 2)
            made = made[cut:] + made[:cut]
        return " ".join(made) or text

    def babble(self, count: int) -> str:
        """Random words; every third time they are made of random pieces, so that copying does not rest on English."""
        odd = self._random.random() < 0.33
        words = [self._odd() if odd else self._random.choice(self._words) for _ in range(count)]
        if self._random.random() < 0.2:
            words[self._random.randrange(count)] = self._random.choice(PLACEHOLDERS)
        if self._random.random() < 0.3:
            words[self._random.randrange(count)] = str(self._random.randrange(1000))
        return " ".join(words)

    def _odd(self) -> str:
        word = "".join(self._random.choice(self._pieces) for _ in range(self._random.choice((1, 2, 2, 3))))
        if self._random.random() < 0.25:
            at = self._random.randrange(len(word) + 1)
            word = word[:at] + self._random.choice(ACCENTED) + word[at:]
        return word
