"""Training is tested by training: a tiny Llama learns forty answers, is stopped, and goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar, TypeVar

import pytest
import torch

from deskhand_finetune.models import context_of, load, resolve
from deskhand_finetune.runs import Run
from deskhand_finetune.train import train
from deskhand_finetune.train.loss import answer_loss
from deskhand_finetune.train.settings import resolve_settings
from deskhand_finetune.train.tokens import IGNORED, shorter, tokenise
from deskhand_finetune.train.training import newest_checkpoint
from deskhand_guardrails.errors import ConfigError, InputError
from deskhand_guardrails.prompt import NO_SOURCES, Source, compose

T = TypeVar("T")
Lines = Callable[[Path], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, dataset: Path, tiny_model: Path) -> Run:
    """The tiny model after forty steps of full fine-tuning."""
    out = tmp_path_factory.mktemp("runs") / "full"
    return train(dataset, out, base=str(tiny_model), method="full", max_steps=40, learning_rate=5e-3, batch_tokens=1500)


def test_full_training_learns_and_says_what_it_did(trained: Run, dataset: Path, tiny_model: Path) -> None:
    metrics = trained.info["metrics"]
    assert metrics["steps"] == 40
    assert metrics["last_loss"] < 0.6 * metrics["first_loss"]
    assert metrics["validation_loss"] < metrics["first_loss"]
    assert trained.info["dataset"]["name"] == "dataset"
    assert trained.info["settings"]["learning_rate"] == {"value": 5e-3, "source": "given"}
    assert trained.info["settings"]["bf16"]["source"] == "hardware"
    assert trained.base == str(tiny_model)
    assert not trained.is_adapter
    assert "Fine" in (trained.folder / "README.md").read_text().title()
    assert not list(trained.folder.parent.glob("*.partial"))
    assert not (trained.folder / "checkpoints").exists()
    assert any("40 steps" in line for line in trained.lines())
    model, tokenizer = load(str(trained.folder))
    assert model.num_parameters() == load(str(tiny_model))[0].num_parameters()
    assert tokenizer.chat_template


class Hub(BaseHTTPRequestHandler):
    """A model hub that writes down what it is asked or told."""

    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()

    def do_POST(self) -> None:
        self.do_HEAD()

    def log_message(self, *args: object) -> None:
        pass


ONE_STEP = """
import sys
from pathlib import Path
from deskhand_finetune.train import train
train(Path(sys.argv[1]), Path(sys.argv[2]), base=sys.argv[3], method="full", max_steps=1)
from huggingface_hub.utils import _telemetry
_telemetry._TELEMETRY_QUEUE.join()
"""


def test_training_reports_to_nobody(dataset: Path, tiny_model: Path, tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as hub:
        Thread(target=hub.serve_forever, daemon=True).start()
        online = {**os.environ, "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"}
        command = [sys.executable, "-c", ONE_STEP, str(dataset), str(tmp_path / "run"), str(tiny_model)]
        subprocess.run(command, env=online, check=True, capture_output=True)
        hub.shutdown()
    assert Hub.asked == []


def test_the_same_command_again_does_nothing_and_another_is_refused(
    trained: Run, dataset: Path, tiny_model: Path
) -> None:
    before = (trained.folder / "run.json").stat().st_mtime_ns
    again = train(
        dataset,
        trained.folder,
        base=str(tiny_model),
        method="full",
        max_steps=40,
        learning_rate=5e-3,
        batch_tokens=1500,
    )
    assert again.fingerprint == trained.fingerprint
    assert (trained.folder / "run.json").stat().st_mtime_ns == before
    with pytest.raises(InputError, match="holds another run"):
        train(dataset, trained.folder, base=str(tiny_model), method="full", max_steps=41)


def test_adapter_training_writes_an_adapter(dataset: Path, tiny_model: Path, tmp_path: Path) -> None:
    run = train(dataset, tmp_path / "lora", base=str(tiny_model), max_steps=12, learning_rate=2e-2)
    assert run.is_adapter
    assert (run.folder / "adapter_model.safetensors").exists()
    assert run.info["metrics"]["last_loss"] < run.info["metrics"]["first_loss"]
    tuned, _ = load(str(run.folder))
    base, _ = load(str(tiny_model))
    name = "model.layers.0.self_attn.q_proj.weight"
    assert not torch.equal(tuned.state_dict()[name], base.state_dict()[name])


class Killed(Exception):  # noqa: N818 - it stands for no error
    """Stands for a kill in the middle of training."""


def test_a_killed_training_goes_on_from_its_checkpoint(dataset: Path, tiny_model: Path, tmp_path: Path) -> None:
    def killing(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        for place, item in enumerate(items):
            if place == 13:
                raise Killed
            yield item

    def run(folder: str, **more: Any) -> Run:
        return train(
            dataset,
            tmp_path / folder,
            base=str(tiny_model),
            method="full",
            max_steps=20,
            learning_rate=5e-3,
            seed=3,
            **more,
        )

    with pytest.raises(Killed):
        run("killed", track=killing)
    assert not (tmp_path / "killed").exists()
    partial = tmp_path / "killed.partial" / "checkpoints"
    (partial / "checkpoint-99").mkdir()  # cut off while it was written
    newest = newest_checkpoint(partial)
    assert newest is not None
    assert newest.name == "checkpoint-10"
    resumed, whole = run("killed"), run("whole")
    assert resumed.info["metrics"]["resumed_at_step"] == 10
    assert resumed.info["metrics"]["steps"] == 20
    assert resumed.info["metrics"]["validation_loss"] == pytest.approx(
        whole.info["metrics"]["validation_loss"], abs=0.05
    )


def test_a_time_limit_ends_the_training(dataset: Path, tiny_model: Path, tmp_path: Path) -> None:
    run = train(dataset, tmp_path / "short", base=str(tiny_model), max_steps=500, max_minutes=0.001)
    assert run.info["metrics"]["steps"] < 20


def test_only_the_answer_is_learnt(dataset: Path, tiny_model: Path, lines_of: Lines) -> None:
    _, tokenizer = load(str(tiny_model))
    records = lines_of(dataset / "train.jsonl")
    made = tokenise(records, tokenizer, 4096)
    assert (len(made.rows), made.shortened, made.left_out) == (len(records), 0, 0)
    for record, row in zip(records, made.rows, strict=True):
        learnt = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != IGNORED]
        assert tokenizer.decode(learnt) == record["messages"][-1]["content"] + "</s>"


def test_the_cheap_output_layer_gives_the_same_loss(dataset: Path, tiny_model: Path, lines_of: Lines) -> None:
    model, tokenizer = load(str(tiny_model))
    rows = tokenise(lines_of(dataset / "train.jsonl")[:3], tokenizer, 4096).rows
    width = max(len(row["input_ids"]) for row in rows)
    ids = torch.tensor([row["input_ids"] + [0] * (width - len(row["input_ids"])) for row in rows])
    labels = torch.tensor([row["labels"] + [IGNORED] * (width - len(row["labels"])) for row in rows])
    mask = torch.tensor([[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in rows])
    total, count = answer_loss(model, ids, mask, labels)
    assert (total / count).item() == pytest.approx(model(ids, attention_mask=mask, labels=labels).loss.item(), rel=1e-4)


def test_long_records_lose_sources_first_then_turns_never_silently(tiny_model: Path) -> None:
    _, tokenizer = load(str(tiny_model))
    talk = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "then"},
    ]
    messages = [*compose(talk, [Source("a", "b"), Source("c", "d")]), {"role": "assistant", "content": "so"}]
    once = shorter(messages)
    assert once is not None
    assert "[1] a" in once[0]["content"]
    assert "[2]" not in once[0]["content"]
    twice = shorter(once)
    assert twice is not None
    assert twice[0]["content"].endswith(NO_SOURCES)
    thrice = shorter(twice)
    assert thrice is not None
    assert [message["content"] for message in thrice[1:]] == ["then", "so"]
    assert shorter(thrice) is None
    whole = len(tokenise([{"messages": messages}], tokenizer, 4096).rows[0]["input_ids"])
    cut = tokenise([{"messages": messages}], tokenizer, whole - 1)
    assert (len(cut.rows), cut.shortened, cut.left_out) == (1, 1, 0)
    gone = tokenise([{"messages": messages}], tokenizer, 5)
    assert (len(gone.rows), gone.shortened, gone.left_out) == (0, 0, 1)


def test_models_without_a_chat_template_get_a_plain_one(tiny_model: Path, tmp_path: Path) -> None:
    model, tokenizer = load(str(tiny_model))
    tokenizer.chat_template = None
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "chat_template.jinja").unlink(missing_ok=True)
    model, tokenizer = load(str(tmp_path))
    record = {"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]}
    (row,) = tokenise([record], tokenizer, 100).rows
    learnt = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != IGNORED]
    assert tokenizer.decode(learnt).startswith("Because.</s>")
    assert context_of(model, tokenizer) == 512


BASES = [
    ("./nowhere", InputError, "no such folder"),
    ("/nowhere/at/all", InputError, "no such folder"),
    ("openai:gpt-9", ConfigError, "hosted fine-tuning"),
]


@pytest.mark.parametrize(("base", "kind", "says"), BASES)
def test_bases_that_cannot_be(base: str, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        resolve(base)


def test_wrong_settings_are_told_together(dataset: Path, tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"--epochs must be above 0; --learning-rate must be above 0; --method x: unknown"
    ):
        resolve_settings(
            [10], is_starter=False, method="x", epochs=-1, max_steps=None, learning_rate=-1.0, batch_tokens=None,
            max_minutes=None, context=512, bf16=False, device="cpu", seed=0,
        )  # fmt: skip
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("x")
    with pytest.raises(InputError, match="exists and is no run"):
        train(dataset, tmp_path / "letters", base=str(tiny_model))
    with pytest.raises(InputError, match="no such dataset"):
        train(tmp_path / "nothing", tmp_path / "out", base=str(tiny_model))


def test_broken_datasets_name_the_line(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "d").mkdir()
    good = json.dumps({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})
    for bad, says in (
        ("{", "train.jsonl:2: not JSON"),
        ("{}", "train.jsonl:2: no 'messages'"),
        (json.dumps({"messages": [{"role": "user", "content": "a"}]}), "train.jsonl:2: the last message"),
        (json.dumps({"messages": [{"role": "user", "content": 7}]}), "train.jsonl:2: a message without"),
    ):
        (tmp_path / "d" / "train.jsonl").write_text(f"{good}\n{bad}\n")
        with pytest.raises(InputError, match=says):
            train(tmp_path / "d", tmp_path / "out", base=str(tiny_model), max_steps=1)
        assert not (tmp_path / "out").exists()


def test_runs_that_are_none(tmp_path: Path, dataset: Path, tiny_model: Path) -> None:
    import shutil

    def copy(name: str, without: str) -> Path:
        shutil.copytree(tiny_model, tmp_path / name)
        (tmp_path / name / without).unlink()
        return tmp_path / name

    (tmp_path / "empty").mkdir()
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    (broken / "run.json").write_text("{")
    for folder, says in (
        (tmp_path / "nowhere", "no such run"),
        (dataset, "a dataset, not a run"),
        (dataset / "train.jsonl", "a file"),
        (tmp_path / "empty", "holds no model"),
        (copy("weightless", "model.safetensors"), "weights are missing"),
        (copy("wordless", "tokenizer_config.json"), "tokenizer is missing"),
        (broken, "run.json: broken"),
    ):
        with pytest.raises(InputError, match=says):
            Run.open(folder)
    assert Run.open(tiny_model).lines() == [f"{tiny_model}: a model that was not trained here"]
