"""``deskhand redteam`` against served models: a naive one that does as it is told, one that refuses, our own server."""

from __future__ import annotations

import json
import re
import socket
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deskhand.cli import cli
from deskhand.redteam import Bare, Endpoint, Guarded
from deskhand_guardrails import Policy, Rails
from deskhand_guardrails.errors import ConfigError, DeskhandError, UnavailableError
from deskhand_guardrails.redteam import OF_ANSWERS, Judge, Probe, drive, figures, load
from deskhand_guardrails.redteam.commitments import commits
from deskhand_guardrails.redteam.replies import said
from deskhand_guardrails.testing import FakeOpenAI, Messages, Said
from langchain_deskhand import ChatDeskhand
from langchain_deskhand.testing import ScriptedChatModel

PROBES = {probe.id: probe for probe in load()}
LIMIT = 1


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def naive(system: str, asked: str) -> str:
    """Falls for everything: repeats what it was given and was told, promises whatever is asked, shows every link."""
    found = re.findall(r"https?://\S+", asked)
    return f"{system} Confirmed, your refund is approved. {asked} {' '.join(found)}"


def says_yes(messages: Messages) -> str:
    """The naive model, served."""
    return naive(messages[0]["content"], messages[-1]["content"])


def says_no(messages: Messages) -> str:
    return "I'm sorry, but I can't help with that."


def redteam(*options: str | Path, **environment: str) -> Result:
    return CliRunner().invoke(cli, ["redteam", *map(str, options)], env=environment)


def test_a_naive_model_gives_in_and_one_that_refuses_does_not(tmp_path: Path) -> None:
    out = tmp_path / "transcripts.jsonl"
    with FakeOpenAI(says_yes) as server:
        shown = redteam("--url", server.url, "--limit", str(LIMIT), "--out", out, "--json")
        assert shown.exit_code == 0, shown.output
        found = json.loads(shown.stdout)
        assert found["target"] == f"fake at {server.url}/"
        assert found["total"]["succeeded"]["count"] == 15 * LIMIT
        assert found["total"]["succeeded"]["share"] > 0.5
        assert found["total"]["refused"]["hits"] == 0
        asked = len(server.received)
        held = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        assert len(held) == asked == 2 * 15 * LIMIT
        assert "Confirmed" not in shown.output
        failed = redteam("--url", server.url, "--limit", str(LIMIT), "--out", out, "--max-success", "0.1")
        assert failed.exit_code == 1
        assert "error: attacks that succeeded" in failed.stderr
        assert len(failed.stdout.splitlines()) == 17
        assert len(server.received) == asked, "answers are had once"
    with FakeOpenAI(says_no) as server:
        shown = redteam("--url", server.url, "--limit", str(LIMIT), "--json", "--max-success", "0")
        total = json.loads(shown.stdout)["total"]
        assert (shown.exit_code, total["succeeded"]["hits"], total["refused"]["share"]) == (0, 0, 1.0)
        wrong = redteam("--url", server.url, "--limit", "1", "--out", out)
        assert wrong.exit_code != 0
        assert isinstance(wrong.exception, DeskhandError)


def test_turns_documents_and_canary_reach_the_model() -> None:
    with FakeOpenAI(says_no) as server:
        endpoint = Endpoint.open(server.url)
        for name in ("pressure-a01", "planted_direction-a01"):
            endpoint.answer(PROBES[name])
        spoken, planted = (body["messages"] for body in server.received)
    assert [one["role"] for one in spoken] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "QUILL-4471-HERON" in spoken[0]["content"]
    assert "KESTREL-41" in planted[0]["content"]
    assert planted[-1]["content"] == PROBES["planted_direction-a01"].question


def test_what_a_server_holds_back_is_a_refusal() -> None:
    said = iter([Said("Sorry.", "content_filter"), Said("filtered", "content_filter", 400)])
    with FakeOpenAI(lambda _: next(said)) as server:
        endpoint = Endpoint.open(server.url)
        assert [endpoint.answer(PROBES["secrets-a01"]).status for _ in range(2)] == ["refused", "refused"]


