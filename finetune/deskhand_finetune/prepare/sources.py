"""What retrieval would bring for each question: the nearest training tickets and articles, never the ticket itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deskhand_finetune.prepare.answers import Example
from deskhand_guardrails.encoder import Vectors
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.pseudonyms import anonymous
from deskhand_guardrails.ranking import DECIMALS, Ranking

SOURCES = 3
LONGEST_TITLE = 200
SHUT_OUT = -2.0
"""Below every rank score and cosine."""


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
        self._all = np.vstack([vectors, article_vectors]) if len(articles) else vectors
        texts = [example.query for example in examples] + [f"{article.title}\n{article.text}" for article in articles]
        self._ranking = Ranking(texts, self._all)
        # By ticket and time for examples, by reference for sources: of a ticket's answers the last one is its source.
        self._answers = {
            (example.ticket_id, example.answered_at): vector
            for example, vector in zip(examples, answer_vectors, strict=True)
        }
        self._said = {
            f"ticket:{example.ticket_id}": vector for example, vector in zip(examples, answer_vectors, strict=True)
        } | {article.reference: vector for article, vector in zip(articles, article_vectors, strict=True)}
        self._names_values = np.array([anonymous(example.answer) != example.answer for example in examples], dtype=bool)
        self._tickets = np.array([example.ticket_id for example in examples], dtype=object)
        self._customers = np.array([example.customer for example in examples], dtype=object)

    def near(self, asked: Sequence[Example], vectors: Vectors) -> list[list[Source]]:
        """The ``SOURCES`` most similar passages of each question, best first; an article gives its best section."""
        found: list[list[Source]] = []
        for example, vector in zip(asked, vectors, strict=True):
            ranks, similarities = self._ranking.rank(example.query, vector)
            self._shut_out(ranks, example)
            found.append(self._best(ranks, similarities, np.argsort(-ranks, kind="stable")[: SOURCES * 8]))
        return found

    def far(self, example: Example, vector: Vectors, seed: np.random.Generator) -> list[Source]:
        """Passages that do not hold the answer: drawn from the less similar half of all."""
        row = np.round(vector @ self._all.T, DECIMALS)
        self._shut_out(row, example)
        order = np.argsort(-row, kind="stable")
        allowed = order[len(order) // 2 :]
        allowed = allowed[row[allowed] > SHUT_OUT]
        drawn = seed.choice(allowed, size=min(SOURCES, len(allowed)), replace=False) if len(allowed) else allowed
        return self._best(row, row, np.asarray(sorted(drawn, key=lambda place: -row[place]), dtype=int))

    def agreement(self, example: Example, sources: Sequence[Source]) -> list[float]:
        """For each source the cosine between what it says and what the agent said."""
        own = self._answers[example.ticket_id, example.answered_at]
        return [round(float(self._said[source.reference] @ own), 4) for source in sources]

    def _shut_out(self, row: Vectors, example: Example) -> None:
        # An answer that names its own customer's order or address is no source for another customer.
        own = (self._tickets == example.ticket_id) | self._names_values
        if example.customer:
            own |= self._customers == example.customer
        row[: len(own)][own] = SHUT_OUT

    def _best(self, ranks: Vectors, similarities: Vectors, order: np.ndarray) -> list[Source]:
        best: list[Source] = []
        held: set[str] = set()
        for place in order:
            if ranks[place] <= SHUT_OUT or len(best) == SOURCES:
                break
            source = self._source(int(place), float(similarities[place]))
            if source.reference not in held:
                held.add(source.reference)
                best.append(source)
        return best

    def _source(self, place: int, score: float) -> Source:
        if place < len(self.examples):
            return passage(self.examples[place], round(score, 4))
        article = self.articles[place - len(self.examples)]
        return Source(article.title, article.text, article.reference, round(score, 4))
