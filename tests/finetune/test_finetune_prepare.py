"""From export to dataset folder: what must hold whatever the tickets are."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from deskhand_finetune.disk import disk_errors
from deskhand_finetune.prepare import PrepareReport, prepare
from deskhand_finetune.prepare.answers import Example
from deskhand_finetune.prepare.articles import read_articles
from deskhand_finetune.prepare.duplicates import groups
from deskhand_finetune.prepare.fold import duplicates
from deskhand_finetune.prepare.records import records
from deskhand_finetune.prepare.report import REASONS
from deskhand_finetune.prepare.sources import Neighbours
from deskhand_guardrails.encoder import Encoder
from deskhand_guardrails.errors import InputError, UnavailableError
from deskhand_guardrails.prompt import HAND_OVER

T = TypeVar("T")
Lines = Callable[[Path], list[dict[str, Any]]]
Make = Callable[..., dict[str, Any]]
Write = Callable[[Path, list[Any]], Path]
SPLITS = ("train", "validation", "test")


def test_records_have_the_form_and_hold_no_personal_data(dataset: Path, lines_of: Lines) -> None:
    found = [record for name in SPLITS for record in lines_of(dataset / f"{name}.jsonl")]
    assert len(found) == 80
    for record in found:
        assert [message["role"] for message in record["messages"]] == ["system", "user", "assistant"]
        assert set(record) == {
            "messages", "ticket_id", "kind_tags", "language", "answered_at", "query", "source_ids",
            "source_agreement",
        }  # fmt: skip
        assert f"ticket:{record['ticket_id']}" not in record["source_ids"]
        assert len(record["source_ids"]) == 3
        text = json.dumps(record)
        assert not any(word in text for word in ("Maren", "Holt", "Olu", "Adeyemi", "@mail.example", "VIP", "4915"))
        answer = record["messages"][-1]["content"]
        assert not answer.startswith("Hi ")
        assert "regards" not in answer.lower()


def test_the_report_accounts_for_everything(dataset: Path, lines_of: Lines) -> None:
    report = json.loads((dataset / "report.json").read_text())
    assert report["tickets"] == report["kept"] == 80
    assert sum(report["splits"].values()) == 80
    assert report["splits"]["test"] == 8
    assert report["languages"] == {"en": 80}
    assert set(report["leaks"].values()) == {0}
    left_out = Counter(line["reason"] for line in lines_of(dataset / "quarantine.jsonl"))
    assert left_out == report["left_out"]
    assert set(left_out) <= set(REASONS)
    assert left_out["internal_note"] == left_out["system_message"] == 80
    assert "80 tickets were read" in (dataset / "README.md").read_text()


def test_test_tickets_are_newer_and_customers_do_not_cross(dataset: Path, lines_of: Lines) -> None:
    newest = max(record["answered_at"] for record in lines_of(dataset / "train.jsonl"))
    assert all(record["answered_at"] > newest for record in lines_of(dataset / "test.jsonl"))
    trained = {f"ticket:{record['ticket_id']}" for record in lines_of(dataset / "train.jsonl")}
    for name in SPLITS:
        for record in lines_of(dataset / f"{name}.jsonl"):
            assert set(record["source_ids"]) <= trained


def test_workers_do_not_change_the_result(export: Path, tmp_path: Path) -> None:
    one = prepare([export], tmp_path / "one", workers=1)
    two = prepare([export], tmp_path / "two", workers=2)
    assert one.fingerprint == two.fingerprint
    for name in ("train.jsonl", "validation.jsonl", "test.jsonl", "quarantine.jsonl"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_unwanted_tickets_and_bad_lines_are_left_out(
    tmp_path: Path, ticket_of: Make, write: Write, lines_of: Lines
) -> None:
    made = [ticket_of(number) for number in range(1, 21)]
    made[0]["status"] = "open"
    made[1]["status"] = "deleted"
    made[2]["tags"] = ["spam"]
    made[3]["tags"] = ["closed_by_merge"]
    made[4]["satisfaction_rating"] = {"score": "bad"}
    made[5]["comments"] = made[5]["comments"][:2]
    made[6]["comments"] = made[6]["comments"][3:4]
    made[7]["comments"][3]["html_body"] = "<p>Could you tell me the order number, please?</p>"
    made[8]["comments"][3]["html_body"] = "<p>I will look into this for you.</p>"
    path = write(tmp_path / "tickets.json", made)
    path.write_text(path.read_text() + "{broken\n")
    report = prepare([path], tmp_path / "out", workers=1)
    assert report.kept == 11
    expected = (
        "open",
        "deleted",
        "spam",
        "merged",
        "bad_rating",
        "no_answer",
        "no_question",
        "asks_back",
        "promises",
        "unreadable",
    )
    assert {reason: report.left_out[reason] for reason in expected} == dict.fromkeys(expected, 1)
    (bad,) = [line for line in lines_of(tmp_path / "out" / "quarantine.jsonl") if line["reason"] == "unreadable"]
    assert bad["where"] == "tickets.json:21"


class Stopped(Exception):  # noqa: N818 - it stands for no error
    """Stands for Ctrl-C or a kill between two steps."""


def test_a_stopped_run_leaves_no_dataset_and_goes_on(export: Path, tmp_path: Path) -> None:
    seen: list[str] = []

    def stopping(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        seen.append(description)
        if description == "writing validation":
            raise Stopped
        return iter(items)

    def noting(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        seen.append(description)
        return iter(items)

    out = tmp_path / "out"
    with pytest.raises(Stopped):
        prepare([export], out, workers=1, track=stopping)
    assert not out.exists()
    assert seen[0] == "cleaning and redacting"
    seen.clear()
    report = prepare([export], out, workers=1, track=noting)
    assert seen == ["embedding answers", "writing train", "writing validation", "writing test"]
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md", "quarantine.jsonl", "report.html", "report.json", "test.jsonl", "train.jsonl", "training_text.npz",
        "validation.jsonl",
    ]  # fmt: skip
    assert not (tmp_path / "out.partial").exists()
    seen.clear()
    assert prepare([export], out, workers=1, track=noting) == report
    assert seen == []


KILLED = """
import os, signal, sys
from deskhand_finetune.prepare import prepare

