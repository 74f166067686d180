"""What the starter practises: finding the first source that fits the question and answering with its text.

Five kinds of exercise, mixed by weight:

* ``grounded``: some sources, one of which answers the question, among similar ones that do not.
* ``matched``: the same with questions of known intent. Sources fit by meaning, not by words; often several do, and the
  first of them is the one to give.
* ``drill``: the same with random words for text. It has no shortcut but copying, which is the skill that lets a small
  model state facts it has never seen.
* ``dialogue``: a service dialogue without sources; the loss is on the agent's turns.
* ``text``: running text; the loss is on every token.

In the first three one source is often another's twin, the same text but for some words: what a help desk's own answers
look like, and what a model that only looks at the last word or two would mix up. Now and then no source fits, and the
right answer is to hand over.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from corpus import Corpus, Pair
from deskhand_guardrails.prompt import HAND_OVER, Source, compose
from wording import Wording

MAX_TOKENS = 512
HAND_OVER_SHARE = 0.07
WEIGHTS = {"grounded": 0.36, "matched": 0.32, "drill": 0.16, "dialogue": 0.09, "text": 0.07}
CHATTER_WORDS = range(3, 10)


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
        self._intents: dict[str, list[str]] = defaultdict(list)
        for intent in corpus.intents:
            self._intents[intent.split(":")[0]].append(intent)
        turns = (message for messages in corpus.dialogues for message in messages)
        said = (message["content"] for message in turns if message["role"] == "user")
        chatter = [text for text in said if len(text.split()) in CHATTER_WORDS]
        self._wording = Wording(sorted(tokenizer.get_vocab()), chatter, self._random)

    def draw(self) -> Exercise:
        """One exercise."""
        [kind] = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        if kind == "grounded":
            return self.grounded(self._pair())
        if kind == "matched":
            return self._matched()
        if kind == "drill":
            return self._drill(short=False)
        if kind == "dialogue":
            return self._dialogue(self._random.choice(self._corpus.dialogues))
        return self._text(self._random.choice(self._corpus.texts))

    def grounded(self, pair: Pair) -> Exercise:
        """A question, sources of which (mostly) one answers it, and the answer."""
        title = self._wording.worn(pair.question)
        if _has_intent(pair) and self._random.random() < 0.5:
            # Another question of the same intent: matched by meaning, not by words.
            title = self._random.choice(self._groups[pair.group]).question
        wrong = [self._distractor(pair) for _ in range(self._random.choice((1, 2, 2, 2, 3)))]
        sources = [Source(other.question, other.answer) for other in wrong]
        if self._random.random() < HAND_OVER_SHARE:
            return self._chat("grounded", pair.question, sources, HAND_OVER)
        if self._random.random() < 0.3:
            sources[-1] = Source(sources[-1].title, self._wording.twin(pair.answer))
        right = [Source(title, pair.answer)]
        if len(sources) > 1 and self._random.random() < 0.3:
            sources.pop()
            right.append(Source(self._wording.worn(pair.question), self._wording.twin(pair.answer)))
        return self._ordered("grounded", pair.question, right, sources)

    def _matched(self) -> Exercise:
        """Questions of known intents over arbitrary answers."""
        [name] = self._random.choices(list(self._intents), [len(held) for held in self._intents.values()])
        wanted, *others = self._random.sample(self._intents[name], 5)
        count = self._random.choice((2, 3, 3, 3, 4))
        fitting = 0 if self._random.random() < HAND_OVER_SHARE else self._random.randint(1, count)
        question, *titles = self._random.sample(self._corpus.intents[wanted], fitting + 1)
        answer = self._pair().answer
        right = [Source(self._title(titles[0]), answer)] if fitting else []
        right += [Source(self._title(title), self._another(answer)) for title in titles[1:]]
        wrong = [
            Source(self._title(self._random.choice(self._corpus.intents[other])), self._another(answer))
            for other in others[: count - fitting]
        ]
        return self._ordered("matched", self._wording.wrapped(question), right, wrong)

    def _drill(self, *, short: bool) -> Exercise:
        count = self._random.choice((1, 2) if short else (2, 3, 4))
        texts: list[str] = []
        for _ in range(count):
            roll = self._random.random()
            if texts and roll < 0.4:
                texts.append(self._wording.twin(texts[-1]))
            elif roll < 0.7:
                texts.append(self._pair().answer)
            else:
                texts.append(self._wording.babble(self._random.randint(6, 16 if short else 40)))
        sources = [Source(self._wording.babble(self._random.randint(3, 12)), text) for text in texts]
        wanted = self._random.choice(sources)
        return self._chat("drill", self._wording.worn(wanted.title), sources, wanted.text)

    def _ordered(self, kind: str, question: str, right: list[Source], wrong: list[Source]) -> Exercise:
        """The exercise with its sources in order: mostly the fitting ones first, as retrieval brings them."""
        sources = [*right, *wrong]
        if self._random.random() < 0.4:
            self._random.shuffle(sources)
        answer = next((source.text for source in sources if source in right), HAND_OVER)
        return self._chat(kind, question, sources, answer)

    def _title(self, question: str) -> str:
        return self._wording.wrapped(self._wording.worn(question))

    def _another(self, answer: str) -> str:
        return self._wording.twin(answer) if self._random.random() < 0.4 else self._pair().answer

    def _dialogue(self, messages: list[dict[str, str]]) -> Exercise:
        ids = [self._token("<|begin|>")]
        counts = [False]
        for message in messages:
            self._add_turn(ids, counts, message["role"], message["content"], counted=message["role"] == "assistant")
        return Exercise("dialogue", ids[:MAX_TOKENS], counts[:MAX_TOKENS])

    def _text(self, text: str) -> Exercise:
        ids = [self._token("<|begin|>"), *self._encode(text)][:MAX_TOKENS]
        return Exercise("text", ids, [False] + [True] * (len(ids) - 1))

    def _chat(self, kind: str, question: str, sources: list[Source], answer: str) -> Exercise:
        ids, counts = [self._token("<|begin|>")], [False]
        for message in compose([{"role": "user", "content": question}], sources):
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
            near = words and self._random.random() < 0.75
            other = self._random.choice(self._by_word[self._random.choice(words)]) if near else self._pair()
            if other.answer != pair.answer and (other.group != pair.group or not _has_intent(other)):
                return other
        return self._pair()

    def _encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def _token(self, text: str) -> int:
        token = self._tokenizer.convert_tokens_to_ids(text)
        assert isinstance(token, int)
        return token


def _has_intent(pair: Pair) -> bool:
    return ":" in pair.group and not pair.group.endswith(":")
