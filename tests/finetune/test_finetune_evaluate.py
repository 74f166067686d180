"""Evaluation: a model that copies, one that cannot, and the key that tells them apart."""

from __future__ import annotations

import gzip
import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import deskhand_finetune
from deskhand_finetune import evaluate, train
from deskhand_finetune.evaluate.generate import answers
from deskhand_finetune.evaluate.key import AnswerKey
from deskhand_finetune.models import load
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.progress import quiet

Lines = Callable[[Path], list[dict[str, Any]]]

KINDS = {
    "return": {
        "title": "Return an item",
        "references": ["Open the Returns Centre in your account, pick the item and print the label within 30 days."],
        "facts": [["30 days", "thirty days"], ["returns centre"]],
    },
    "parcel": {
        "title": "Where is my parcel",
        "references": ["Parcels take 5 working days. Follow the link in the shipping email to see where yours is."],
        "facts": [["5 working days"]],
    },
    "password": {
        "title": "Password",
        "references": ["Use the link Forgot password on the sign-in page, the mail is valid for 1 hour."],
        "facts": [["1 hour", "one hour"]],
    },
    "invoice": {
        "title": "Invoice",
        "references": ["The invoice is under My orders as a PDF, written on the day of dispatch."],
        "facts": [["My orders"]],
    },
}


@pytest.fixture
def key(dataset: Path, tmp_path: Path, lines_of: Lines) -> Path:
    """The answer key to every second test record."""
    tickets = {
        record["ticket_id"]: {"kind": record["kind_tags"][0], "language": "en", "answered_at": record["answered_at"]}
        for record in lines_of(dataset / "test.jsonl")[::2]
    }
    path = tmp_path / "key.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"kinds": KINDS, "tickets": tickets}).encode()))
    return path


def test_the_key_wants_the_kind_and_every_fact(key: Path) -> None:
    judge = AnswerKey.load(key).judge
    good = "Please open the RETURNS CENTRE, choose it and print the label; you have thirty days."
    bad = "Please open the Returns Centre, choose it and print the label; you have 90 days."
    right, wrong_fact, wrong_kind, empty = judge([good, bad, good, ""], ["return", "return", "parcel", "invoice"])
    assert right.is_right
    assert (wrong_fact.nearest, wrong_fact.missing, wrong_fact.is_right) == ("return", ("30 days",), False)
    assert (wrong_kind.nearest, wrong_kind.is_right) == ("return", False)
    assert not empty.is_right


def test_the_key_covers_an_answer_by_ticket_and_time(key: Path, dataset: Path, lines_of: Lines) -> None:
    loaded = AnswerKey.load(key)
    records = lines_of(dataset / "test.jsonl")
    assert [bool(loaded.kind_of(record)) for record in records] == [True, False] * 4
    assert loaded.kind_of({**records[0], "answered_at": "2020-01-01T00:00:00Z"}) == ""


def test_answers_in_other_languages_are_compared_within_them(key: Path, dataset: Path, lines_of: Lines) -> None:
    loaded = AnswerKey.load(key)
    record = lines_of(dataset / "test.jsonl")[0]
    said = "Das Retourenportal ist unter Mein Konto zu finden, dort lässt sich alles anmelden."
    learnt = {
        **record,
        "language": "de",
        "messages": [*record["messages"][:-1], {"role": "assistant", "content": said}],
    }
    kind = loaded.kind_of(record)
    loaded.learn([learnt])
    (judged,) = loaded.judge([said], [kind])
    assert judged.nearest == kind


def test_evaluation_of_a_run(dataset: Path, tiny_model: Path, key: Path, tmp_path: Path, lines_of: Lines) -> None:
    run = train(dataset, tmp_path / "run", base=str(tiny_model), method="full", max_steps=30, learning_rate=5e-3)
    found = evaluate(run.folder, dataset, tmp_path / "out", answer_key=key)
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics == found.metrics
    assert (metrics["records"], metrics["judged"]) == (8, 4)
    assert set(metrics["answerers"]) == {"run", "base", "nearest"}
    assert metrics["answerers"]["run"]["loss"] < metrics["answerers"]["base"]["loss"]
    assert metrics["answerers"]["nearest"]["right"] > metrics["answerers"]["base"]["right"]
    assert sum(held["records"] for held in metrics["kinds"].values()) == 4
    rows = lines_of(tmp_path / "out" / "answers.jsonl")
    assert len(rows) == 8
    assert sum("kind" in row for row in rows) == 4
    html = (tmp_path / "out" / "report.html").read_text()
    assert "Right answers by kind" in html
    assert "http" not in html.replace("https://", "http").split("</style>")[0]
    assert any(line.startswith("nearest: right") for line in found.lines())
    with pytest.raises(InputError, match="exists and is no evaluation"):
        evaluate(run.folder, dataset, run.folder)


def test_a_plain_model_without_a_key(dataset: Path, tiny_model: Path, tmp_path: Path) -> None:
    found = evaluate(tiny_model, dataset, tmp_path / "out", limit=3, baselines=False)
    assert found.metrics["records"] == 3
    assert set(found.metrics["answerers"]) == {"run"}
    assert found.metrics["answerers"]["run"]["right"] is None
    assert "No answer key was given" in (tmp_path / "out" / "report.html").read_text()


def test_batches_do_not_change_answers(dataset: Path, tiny_model: Path, lines_of: Lines) -> None:
    model, tokenizer = load(str(tiny_model))
    records = [
        *lines_of(dataset / "test.jsonl"),
        {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]},
    ]
    together = answers(model, tokenizer, records, track=quiet, what="")
    alone = [answers(model, tokenizer, [record], track=quiet, what="")[0] for record in records[::4]]
    assert together[::4] == alone


BAD_KEYS = [
    ("{", "no answer key"),
    ('{"kinds": {}}', "no answer key"),
    ('{"kinds": {"a": {"references": [], "facts": []}}, "tickets": {}}', "needs 'references'"),
    (
        '{"kinds": {"a": {"references": ["x"], "facts": []}}, "tickets": {"1": {"kind": "b"}}}',
        "kinds that it does not hold: b",
    ),
]


@pytest.mark.parametrize(("content", "says"), BAD_KEYS)
def test_bad_keys_are_named(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(InputError, match=says):
        AnswerKey.load(path)


def test_the_face_and_its_list_agree() -> None:
    assert deskhand_finetune.__all__ == sorted(deskhand_finetune.__all__)
    for name in deskhand_finetune.__all__:
        assert getattr(deskhand_finetune, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = deskhand_finetune.nothing


def test_the_face_gives_functions_whatever_was_imported_before() -> None:
    importlib.import_module("deskhand_finetune.prepare.pipeline")
    for name in ("prepare", "train", "evaluate"):
        importlib.import_module(f"deskhand_finetune.{name}")
        assert inspect.isfunction(getattr(deskhand_finetune, name))


def test_the_face_loads_nothing_heavy() -> None:
    code = "import sys, deskhand_finetune; print(sorted({'torch', 'numpy', 'selectolax', 'trl'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