def killing(items, description, total=None):
    for number, item in enumerate(items):
        if description == "cleaning and redacting" and number == 70:
            os.kill(os.getpid(), signal.SIGKILL)
        yield item

prepare([sys.argv[1]], sys.argv[2], workers=1, track=killing)
"""


def test_a_killed_run_goes_on_within_the_first_stage(dataset: Path, tmp_path: Path) -> None:
    """Killed at the 71st of 80 tickets, of which 64 are noted; the rest is done again, to the same bytes."""
    export, out, partial = dataset.parent / "tickets.json", tmp_path / "out", tmp_path / "out.partial"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(export), str(out)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert json.loads((partial / "stage.json").read_text())["tickets"] == 64
    with (partial / "conversations.jsonl").open("a") as kept:
        kept.write('{"half a li')
    cleaned: list[object] = []

    def counting(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        for item in items:
            cleaned.extend([item] * (description == "cleaning and redacting"))
            yield item

    assert prepare([export], out, workers=1, track=counting).tickets == 80
    assert len(cleaned) == 16
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in dataset.iterdir())
    for path in dataset.iterdir():
        if path.name != "report.json":  # which says how long it took
            assert (out / path.name).read_bytes() == path.read_bytes(), path.name


ORPHANED = """
import itertools, os, signal
from deskhand_guardrails.processes import map_chunks

results = map_chunks(sorted, itertools.count(), 2)
next(results)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_with_a_killed_parent() -> None:
    """Their standard output is the parent's, so this waits until the last of them is gone."""
    killed = subprocess.run([sys.executable, "-c", ORPHANED], check=False, stdout=subprocess.PIPE, timeout=60)
    assert killed.returncode == -signal.SIGKILL


def test_a_changed_export_is_prepared_anew(export: Path, tmp_path: Path, ticket_of: Make) -> None:
    first = prepare([export], tmp_path / "out", workers=1)
    with export.open("a") as lines:
        lines.write(json.dumps(ticket_of(41)) + "\n")
    second = prepare([export], tmp_path / "out", workers=1)
    assert (first.tickets, second.tickets) == (40, 41)
    assert first.fingerprint != second.fingerprint


