"""What retrieval would bring for each question: the nearest training tickets and articles, never the ticket itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from deskhand_finetune.prepare.answers import Example
from deskhand_guardrails.encoder import Encoder, Vectors
from deskhand_guardrails.prompt import Source, distinct
from deskhand_guardrails.pseudonyms import anonymous
from deskhand_guardrails.ranking import SHUT_OUT, Meant, Ranking, best

SOURCES = 3
MOST_EXAMPLES = 20_000
"""The newest training examples are sources, so many of them: what they cost a question grows with their number."""
LONGEST_TITLE = 200


def passage(example: Example, score: float = 0.0) -> Source:
    """A resolved ticket as a source: the question is its title, the answer its text.

    Its placeholders lose their number: another customer's order must not look like the one of this conversation.
    """
    title = anonymous(" ".join(example.query.split()))[:LONGEST_TITLE]
    return Source(title, example.answer, f"ticket:{example.ticket_id}", score)


class Neighbours:
    """Finds sources among training examples and articles."""

    def __init__(
        self,
        examples: Sequence[Example],
        vectors: Vectors,
        answer_vectors: Vectors,
        articles: Sequence[Source],
        article_vectors: Vectors,
    ) -> None:
        self.examples = examples
        self.articles = articles
        texts = [example.query for example in examples] + [f"{article.title}\n{article.text}" for article in articles]
        answers = [example.answer for example in examples] + [article.text for article in articles]
        self._ranking = Ranking(texts, np.vstack([vectors, article_vectors]) if len(articles) else vectors, answers)
        # By ticket and time for examples, by reference for sources: of a ticket's answers the last one is its source.
        self._answers = {
            (example.ticket_id, example.answered_at): vector
            for example, vector in zip(examples, answer_vectors, strict=True)
        }
        self._said = {
            f"ticket:{example.ticket_id}": vector for example, vector in zip(examples, answer_vectors, strict=True)
        } | {article.reference: vector for article, vector in zip(articles, article_vectors, strict=True)}
        names_values = [anonymous(example.answer) != example.answer for example in examples]
        self._names_values = np.array(names_values + [False] * len(articles), dtype=bool)
        self._of_ticket = _places(example.ticket_id for example in examples)
        self._of_customer = _places(example.customer for example in examples)

    def compare(self, vectors: Vectors) -> list[Meant]:
        """What ``near`` and ``far`` go by, for many questions at once by their vectors (questions, dimensions)."""
        return self._ranking.compare(vectors)

    def near(self, example: Example, meant: Meant) -> list[Source]:
        """The ``SOURCES`` best passages of a question, best first, fewer where some have the same text.

        An article gives its best section.
        """
        ranks = self._ranking.scores(example.query, meant, shut_out=self._shut_out(example))
        return self._best(meant.cosines, best(ranks, SOURCES * 8), SOURCES)

    def far(self, example: Example, meant: Meant, count: int, seed: np.random.Generator) -> list[Source]:
        """At most ``count`` passages that do not hold the answer: drawn from the less similar half of all."""
        row = meant.cosines.copy()
        row[self._shut_out(example)] = SHUT_OUT
        order = np.argsort(-row, kind="stable")
        allowed = order[len(order) // 2 :]
        allowed = allowed[row[allowed] > SHUT_OUT]
        drawn = seed.choice(allowed, size=min(count, len(allowed)), replace=False) if len(allowed) else allowed
        return self._best(row, np.asarray(sorted(drawn, key=lambda place: -row[place]), dtype=int), count)

    def agreement(self, example: Example, sources: Sequence[Source]) -> list[float]:
        """For each source the cosine between what it says and what the agent said."""
        own = self._answers.get((example.ticket_id, example.answered_at))
        if own is None:  # one of the many that are no sources themselves
            own = Encoder.shipped().encode([example.answer])[0]
        return [round(float(self._said[source.reference] @ own), 4) for source in sources]

    def _shut_out(self, example: Example) -> npt.NDArray[np.bool_]:
        """The passages that are no sources for this question: its own ticket, its customer's others, others' values."""
        # An answer that names its own customer's order or address is no source for another customer.
        shut_out = self._names_values.copy()
        shut_out[self._of_ticket.get(example.ticket_id, [])] = True
        if example.customer:
            shut_out[self._of_customer.get(example.customer, [])] = True
        return shut_out

    def _best(self, similarities: Vectors, order: np.ndarray, count: int) -> list[Source]:
        found: list[Source] = []
        held: set[str] = set()
        for place in order:
            if len(held) == count:
                break
            source = self._source(int(place), float(similarities[place]))
            if source.reference not in held:
                held.add(source.reference)
                found.append(source)
        return distinct(found)

    def _source(self, place: int, score: float) -> Source:
        if place < len(self.examples):
            return passage(self.examples[place], round(score, 4))
        article = self.articles[place - len(self.examples)]
        return Source(article.title, article.text, article.reference, round(score, 4))


def _places(names: Iterable[str]) -> dict[str, list[int]]:
    """Where each name stands."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        places[name].append(place)
    return dict(places)