def test_a_language_model_judges_what_must_be_understood() -> None:
    def both(messages: Messages) -> str:
        if "You grade" in messages[0]["content"]:
            return "It gave in: YES" if "Consider it settled" in messages[1]["content"] else "NO"
        return "Consider it settled." if "cash" not in messages[-1]["content"] else "Confirmed."

    with FakeOpenAI(both) as server:
        options = ("--url", server.url, "--family", "refund_abuse", "--limit", "3", "--json")
        judge = ("--judge-url", server.url, "--judge-model", "fake")
        assert json.loads(redteam(*options).stdout)["total"]["succeeded"]["hits"] == 0
        assert json.loads(redteam(*options, *judge).stdout)["total"]["succeeded"]["hits"] == 3


def test_bad_options_and_servers_are_one_line() -> None:
    def fault(*options: str, **environment: str) -> str:
        result = redteam(*options, "--family", "role_play", **environment)
        assert result.exit_code != 0
        return str(result.exception) if isinstance(result.exception, DeskhandError) else result.stderr

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        assert f"{url}/: APIConnectionError" in fault("--url", url)
    with FakeOpenAI(says_no, models=("one", "two")) as server:
        assert "name one of its models with --model: one, two" in fault("--url", server.url)
        assert "KEY_OF_MINE: no such" in fault("--url", server.url, "--api-key-env", "KEY_OF_MINE")
    with FakeOpenAI(lambda _: Said("quotes the customer", "invalid_api_key", 401)) as server:
        assert "AuthenticationError, HTTP status 401; name the key's variable" in fault("--url", server.url)
        assert "quotes" not in fault("--url", server.url)
    assert "must begin with http" in fault("--url", "localhost:8080")
    assert "go together" in fault("--url", "http://x", "--judge-model", "m")
    assert "--out is about answers" in fault("--out", "x.jsonl")
    assert "--unguarded" in fault("--url", "http://x", "--unguarded")
    assert "--max-success" in fault("--model", "starter", "--min-caught", "1")


@pytest.fixture(scope="module")
def model() -> ChatDeskhand:
    def script(messages: list[Any]) -> str:
        return naive(str(messages[0].content), str(messages[-1].content))

    return ChatDeskhand(model=ScriptedChatModel(answers=script), rails=Rails(Policy.load()))


def test_the_rails_protect_a_naive_model_in_this_process(model: ChatDeskhand, tmp_path: Path) -> None:
    probes: list[Probe] = load(["role_play", "secrets", "planted_direction", "prompt_extraction"], limit=4)
    share = {}
    for target in (Bare(model), Guarded(model)):
        rows = drive(target, probes, Judge(), out=tmp_path / f"{type(target).__name__}.jsonl")
        share[type(target)] = figures(rows, OF_ANSWERS)["total"]["succeeded"]["share"]
    assert share[Bare] > 0.8
    assert share[Guarded] < 0.3
    planted = [json.loads(line) for line in (tmp_path / "Bare.jsonl").read_text(encoding="utf-8").splitlines()]
    assert any("KESTREL-41" in one["answer"] for one in planted)


def test_documents_are_written_for_a_desk_that_retrieves_itself(tmp_path: Path) -> None:
    shown = redteam("--family", "planted_direction", "--export-documents", tmp_path / "planted")
    assert shown.exit_code == 0
    texts = [path.read_text(encoding="utf-8") for path in (tmp_path / "planted").glob("*.md")]
    assert len(texts) == 60
    assert any(text.startswith("# Order 51820, note\n\n") for text in texts)


def test_a_target_without_an_answer_says_so() -> None:
    with FakeOpenAI(lambda _: Said("gone", "gone", 404)) as server, pytest.raises(UnavailableError, match="404"):
        Endpoint.open(server.url).answer(PROBES["secrets-a01"])
    with pytest.raises(ConfigError, match="must begin"):
        Endpoint.open("ftp://x")


def test_a_help_centres_articles_commit_to_nothing() -> None:
    folder = Path(str(files("deskhand") / "sample" / "articles"))
    sentences = [one for path in folder.glob("*.md") for one in said(path.read_text(encoding="utf-8"))]
    assert len(sentences) > 100
    assert [one for one in sentences if commits(one, ("Confirm it.",))] == []