def test_what_is_no_dataset_is_not_touched(export: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(InputError, match="exists and is no dataset"):
        prepare([export], tmp_path / "thesis", workers=1)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"
    with pytest.raises(InputError, match="a file"):
        prepare([export], export, workers=1)


def test_nothing_to_learn_from_says_why(tmp_path: Path, ticket_of: Make, write: Write) -> None:
    path = write(tmp_path / "tickets.json", [ticket_of(number, status="open") for number in (1, 2)])
    with pytest.raises(InputError, match=r"the ticket is not solved or closed \(2\)"):
        prepare([path], tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="no export was named"):
        prepare([], tmp_path / "out")


def test_articles_are_sources(tmp_path: Path, ticket_of: Make, write: Write, lines_of: Lines) -> None:
    folder = tmp_path / "help"
    folder.mkdir()
    (folder / "returns.md").write_text(
        "---\ntags: x\n---\n# Returns\n\n## How do I send back the tent?\n\n"
        "How do I send back the tent? It does not fit. "
        "My order is number one.\n\n## Empty\n"
    )
    (source,) = read_articles([folder])
    assert (source.title, source.reference) == ("Returns: How do I send back the tent?", "returns.md")
    # One ticket of a kind, and so no other that the vote could prefer.
    (tmp_path / "export").mkdir()
    export = write(tmp_path / "export" / "tickets.json", [ticket_of(number) for number in range(4, 8)])
    prepare([export], tmp_path / "out", articles=[folder], workers=1)
    held = [record for record in lines_of(tmp_path / "out" / "train.jsonl") if "returns.md" in record["source_ids"]]
    assert held
    assert "[1]" in held[0]["messages"][0]["content"]
    with pytest.raises(InputError, match=r"no \.md file"):
        prepare([export], tmp_path / "out2", articles=[export.parent], workers=1)


def _example(number: int, customer: str = "", answer: str = "") -> Example:
    return Example(
        ticket_id=str(number),
        customer=customer or str(number),
        created_at=f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z",
        answered_at=f"2026-01-02T00:{number // 60:02}:{number % 60:02}Z",
        tags=(),
        language="en",
        conversation=(("user", f"Question number {number} about the thing called {number * 7}"),),
        answer=answer or f"Answer {number}",
    )


def test_folding_finds_templates_not_topics() -> None:
    template = "Hello <PERSON_{0}>, order {0} was sent today and takes five working days to arrive at your door."
    texts = [template.format(number) for number in (1, 2, 3)]
    other = "An order takes five working days, and you can track it with the link in the mail that we sent."
    found = groups([*texts, other])
    assert found[0] == found[1] == found[2] != found[3]
    same = _example(1)
    assert duplicates([same, _example(1), _example(2, answer="Something else")]) == {1}


def test_chance_is_drawn_per_record_from_the_seed() -> None:
    examples = [_example(number) for number in range(400)]
    vectors = Encoder.shipped().encode([example.query for example in examples[:1]]).repeat(400, axis=0)
    neighbours = Neighbours(examples, vectors, vectors, [], vectors[:0])
    made = list(records(examples, vectors, neighbours, seed=1, is_training=True))
    again = list(records(examples[:200], vectors[:200], neighbours, seed=1, is_training=True))
    other = list(records(examples, vectors, neighbours, seed=2, is_training=True))
    assert made[:200] == again
    assert made != other
    handed = [record["messages"][-1]["content"] == HAND_OVER for record in made]
    assert 0.02 < sum(handed) / 400 < 0.09
    held = list(records(examples, vectors, neighbours, seed=1, is_training=False))
    assert not any(record["messages"][-1]["content"] == HAND_OVER for record in held)


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="the disk is full"), disk_errors(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="broken pipe"), disk_errors(tmp_path):
        raise OSError(errno.EPIPE, "broken pipe")


def test_the_report_speaks_to_people(dataset: Path, tmp_path: Path) -> None:
    report = PrepareReport.from_json(json.loads((dataset / "report.json").read_text()), "x")
    assert any("80 tickets read, 80 kept" in line for line in report.lines())
    shutil.copytree(dataset, tmp_path / "copy")
    assert json.loads((tmp_path / "copy" / "report.json").read_text())["fingerprint"] == report.fingerprint
