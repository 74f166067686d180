"""How well and how fast knowledge is searched.

    python benchmarks/retrieval.py recall --articles FOLDER [--postgres URL]
    python benchmarks/retrieval.py speed --articles FOLDER [--passages 100000]

``recall``: a folder of Markdown articles is indexed (the rate is printed) and 147 questions are put to it
(``retrieval_questions.tsv``: ours, written from what an article is about and in other words; the article that answers
each). A question counts when a passage of that article is among the first k. BM25, vectors and both over all passages
stand beside what ``Knowledge.search`` finds.

``speed``: passages cut at random out of the articles, with random unit vectors (encoding 100,000 takes 20 minutes, and
the time of a search does not depend on what vectors say), searched with the same questions on one core. The time is a
processor's, so that a busy machine does not count, for ``Knowledge.search`` with the question's encoding; the
baseline is comparing with every vector.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from deskhand_guardrails.encoder import DIMENSIONS, Encoder
from deskhand_guardrails.ranking import Ranking
from langchain_deskhand.knowledge import Knowledge, Passage
from langchain_deskhand.knowledge.documents import Document
from langchain_deskhand.knowledge.knowledge import IN_MEMORY
from langchain_deskhand.knowledge.shelf import Candidate

QUESTIONS = Path(__file__).with_name("retrieval_questions.tsv")
SEED = 7
WORDS = 100


def questions() -> list[tuple[str, str]]:
    """Each question, and the path of its article."""
    with QUESTIONS.open(encoding="utf-8") as lines:
        return [
            (row["question"], row["article"])
            for row in csv.DictReader(lines, dialect="excel-tab", quoting=csv.QUOTE_NONE)
        ]


def recall(folder: Path, postgres: str | None) -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as temporary:
        started = time.process_time()
        knowledge = Knowledge.build([folder], Path(temporary) / "knowledge.db")
        rate = len(knowledge) / (time.process_time() - started)
        print(f"{len(knowledge)} passages of {knowledge.indexed.new} articles: {rate:.0f} a second and core")
        for fault in knowledge.indexed.left:
            print(f"left out: {fault}")
        started = time.process_time()
        Knowledge.build([folder], Path(temporary) / "knowledge.db").close()
        print(f"again, nothing changed: {time.process_time() - started:.1f} s")
        found = _by_ranking(knowledge)
        found["Knowledge.search"] = _by(lambda text: _references(knowledge, text))
        big = Knowledge.open(Path(temporary) / "knowledge.db", in_memory=0)
        found["as beyond 5,000, SQLite"] = _by(lambda text: _references(big, text))
        big.close()
        if postgres:
            Knowledge.build([folder], postgres).close()
            shared = Knowledge.open(postgres, in_memory=0)
            found["as beyond 5,000, PostgreSQL"] = _by(lambda text: _references(shared, text))
            shared.close()
        knowledge.close()
    print(f"{'':32}recall@1  recall@3  recall@5  of {len(questions())} questions")
    for name, ranks in found.items():
        print(f"{name:32}" + "  ".join(f"{np.mean(ranks < k):8.3f}" for k in (1, 3, 5)))


def _by_ranking(knowledge: Knowledge) -> dict[str, np.ndarray]:
    shelf = knowledge._shelf  # noqa: SLF001 - the benchmark looks inside
    with shelf.reading() as connection:
        rows = connection.execute(shelf.passages.select()).all()
    answers = [row.text for row in rows]
    ranking = Ranking([row.compared for row in rows], np.stack([row.vector for row in rows]), answers)
    encoder = Encoder.shipped()
    names = ("BM25", "vectors", "all")
    ranks: dict[str, list[int]] = {name: [] for name in names}
    for question, article in questions():
        both, similar = ranking.rank(question, encoder.encode([question])[0])
        words = ranking._shared_words(question)  # noqa: SLF001 - the benchmark looks inside
        for name, scores in zip(names, (words, similar, both), strict=True):
            best = np.argsort(-scores, kind="stable")[:5]
            ranks[name].append(_place([rows[at].reference for at in best], article))
    return {name: np.asarray(held) for name, held in ranks.items()}


def _by(search: Callable[[str], Sequence[str]]) -> np.ndarray:
    return np.asarray([_place(search(question), article) for question, article in questions()])


def _references(knowledge: Knowledge, text: str) -> list[str]:
    return [source.reference for source in knowledge.search(text, 5)]


def _place(references: Sequence[str], article: str) -> int:
    """Where a passage of the article comes first; 99 when none does."""
    return next((at for at, reference in enumerate(references) if reference.partition("#")[0] == article), 99)


def speed(folder: Path, passages: int) -> None:
    """Prints times."""
    draw, numbers = random.Random(SEED), np.random.default_rng(SEED)
    words = [word for path in sorted(folder.rglob("*.md")) for word in path.read_text("utf-8", "replace").split()]
    with tempfile.TemporaryDirectory() as temporary:
        knowledge = Knowledge.create(Path(temporary) / "knowledge.db")
        started = time.process_time()
        for at in range(0, passages, 1000):
            vectors = numbers.standard_normal((1000, DIMENSIONS), dtype=np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            held = [Candidate(_passage(words, draw, at + number), vector) for number, vector in enumerate(vectors)]
            knowledge._shelf.replace({Document("", str(at)): (str(at), held)})  # noqa: SLF001 - as indexing writes
        knowledge._shelf.bump()  # noqa: SLF001 - as indexing ends
        print(f"written without encoding: {passages / (time.process_time() - started):.0f} passages a second")
        started = time.process_time()
        knowledge.search("warm")
        print(f"first search, which reads the vectors: {time.process_time() - started:.2f} s")
        asked = [question for question, _ in questions()]
        if passages <= IN_MEMORY:
            print("ranked in memory")
        times = _times(lambda text: knowledge.search(text, 5), asked)
        encoding = _times(lambda text: Encoder.shipped().encode([text]), asked)
        knowledge.close()
    held = numbers.standard_normal((passages, DIMENSIONS), dtype=np.float32)
    every = _times(lambda _: held @ held[0], asked)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for name, measured in (("search", times), ("of it encoding the question", encoding), ("comparing with all", every)):
        middle, high, ratio = *np.percentile(measured, [50, 95]), np.median(measured) / np.median(every)
        print(f"{name:30} p50 {middle:6.1f} ms  p95 {high:6.1f} ms  {ratio:.2f} times the baseline")
    print(f"most memory of the whole run, baseline included: {memory:.0f} MB")


def _passage(words: Sequence[str], draw: random.Random, number: int) -> Passage:
    at = draw.randrange(len(words) - WORDS)
    return Passage(" ".join(words[at : at + 6]), " ".join(words[at + 6 : at + WORDS]), f"{number}.md")


def _times(call: Callable[[str], object], asked: Sequence[str]) -> np.ndarray:
    times = []
    for text in asked:
        started = time.process_time()
        call(text)
        times.append(1000 * (time.process_time() - started))
    return np.asarray(times)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["recall", "speed"])
    parser.add_argument("--articles", type=Path, required=True)
    parser.add_argument("--postgres", help="also a PostgreSQL database, by URL")
    parser.add_argument("--passages", type=int, default=100_000)
    options = parser.parse_args()
    if options.what == "recall":
        recall(options.articles, options.postgres)
    else:
        speed(options.articles, options.passages)
