"""Whatever is wrong with what a user gives: one line with name and next step, no traceback, exit code 1 or 2."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from itertools import islice
from pathlib import Path
from threading import Thread

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
SAMPLE = Path(str(files("deskhand") / "sample"))


def sample_lines(count: int) -> list[str]:
    with gzip.open(SAMPLE / "export" / "tickets.json.gz", "rt", encoding="utf-8") as lines:
        return list(islice(lines, count))


def one_line(result: subprocess.CompletedProcess[str], *names: str, code: int = 1) -> None:
    assert result.returncode == code, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    for name in names:
        assert name in lines[0]
    assert not result.stdout


def test_a_missing_export(deskhand: Run) -> None:
    one_line(deskhand("prepare", "nowhere.json", "--out", "dataset"), "nowhere.json")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.json", b""),
        ("photo.json", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
        ("report.pdf", b"%PDF-1.7\n1 0 obj"),
        ("list.csv", b"Id,Requester,Subject,Status\n1,Ann,Where is it?,Solved\n"),
        ("words.txt", b"just some words\nand more\n"),
        ("broken.json.gz", b"\x1f\x8b\x08\x00not really gzip"),
    ],
)
def test_an_export_that_is_none(deskhand: Run, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    one_line(deskhand("prepare", name, "--out", "dataset"), name)
    assert not (tmp_path / "dataset").exists()


def test_a_folder_that_is_no_export_and_a_dataset_given_as_one(deskhand: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    one_line(deskhand("prepare", "folder", "--out", "dataset"), "folder")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text('{"messages": [{"role": "user", "content": "x"}]}\n')
    one_line(deskhand("prepare", "data", "--out", "dataset"), "data", "train")


def test_a_broken_line_and_an_empty_ticket_are_put_aside_and_the_rest_goes_on(deskhand: Run, tmp_path: Path) -> None:
    lines = sample_lines(60)
    lines[9] = lines[9][:200] + "\n"
    silent = json.loads(lines[20]) | {"comments": [], "description": ""}
    lines[20] = json.dumps(silent) + "\n"
    (tmp_path / "tickets.json").write_text("".join(lines), encoding="utf-8")
    result = deskhand("prepare", "tickets.json", "--out", "dataset", "--workers", "1", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["kept"] > 20
    aside = [json.loads(line) for line in (tmp_path / "dataset" / "quarantine.jsonl").read_text().splitlines()]
    assert any(item["where"] == "tickets.json:10" for item in aside)
    assert any(item["ticket_id"] == str(silent["id"]) for item in aside)


def test_a_dataset_that_is_none_and_a_base_that_is_not_there(deskhand: Run, tmp_path: Path) -> None:
    one_line(deskhand("train", "nowhere", "--out", "run"), "nowhere")
    (tmp_path / "dataset").mkdir()
    record = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello there."}]}
    for name in ("train", "validation", "test"):
        (tmp_path / "dataset" / f"{name}.jsonl").write_text(json.dumps(record) + "\n")
    one_line(deskhand("train", "dataset", "--out", "run", "--base", "no-such-model"), "no-such-model")
    assert not (tmp_path / "run").exists()


class Hub(BaseHTTPRequestHandler):
    """A model hub that knows no model, and says so as the real one does."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def test_a_hub_that_does_not_know_the_model_or_cannot_be_reached_is_asked_once(deskhand: Run, tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as hub:
        Thread(target=hub.serve_forever, daemon=True).start()
        online = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"}
        (tmp_path / "dataset").mkdir()
        record = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello there."}]}
        for name in ("train", "validation", "test"):
            (tmp_path / "dataset" / f"{name}.jsonl").write_text(json.dumps(record) + "\n")
        train = ("train", "dataset", "--out", "run", "--base", "no-such-model")
        one_line(deskhand(*train, **online), "no-such-model", "401")
        hub.shutdown()
    one_line(deskhand(*train, **online), "no-such-model", "network")


def test_a_run_without_weights(deskhand: Run, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    one_line(deskhand("evaluate", "run", "--data", "dataset", "--out", "out"), "run")
    one_line(deskhand("chat", "--model", "run", stdin="hello\n"), "run")


def test_knowledge_that_is_not_there_or_none(deskhand: Run, tmp_path: Path) -> None:
    one_line(deskhand("chat", "--knowledge", "nowhere.db", stdin="hello\n"), "nowhere.db", "deskhand index")
    (tmp_path / "notes.db").write_text("no database")
    one_line(deskhand("chat", "--knowledge", "notes.db", stdin="hello\n"), "notes.db")


def test_a_port_in_use_is_said_before_anything_is_loaded(deskhand: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        one_line(deskhand("serve", "--port", port), port, "--port")
        one_line(deskhand("demo", "--port", port), port, "--port")


def test_others_may_not_reach_a_console_without_password(deskhand: Run) -> None:
    one_line(deskhand("serve", "--host", "0.0.0.0"), "DESKHAND_REVIEW_PASSWORD", code=2)


def test_slack_without_tokens(deskhand: Run) -> None:
    one_line(deskhand("slack"), "DESKHAND_SLACK_BOT_TOKEN", code=2)


def test_a_full_disk(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-Im", "deskhand", "check"],
            input='{"id": 1, "text": "Where is my parcel?"}\n',
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert "no space left" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_with_other_things_is_not_taken_for_the_demo(deskhand: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    one_line(deskhand("demo", "--out", "mine", "--no-serve"), "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_check_goes_on_after_a_broken_line(deskhand: Run) -> None:
    lines = '{"id": 1, "text": "My mail is ann@mail.example"}\nnot json\n{"id": 3, "text": "Where is my parcel?"}\n'
    result = deskhand("check", stdin=lines)
    first, broken, last = map(json.loads, result.stdout.splitlines())
    assert result.returncode == 1
    assert (first["decision"], last["decision"]) == ("modify", "allow")
    assert "ann@mail" not in result.stdout
    assert (broken["decision"], broken["line"]) == ("block", 2)
