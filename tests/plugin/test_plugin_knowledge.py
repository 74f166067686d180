"""Knowledge: reading, building, searching, and the errors of each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from deskhand_guardrails.errors import ConfigError, InputError, UnavailableError
from langchain_deskhand.knowledge import Knowledge, KnowledgeRetriever, Passage
from langchain_deskhand.knowledge.articles import MOST_WORDS, read_article
from langchain_deskhand.knowledge.matrix import Vectors
from langchain_deskhand.knowledge.tickets import read_dataset

T = TypeVar("T")

ARTICLE = """---
title: "Returns and refunds"
author: nobody
---

Send things back within 30 days. <!-- internal: ask Ann -->

## When you get your money

We refund **within five days** of the [return](https://example.com/returns) reaching us.

```
# not a heading: just a comment in a listing
```

## See also

### Exchanges

An exchange takes as long as a new order does.
"""


def test_an_article_becomes_a_passage_per_section(tmp_path: Path) -> None:
    path = tmp_path / "refunds.md"
    path.write_text(ARTICLE)
    assert list(read_article(path)) == [
        Passage("Returns and refunds", "Send things back within 30 days.", "refunds.md"),
        Passage(
            "Returns and refunds › When you get your money",
            "We refund within five days of the return reaching us. # not a heading: just a comment in a listing",
            "refunds.md#when-you-get-your-money",
        ),
        Passage(
            "Returns and refunds › Exchanges",
            "An exchange takes as long as a new order does.",
            "refunds.md#exchanges",
        ),
    ]


def test_long_sections_are_cut_and_nothing_is_lost(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(1000)]
    sentences = " ".join(word + ("." if number % 20 == 0 else "") for number, word in enumerate(words))
    path = tmp_path / "long.md"
    path.write_text(f"# Long\n\n{sentences[:3000]}\n\n{sentences[3000:]}\n")
    passages = list(read_article(path))
    assert all(len(passage.text.split()) <= MOST_WORDS for passage in passages)
    assert " ".join(passage.text for passage in passages).replace(" ", "") == sentences.replace(" ", "")


def record(ticket: str, query: str, answer: str, at: str = "2026-01-01") -> dict[str, Any]:
    messages = [{"role": "user", "content": query}, {"role": "assistant", "content": answer}]
    return {"ticket_id": ticket, "query": query, "messages": messages, "answered_at": at}


def dataset(folder: Path, records: Iterable[dict[str, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    return folder


def test_a_dataset_becomes_a_passage_per_distinct_ticket(tmp_path: Path) -> None:
    macro = "Please restart the router and wait for two minutes."
    folder = dataset(
        tmp_path / "data",
        [
            record("1", "Order 17 is late, I am <PERSON_1>", "Order 17 leaves today, <PERSON_1>.", "2026-01-01"),
            record("2", "order 23 is LATE, I am <PERSON_2>!", "It will leave the house tomorrow.", "2026-02-01"),
            record("3", "Thanks", "You're welcome!"),
            *(record(f"4{n}", f"Router broken: {word}", macro, f"2026-03-0{n}") for n, word in
              enumerate(["red light", "no light", "noise", "smell", "heat"], start=1)),
        ],
    )  # fmt: skip
    passages = [each for each in read_dataset(folder) if isinstance(each, Passage)]
    assert [passage.reference for passage in passages] == ["ticket:45", "ticket:44", "ticket:43", "ticket:2"]
    assert passages[-1] == Passage("order 23 is LATE, I am [PERSON]!", "It will leave the house tomorrow.", "ticket:2")


def test_search_finds_by_meaning(knowledge: Knowledge) -> None:
    table = [
        ("I forgot my password and cannot log in", "ticket:1", 0.5),
        ("my package has not arrived yet", "ticket:2", 0.5),
        ("how long until I am refunded?", "refunds.md#when", 0.5),
        ("I need an invoice as a pdf", "billing.md", 0.5),
        ("Who won the chess championship in 1972?", None, 0.0),
    ]
    for question, reference, least in table:
        best, *others = knowledge.search(question, k=3)
        assert len(others) == 2
        if reference is None:
            assert max(source.score for source in (best, *others)) < 0.35
        else:
            assert (best.reference, best.score > least) == (reference, True), question


def test_search_of_nothing_finds_nothing(knowledge: Knowledge, tmp_path: Path) -> None:
    assert knowledge.search("   ") == []
    assert knowledge.search("parcel", k=0) == []
    assert Knowledge.create(tmp_path / "empty.db").search("parcel") == []


def test_what_was_added_is_there_after_opening_again(knowledge: Knowledge) -> None:
    before = len(knowledge)
    new = Passage("Opening hours", "We are open from nine to five on weekdays.", "hours.md")
    assert knowledge.add([new, new]) == 1
    assert knowledge.add([new]) == 0
    again = Knowledge.open(knowledge.where)
    assert len(again) == len(knowledge) == before + 1
    assert again.search("when are you open?", k=1)[0].reference == "hours.md"


class Counting:
    """The shipped encoder, counting the texts it is given."""

    def __init__(self) -> None:
        from deskhand_guardrails.encoder import Encoder

        self.encoder = Encoder.shipped()
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return self.encoder.encode(texts)


def test_rebuilding_encodes_only_what_is_new_and_drops_what_is_gone(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    (articles / "deep").mkdir(parents=True)
    (articles / "one.md").write_text("# One\n\nParcels take three to five days.\n")
    (articles / "deep" / "two.md").write_text("# Two\n\nRefunds take a week or so.\n")
    data = dataset(tmp_path / "data", [record("9", "Where is my invoice?", "It is in your account, under Billing.")])
    out = tmp_path / "knowledge.db"
    shown: list[int] = []

    def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        shown.append(total or 0)
        return iter(items)

    built = Knowledge.build([articles, data], out, track)
    assert len(built) == 3
    assert built.search("refund", k=1)[0].reference == "deep/two.md"
    (articles / "one.md").unlink()
    (articles / "three.md").write_text("# Three\n\nWe answer on weekdays only.\n")
    counting = Counting()
    rebuilt = Knowledge.build([articles, data], out, track, encoder=counting)
    assert {source.reference for source in rebuilt.search("x", k=9)} == {"three.md", "deep/two.md", "ticket:9"}
    assert [text for text in counting.texts if "weekdays" in text] == ["Three\nWe answer on weekdays only."]
    assert not any("Refunds" in text or "Parcels" in text for text in counting.texts)
    assert shown == [3, 1]
    done = rebuilt.indexed
    assert (done.new, done.changed, done.unchanged, done.removed, done.left) == (1, 0, 2, 1, ())
    found = built.search("How long do parcels take?", k=9)
    assert "one.md" not in {source.reference for source in found}, "what is gone is gone for who had it open, too"


class Other:
    """An encoder of another kind."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 8), dtype=np.float32)


def test_errors_name_the_file_and_the_next_step(tmp_path: Path, knowledge: Knowledge) -> None:
    text, empty, later = tmp_path / "notes.md", tmp_path / "empty", tmp_path / "later.db"
    text.write_text("This is no database, although it is long enough to be taken for the header of one." * 3)
    empty.mkdir()
    Knowledge.create(later)
    foreign = tmp_path / "foreign.db"
    for path, pragma in ((later, "user_version = 99"), (foreign, "user_version = 1")):
        database = sqlite3.connect(path)
        database.execute(f"PRAGMA {pragma}")
        database.execute("CREATE TABLE IF NOT EXISTS something (x)")
        database.close()
    latin = tmp_path / "latin.md"
    latin.write_bytes("# Gr\xfc\xdfe".encode("latin-1"))
    broken = dataset(tmp_path / "broken", [{"ticket_id": "2"}])
    out = tmp_path / "out.db"
    table: list[tuple[Any, type[Exception], str]] = [
        (lambda: Knowledge.open(tmp_path / "none.db"), UnavailableError, "none.db: no such file; .*deskhand index"),
        (
            lambda: Knowledge.open("mysql://ann:secret@host/x"),
            ConfigError,
            "^knowledge: mysql is not supported; give a file",
        ),
        (lambda: Knowledge.open(text), InputError, "notes.md: not a knowledge file"),
        (lambda: Knowledge.open(foreign), InputError, "foreign.db: not a knowledge file"),
        (lambda: Knowledge.open(later), InputError, "later.db: version 99"),
        (lambda: Knowledge.open(knowledge.where, encoder=Other()), InputError, "built by another encoder"),
        (lambda: Knowledge.create(knowledge.where), InputError, "exists already"),
        (lambda: Knowledge.build([empty], out), InputError, "empty: nothing to read"),
        (lambda: Knowledge.build([tmp_path / "gone"], out), InputError, "gone: no such file"),
        (
            lambda: Knowledge.build([Path(knowledge.where)], out),
            InputError,
            "knowledge.db: nothing to read; give .csv,",
        ),
        (lambda: knowledge.remove(["ticket:1", "gone.md"]), InputError, "nothing named gone.md; nothing was removed"),
        (lambda: Knowledge.build([latin], out), InputError, r"latin.md: not UTF-8 text \(byte 4\)"),
        (lambda: Knowledge.build([broken], out), InputError, r"train.jsonl, line 1: no record"),
    ]
    for call, kind, words in table:
        with pytest.raises(kind, match=words):
            call()
    assert not out.exists()
    assert len(knowledge) == 4


class TestKnowledgeRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _file(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return KnowledgeRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"knowledge": self.knowledge, "k": 3}

    @property
    def retriever_query_example(self) -> str:
        return "Where is my parcel?"


def test_the_retriever_leaves_out_what_is_not_similar(knowledge: Knowledge) -> None:
    found = KnowledgeRetriever(knowledge=knowledge, minimum=0.5).invoke("Where is my parcel?")
    assert [document.metadata["reference"] for document in found] == ["ticket:2"]
    assert found[0].metadata["title"] == "Where is my parcel?"
    assert 0.99 < found[0].metadata["score"] <= 1
