"""What the starter practises: finding the source that fits the question and answering from it.

Four kinds of exercise, mixed by weight:

* ``grounded``: some sources, one of which answers the question; the answer is that source's text. Now and then none
  does, and the right answer is to hand over.
* ``drill``: the same with random words for text. It has no shortcut but copying, which is the skill that lets a small
  model state facts it has never seen.
* ``dialogue``: a service dialogue without sources; the loss is on the agent's turns.
* ``text``: running text; the loss is on every token.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from corpus import Corpus, Pair
from deskhand_guardrails.prompt import HAND_OVER, Source, compose
from tokenizer import PLACEHOLDERS

MAX_TOKENS = 384


@dataclass(frozen=True, slots=True)
class Exercise:
    """Token ids, and for each token whether predicting it counts."""

    kind: str
    ids: list[int]
    counts: list[bool]


class Exercises:
    """An endless, seeded stream of exercises over a corpus."""

    def __init__(self, corpus: Corpus, tokenizer: PreTrainedTokenizerFast, seed: int) -> None:
        self._corpus = corpus
        self._tokenizer = tokenizer
        self._random = random.Random(seed)
        self._groups: dict[str, list[Pair]] = defaultdict(list)
        self._by_word: dict[str, list[Pair]] = defaultdict(list)
        for pair in corpus.pairs:
            self._groups[pair.group].append(pair)
            for word in set(pair.question.lower().split()):
                if len(word) > 4 and len(self._by_word[word]) < 50:
                    self._by_word[word].append(pair)
        # Every data set gets a say, whatever its size; Bitext's intents, as the nearest to a help desk, count together.
        self._sets: dict[str, list[Pair]] = defaultdict(list)
        for pair in corpus.pairs:
            self._sets[pair.group.split(":")[0]].append(pair)
        self._weights = {name: min(len(pairs), 4000) + 500 for name, pairs in self._sets.items()}
        self._words = [token for token in tokenizer.get_vocab() if token.startswith("Ġ") and len(token) > 2]

    def draw(self, progress: float) -> Exercise:
        """One exercise; ``progress`` (0 to 1) shifts the mixture from drills to text."""
        drill = 0.10 if progress < 0.1 else 0.05
        roll = self._random.random()
        if roll < drill:
            return self._drill(short=False)
        roll = self._random.random()
        if roll < 0.76:
            return self.grounded(self._pair())
        if roll < 0.90:
            return self._dialogue(self._random.choice(self._corpus.dialogues))
        return self._text(self._random.choice(self._corpus.texts))

    def grounded(self, pair: Pair) -> Exercise:
        """A question, sources of which (mostly) one answers it, and the answer."""
        answer = pair.answer
        title, text = self._worn(pair.question), answer
        siblings = self._groups[pair.group]
        if ":" in pair.group and not pair.group.endswith(":") and self._random.random() < 0.5:
            # Another question of the same intent: matched by meaning, not by words.
            title = self._random.choice(siblings).question
        distractors = [self._distractor(pair) for _ in range(self._random.choice((1, 1, 2, 2, 3)))]
        sources = [Source(other.question, other.answer) for other in distractors]
        if self._random.random() < 0.06:
            answer = HAND_OVER
        else:
            place = 0 if self._random.random() < 0.5 else self._random.randint(0, len(sources))
            sources.insert(place, Source(title, text))
        return self._chat("grounded", [{"role": "user", "content": pair.question}], sources, answer)

    def _drill(self, short: bool) -> Exercise:
        count = self._random.choice((1, 2) if short else (2, 3, 4))
        sources = []
        for _ in range(count):
            text = self._babble(self._random.randint(6, 16 if short else 30))
            if self._random.random() < 0.5:
                text = self._random.choice(self._corpus.pairs).answer
            sources.append(Source(self._babble(self._random.randint(3, 8)), text))
        wanted = self._random.choice(sources)
        return self._chat("drill", [{"role": "user", "content": self._worn(wanted.title)}], sources, wanted.text)

    def _dialogue(self, messages: list[dict[str, str]]) -> Exercise:
        ids = [self._token("<|begin|>")]
        counts = [False]
        for message in messages:
            self._add_turn(ids, counts, message["role"], message["content"], counted=message["role"] == "assistant")
        return Exercise("dialogue", ids[:MAX_TOKENS], counts[:MAX_TOKENS])

    def _text(self, text: str) -> Exercise:
        ids = [self._token("<|begin|>"), *self._encode(text)][:MAX_TOKENS]
        return Exercise("text", ids, [False] + [True] * (len(ids) - 1))

    def _chat(self, kind: str, turns: list[dict[str, str]], sources: list[Source], answer: str) -> Exercise:
        ids, counts = [self._token("<|begin|>")], [False]
        for message in compose(turns, sources):
            self._add_turn(ids, counts, message["role"], message["content"], counted=False)
        self._add_turn(ids, counts, "assistant", answer, counted=True)
        if len(ids) > MAX_TOKENS:
            return self._drill(short=True)
        return Exercise(kind, ids, counts)

    def _add_turn(self, ids: list[int], counts: list[bool], role: str, text: str, *, counted: bool) -> None:
        ids.append(self._token(f"<|{role}|>"))
        counts.append(False)
        content = [*self._encode(text.strip()), self._token("<|end|>")]
        ids.extend(content)
        counts.extend([counted] * len(content))

    def _pair(self) -> Pair:
        name = self._random.choices(list(self._weights), list(self._weights.values()))[0]
        return self._random.choice(self._sets[name])

    def _distractor(self, pair: Pair) -> Pair:
        words = [word for word in pair.question.lower().split() if word in self._by_word]
        for _ in range(4):
            near = words and self._random.random() < 0.5
            other = self._random.choice(self._by_word[self._random.choice(words)]) if near else self._pair()
            if other.answer != pair.answer and (other.group != pair.group or other.group.endswith(":")):
                return other
        return self._pair()

    def _worn(self, question: str) -> str:
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

    def _babble(self, count: int) -> str:
        words = [self._random.choice(self._words)[1:] for _ in range(count)]
        if self._random.random() < 0.2:
            words[self._random.randrange(count)] = self._random.choice(PLACEHOLDERS)
        if self._random.random() < 0.3:
            words[self._random.randrange(count)] = str(self._random.randrange(1000))
        return " ".join(words)

    def _encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def _token(self, text: str) -> int:
        token = self._tokenizer.convert_tokens_to_ids(text)
        assert isinstance(token, int)
        return token
