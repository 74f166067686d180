"""The dataset's card and report page: what they show, and that they show nothing of a customer's."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

from deskhand_finetune.prepare import PrepareReport
from deskhand_finetune.prepare.card import card, front_matter
from deskhand_finetune.prepare.kinds import VARIOUS, kinds
from deskhand_finetune.prepare.lengths import Lengths
from deskhand_finetune.prepare.page import SHOWN, page
from deskhand_finetune.prepare.plots import bars, columns
from deskhand_finetune.prepare.report import REASONS
from deskhand_finetune.prepare.timeline import timeline
from deskhand_guardrails.encoder import Encoder

PARCELS = [f"Where is my parcel? The courier has not brought it since {day}." for day in ("Monday", "Friday", "Sunday")]
PASSWORDS = [f"The password of my {device} account is refused." for device in ("tablet", "phone", "laptop")]
GERMAN = [f"Wo finde ich die Rechnung für {thing}?" for thing in ("das Zelt", "die Lampe", "den Kocher")]


@pytest.fixture(scope="module")
def report(dataset: Path) -> PrepareReport:
    return PrepareReport.from_json(json.loads((dataset / "report.json").read_text()), "x")


def test_the_front_matter_is_what_the_hub_reads(dataset: Path, report: PrepareReport) -> None:
    text = (dataset / "README.md").read_text()
    front = yaml.safe_load(text.split("---\n")[1])
    assert front == front_matter(report)
    assert front["language"] == ["en"]
    assert front["size_categories"] == ["n<1K"]
    for entry in front["configs"][0]["data_files"]:
        assert (dataset / entry["path"]).stat().st_size
    many = dataclasses.replace(report, splits={"train": 5_000_000, "validation": 0, "test": 1})
    assert front_matter(many)["size_categories"] == ["1M<n<10M"]
    assert [entry["split"] for entry in front_matter(many)["configs"][0]["data_files"]] == ["train", "test"]


def test_the_card_says_what_was_done(report: PrepareReport) -> None:
    text = card(dataclasses.replace(report, replaced={"ORDER_ID": 17}))
    parts = [line for line in text.splitlines() if line.startswith("## ")]
    assert parts == [
        "## Splits", "## Kinds of problem", "## Lengths", "## Left out", "## Personal and sensitive information",
    ]  # fmt: skip
    assert "| `internal_note` | 80 |" in text
    assert "| ORDER_ID | 17 |" in text
    assert "numbered placeholders" in text
    assert "realistic values" in card(dataclasses.replace(report, settings={"substitutes": True}))
    assert "customers and their companies" in text
    assert "their companies" not in card(dataclasses.replace(report, split_by="customer"))


def test_the_page_is_one_file_that_shows_everything_and_runs_nothing(dataset: Path, report: PrepareReport) -> None:
    text = (dataset / "report.html").read_text()
    titles = ("When", "Languages", "Kinds of problem", "Lengths", "Left out", "Leak check", "Personal data replaced")
    assert [title for title in titles if f"<h2>{title}</h2>" not in text] == []
    assert text.count("<svg") == 5
    assert not any(word in text for word in ("<script", "http:", "https:", "src="))
    assert text.count("<tr><td><small>") == SHOWN
    hostile = {
        "ticket_id": "<b>1</b>",
        "messages": [{"role": "user", "content": "<script>alert(1)</script> <ORDER_ID_1>"}],
    }
    shown = page(dataclasses.replace(report, kinds=[["<script>", 3]]), [hostile])
    assert "<script" not in shown
    assert "<mark>&lt;ORDER_ID_1&gt;</mark>" in shown


def test_an_empty_report_is_still_a_page(report: PrepareReport) -> None:
    empty = dataclasses.replace(report, timeline={}, kinds=[], languages={}, left_out={}, lengths=Lengths().to_json())
    assert page(empty, []).count("<svg") == 5
    assert card(empty)


def test_kinds_are_named_by_words_that_several_customers_use() -> None:
    questions = [*PARCELS, *PASSWORDS, *GERMAN, "Ludmilla asks about the parcel of <PERSON_1>."]
    languages = ["en"] * 6 + ["de"] * 3 + ["en"]
    vectors = Encoder.shipped().encode(questions)
    found = kinds(questions, languages, vectors, seed=0)
    assert found == kinds(questions, languages, vectors, seed=0)
    assert sum(kind.tickets for kind in found) == len(questions)
    assert [kind.tickets for kind in found] == sorted((kind.tickets for kind in found), reverse=True)
    named = {word for kind in found for word in kind.name.split(", ")}
    assert named & {"parcel", "courier"}
    assert named & {"password", "refused"}
    assert not named & {"ludmilla", "person", "monday", "tablet", "lampe"}


def test_kinds_of_nothing_and_of_one() -> None:
    nothing = np.zeros((0, 4), np.float32)
    assert kinds([], [], nothing, seed=0) == []
    assert kinds(["Why?"], ["en"], np.eye(1, 4, dtype=np.float32), seed=0) == [(VARIOUS, 1)]
    same = np.tile(np.eye(1, 4, dtype=np.float32), (50, 1))
    assert kinds(["the same parcel"] * 50, ["en"] * 50, same, seed=0) == [("parcel, same", 50)]


@pytest.mark.parametrize(
    ("last", "periods", "first"),
    [("2026-01-03", 3, "2026-01-01"), ("2026-04-30", 4, "2026-01"), ("2034-06-01", 9, "2026")],
)
def test_the_timeline_is_in_days_months_or_years(last: str, periods: int, first: str) -> None:
    found = timeline(
        [("2026-01-01T08:00:00Z", "train"), ("2026-01-01T09:00:00Z", "train"), (f"{last}T08:00:00Z", "test")]
    )
    assert len(found) == periods
    assert next(iter(found)) == first
    assert found[first] == {"train": 2}
    assert list(found.values())[1:-1] == [{}] * (periods - 2)
    assert list(found.values())[-1] == {"test": 1}
    assert timeline([]) == {}


def _record(sources: int, words: int, earlier: int = 0) -> dict[str, Any]:
    listed = "".join(f"\n[{number}] Title\n{'source ' * 60}" for number in range(1, sources + 1))
    before = [{"role": role, "content": "word " * 50} for _ in range(earlier) for role in ("user", "assistant")]
    last = [{"role": "user", "content": "word " * words}, {"role": "assistant", "content": "Yes."}]
    return {"messages": [{"role": "system", "content": f"Answer.{listed}"}, *before, *last]}


def test_lengths_tell_what_a_context_makes_of_a_record() -> None:
    lengths = Lengths()
    for record in (_record(3, 10), _record(40, 10), _record(3, 10, earlier=30), _record(3, 3000)):
        lengths.add(record)
    found = lengths.to_json()
    assert found["windows"]["1024"] == {"whole": 1, "windowed": 2, "too_long": 1}
    assert found["windows"]["32768"] == {"whole": 4, "windowed": 0, "too_long": 0}
    assert found["longest"] > 3000
    assert sum(found["steps"].values()) == 4


def test_plots_are_drawings_of_any_names_and_numbers() -> None:
    rows = [("a & b <i>", 1234567), ("x" * 200, 0)]
    for svg in (
        bars(rows, 'say "so"'),
        columns(rows, "<t>", (1, "from <here>")),
        bars([], "none"),
        columns([], "none"),
    ):
        assert ElementTree.fromstring(svg).tag == "svg"
    drawn = ElementTree.fromstring(columns([("one", 1), ("two", 4)], "t", (1, "here")))
    heights = [float(rect.attrib["height"]) for rect in drawn.iter("rect")]
    assert heights[1] == pytest.approx(4 * heights[0])


def test_every_reason_is_explained_once() -> None:
    assert len(set(REASONS.values())) == len(REASONS)
