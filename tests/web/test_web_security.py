"""What stands in front of every page: headers, other sites, large bodies, the address, the health of it all."""

from __future__ import annotations

import hashlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import deskhand.web
from deskhand.settings import Settings
from deskhand.web.security import API_BODY_BYTES, BODY_BYTES
from deskhand.web.server import check_address, listen
from deskhand_guardrails.errors import ConfigError, UnavailableError
from deskhand_guardrails.monitor import Store

Served = Callable[..., str]

STATIC = Path(deskhand.web.__file__).parent / "static"


VENDORED = {
    "deep-chat.LICENSE.txt": "12d11204300c461fc3ba872703c1f15e8dc8e07fb58a3111d476ae6903db5388",
    "deep-chat.js": "4be8e65b12c0678ccc06fd157a402be4dc7c01f910056166518781f1de2d6ad7",
    "htmx.LICENSE.txt": "d3d2456f76414f2456104660ebd65aff1c04cd7966b942bdabd63f3cdb316a38",
    "htmx.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "pico.LICENSE.txt": "afaff063e044233f917b7807dccab022f09dca474f92b642846bee4850655bbf",
    "pico.css": "fbc9a63fc9fc9f72d12fd7fc9806e11fa9f77ae4f9cad146b27003a1119ba3db",
}


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served(), trust_env=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/chat", "/review", "/widget.js", "/static/chat.js", "/healthz", "/nothing"])
def test_every_answer_is_guarded(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    framed = path == "/chat"
    assert ("frame-ancestors *" in policy) is framed
    assert ("x-frame-options" in headers) is not framed
    assert "server" not in headers or headers["server"] == "uvicorn"


@pytest.mark.parametrize("path", ["/chat/messages", "/chat/feedback", "/chat/new", "/review/items/x/approve"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_change_nothing(client: httpx.Client, path: str, headers: dict[str, str]) -> None:
    client.get("/chat")
    refused = client.post(path, headers=headers)
    assert (refused.status_code, "another site" in refused.text) == (403, True)


def test_large_bodies_are_refused_with_and_without_a_length(client: httpx.Client) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
    assert client.post("/chat/messages", content=b"x" * (BODY_BYTES + 1), headers=headers).status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(API_BODY_BYTES // 65_536 + 1):
            yield b"x" * 65_536

    assert client.post("/v1/chat/completions", content=pieces(), headers=headers).status_code == 413


def test_no_page_names_another_host() -> None:
    own = [*STATIC.glob("*.*"), *(STATIC.parent / "templates").glob("*.html")]
    assert len(own) >= 12
    for file in own:
        hosts = set(re.findall(r"https?://([\w.-]+)", file.read_text(encoding="utf-8")))
        assert hosts <= {"www.w3.org", "YOUR-DESKHAND"}, file


def test_vendored_files_come_with_their_licences() -> None:
    files = sorted(file.name for file in (STATIC / "vendor").iterdir())
    assert files == [
        "deep-chat.LICENSE.txt",
        "deep-chat.js",
        "htmx.LICENSE.txt",
        "htmx.js",
        "pico.LICENSE.txt",
        "pico.css",
    ]
    for name in files:
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == VENDORED[name], name


def test_health_is_the_stores(client: httpx.Client, store: Store) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    store.close()
    assert client.get("/healthz").json() == {"status": "ok"}  # a closed pool opens again


def test_a_store_out_of_reach_is_not_healthy(client: httpx.Client, tmp_path: Path, store: Store) -> None:
    store.close()
    for file in tmp_path.glob("store.db*"):
        file.unlink()
    (tmp_path / "store.db").mkdir()
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text


def settings(**options: object) -> Settings:
    return Settings.model_validate({"port": 0, **options})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_others_are_let_in_only_with_a_password(host: str) -> None:
    with pytest.raises(ConfigError, match="DESKHAND_REVIEW_PASSWORD"):
        check_address(settings(host=host))
    if host == "0.0.0.0":
        check_address(settings(host=host, review_password="correct horse"))


def test_a_port_in_use_is_one_line() -> None:
    with listen(settings()) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError, match=rf"port {port}: in use; .* --port") as caught:
            check_address(settings(port=port))
        assert "\n" not in str(caught.value)


def test_an_address_of_another_machine_is_one_line() -> None:
    with pytest.raises(UnavailableError, match="no such address"):
        check_address(settings(host="203.0.113.7", review_password="correct horse"))


SERVE = """
import sys
from fastapi import FastAPI
from deskhand.settings import Settings
from deskhand.web import serve
app = FastAPI()
print("serving", flush=True)
serve(app, Settings(port=int(sys.argv[1])))
print("ended")
"""


def test_ctrl_c_ends_in_good_order() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "serving\n"
    with httpx.Client(transport=httpx.HTTPTransport(retries=8), trust_env=False) as client:
        assert client.get(f"http://127.0.0.1:{port}/").status_code == 404
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, out, errors) == (0, "ended\n", "")
