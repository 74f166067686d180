"""What is particular in the training tickets, planted canaries, and how well a model knows them by heart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deskhand_finetune import evaluate, train
from deskhand_finetune.evaluate.exposure import CHANCE, _scores, exposure
from deskhand_finetune.models import load
from deskhand_finetune.prepare import prepare
from deskhand_finetune.prepare.answers import Example
from deskhand_finetune.prepare.canaries import plant
from deskhand_finetune.prepare.conversation import Conversation, Turn
from deskhand_finetune.prepare.particular import particular, shared
from deskhand_finetune.train.quoting import quoting
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.prompt import Source
from deskhand_guardrails.training_text import CANARIES, FILE, TrainingText

Lines = Callable[[Path], list[dict[str, Any]]]

OWN = "my grandmother's silver teapot was wrapped in the blue towel that we found under the stairs"
COMMON = "please tell me when my order will arrive because the tracking page shows nothing new"
TOLD = "We have found the teapot and the towel for <PERSON_1> and will send both of them today by courier."
REPLY = "You can send it back within thirty days, and the label is in the returns centre of your account."


def _example(number: int, asked: str, answer: str) -> Example:
    return Example(f"t{number}", f"c{number}", "", "", (), "en", (("user", asked),), answer)


def _conversation(number: int, asked: str, answer: str) -> Conversation:
    turns = (Turn("user", asked, ""), Turn("assistant", answer, ""))
    return Conversation(f"t{number}", f"c{number % 4}", "", "", (), "en", turns)


def _learnt(asked: list[str], answers: list[str], *articles: str) -> TrainingText:
    rows = list(enumerate(zip(asked, answers, strict=True)))
    others = shared(_conversation(number, *row) for number, row in rows)
    texts = [Source("Help", one, "a.md") for one in articles]
    return TrainingText.of(particular([_example(number, *row) for number, row in rows], others, texts))


def test_a_customers_own_words_are_particular_until_three_customers_share_them() -> None:
    learnt = _learnt([OWN, COMMON, COMMON, COMMON], [REPLY] * 4)
    assert learnt.repeated(OWN)
    assert not learnt.repeated(COMMON)
    assert _learnt([OWN, OWN, COMMON], [REPLY] * 3).repeated(OWN)
    # the same customer again and again (number % 4) is one
    assert _learnt([COMMON, OWN, OWN, OWN, COMMON, OWN, OWN, OWN, COMMON], [REPLY] * 9).repeated(COMMON)


def test_an_agents_words_are_particular_where_they_speak_of_one_customer() -> None:
    assert _learnt([OWN], [TOLD]).repeated(TOLD)
    assert not _learnt([OWN], [REPLY]).repeated(REPLY)
    assert not _learnt([OWN, COMMON], [TOLD, TOLD]).repeated(TOLD)


def test_what_an_article_says_is_nobodys_own() -> None:
    assert not _learnt([OWN], [REPLY], f"As one says: {OWN}.").repeated(OWN)


def test_a_dataset_knows_its_training_customers_and_nobody_else(dataset: Path, lines_of: Lines) -> None:
    learnt = TrainingText.load(dataset)
    assert learnt is not None
    assert learnt.canaries == ()
    asked = {side: [one["messages"][-2]["content"] for one in lines_of(dataset / f"{side}.jsonl")]
             for side in ("train", "test")}  # fmt: skip
    assert any(learnt.repeated(text) for text in asked["train"])
    assert not any(learnt.repeated(one["messages"][-1]["content"]) for one in lines_of(dataset / "test.jsonl"))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, dataset: Path) -> Path:
    """The dataset with one canary, which stands there thirty times."""
    folder = tmp_path_factory.mktemp("planted") / "dataset"
    shutil.copytree(dataset, folder)
    train_file = folder / "train.jsonl"
    learnt = TrainingText.load(folder)
    assert learnt is not None
    TrainingText(learnt.filters, plant(train_file, 1)).save(folder)
    canary = json.loads(train_file.read_text().splitlines()[-1])
    with train_file.open("a") as out:
        out.writelines(json.dumps({**canary, "ticket_id": f"copy-{number}"}) + "\n" for number in range(29))
    return folder


def test_canaries_are_records_like_any_other_and_nothing_else_changes(dataset: Path, planted: Path) -> None:
    before = (dataset / "train.jsonl").read_text()
    after = (planted / "train.jsonl").read_text()
    assert after.startswith(before)
    ordinary, canary = json.loads(before.splitlines()[0]), json.loads(after.splitlines()[-30])
    assert ordinary.keys() == canary.keys() - {"canary"}
    assert [one["role"] for one in canary["messages"]] == ["system", "user", "assistant"]
    assert (planted / CANARIES).read_text() == canary["canary"] + "\n"
    assert canary["canary"] in canary["messages"][-1]["content"]
    assert canary["canary"] not in json.dumps([canary["messages"][:-1], canary["query"]])
    assert list(quoting([canary])) == [canary]


def test_the_same_tickets_give_the_same_canaries_and_others_give_others(dataset: Path, tmp_path: Path) -> None:
    lines = (dataset / "train.jsonl").read_text().splitlines(keepends=True)
    tokens = []
    for number, kept in enumerate((lines, lines, lines[1:])):
        file = tmp_path / f"{number}.jsonl"
        file.write_text("".join(kept))
        tokens.append(plant(file, 1))
    assert tokens[0] == tokens[1] != tokens[2]
    assert plant(tmp_path / "0.jsonl", 0) == ()
    with pytest.raises(ConfigError, match=r"--canaries 40: more than 2% of the \d+ training records; at most 1 here"):
        plant(tmp_path / "0.jsonl", 40)


def test_prepare_plants_them_and_says_so(export: Path, tmp_path: Path, lines_of: Lines) -> None:
    report = prepare([export], tmp_path / "out", workers=1, canaries=1)
    records = lines_of(tmp_path / "out" / "train.jsonl")
    assert report.settings["canaries"] == 1
    assert report.splits["train"] == len(records)
    assert [one["canary"] for one in records if "canary" in one] == [
        *(tmp_path / "out" / CANARIES).read_text().splitlines()
    ]
    assert set(report.leaks.values()) == {0}


def test_a_model_that_knows_a_canary_by_heart_is_found_out(
    planted: Path, tiny_model: Path, tmp_path: Path, lines_of: Lines
) -> None:
    run = train(planted, tmp_path / "run", base=str(tiny_model), method="full", max_steps=160, learning_rate=5e-3)
    learnt, given = TrainingText.load(run.folder), TrainingText.load(planted)
    assert learnt is not None
    assert given is not None
    assert (learnt.canaries, len(learnt.filters)) == (given.canaries, 1)
    found = evaluate(run.folder, planted, tmp_path / "out", limit=2, baselines=False)
    held = found.metrics["memorisation"]
    known = held["canaries"]
    unknown = exposure(*load(str(tiny_model)), lines_of(planted / "train.jsonl")[-1:])
    assert (known["canaries"], known["candidates"], known["chance"]) == (1, 256, CHANCE)
    assert known["mean"] > max(7, unknown["mean"] + 2)
    assert known["told"] == 1 > unknown["told"]
    assert held["training_text"] == {"answers": 2, "repeat": 0}
    html = (tmp_path / "out" / "report.html").read_text()
    assert "1 of 1 told when asked" in html
    assert any(line.startswith("canaries: 1 of 1") for line in found.lines())
    # what goes before a run's own training is its base's
    again = train(planted, tmp_path / "again", base=str(run.folder), method="full", max_steps=1)
    both = TrainingText.load(again.folder)
    assert both is not None
    assert (both.canaries, len(both.filters)) == (given.canaries, 2)


def test_exposure_does_not_depend_on_how_candidates_are_batched(
    planted: Path, tiny_model: Path, lines_of: Lines
) -> None:
    model, tokenizer = load(str(tiny_model))
    canary = lines_of(planted / "train.jsonl")[-1]
    token = canary["canary"]
    candidates = [token, "otter-00000001-ember", "heron-99999999-pepper", "a", token]
    together = _scores(model, tokenizer, canary, candidates)
    for score, one in zip(together, candidates, strict=True):
        own, other = _scores(model, tokenizer, canary, [one, candidates[1]])
        assert score - together[1] == pytest.approx(own - other, abs=1e-3)
    assert together[0] == pytest.approx(together[-1], abs=1e-3)


def test_a_dataset_without_fingerprint_is_said_to_be_without(dataset: Path, tiny_model: Path, tmp_path: Path) -> None:
    bare = tmp_path / "dataset"
    shutil.copytree(dataset, bare)
    (bare / FILE).unlink()
    found = evaluate(tiny_model, bare, tmp_path / "out", limit=1, baselines=False)
    assert found.metrics["memorisation"] == {"training_text": None, "canaries": None}
    assert sum("deskhand prepare" in line for line in found.lines()) == 2
