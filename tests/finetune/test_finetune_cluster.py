"""``--engine ray`` on a real cluster of two nodes on this machine: the same steps, the same bytes."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from deskhand_finetune.prepare import prepare
from deskhand_finetune.prepare.clean import Rules, clean_tickets
from deskhand_finetune.prepare.engines import engine_of
from deskhand_finetune.tickets import Message, Ticket
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.processes import chunks

T = TypeVar("T")
# Ray Data's own settings warn of each other when they are made.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning:ray.data.context")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Two nodes of one core each, reachable over loopback alone; this process is connected, and workers stay warm."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    import ray
    from ray.cluster_utils import Cluster

    node: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "node_ip_address": "127.0.0.1"}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    cluster.add_node(**node)
    ray.init(cluster.address, logging_level=logging.ERROR, log_to_driver=False)
    yield cluster.address
    ray.shutdown()
    cluster.shutdown()  # type: ignore[no-untyped-call]


KILLED = """
import os, signal, sys
from deskhand_finetune.prepare import prepare

def killing(items, description, total=None):
    for number, item in enumerate(items):
        if number == 70:
            os.kill(os.getpid(), signal.SIGKILL)
        yield item

prepare([sys.argv[1]], sys.argv[2], engine="ray", track=killing)
"""


def test_a_cluster_writes_the_same_dataset_even_after_a_kill(
    dataset: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at the 71st of 80 tickets, of which 64 are noted; the rest is done again.

    The killed process finds the cluster by ``RAY_ADDRESS``, this one is connected to it.
    """
    monkeypatch.setenv("RAY_ADDRESS", address)
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    export, out = dataset.parent / "tickets.json", tmp_path / "out"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(export), str(out)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert json.loads((tmp_path / "out.partial" / "stage.json").read_text())["tickets"] == 64
    cleaned: list[object] = []

    def counting(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
        for item in items:
            cleaned.extend([item] * (description == "cleaning and redacting"))
            yield item

    assert prepare([export], out, engine="ray", track=counting).tickets == 80
    assert len(cleaned) == 16
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in dataset.iterdir())
    for path in dataset.iterdir():
        if path.name != "report.json":  # which says how long it took
            assert (out / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.usefixtures("address")
def test_what_a_node_raises_arrives_as_it_is() -> None:
    """Here that the node's policy is another one; and results keep their order over many chunks."""
    asked = Message("customer", "Where is my parcel?", datetime(2026, 1, 1, tzinfo=UTC))
    ticket = Ticket("1", "mail", (asked, Message("agent", "It is on its way to you today.", asked.at)), asked.at)
    engine = engine_of("ray", None)
    with pytest.raises(ConfigError, match="another policy"):
        list(engine(partial(clean_tickets, rules=Rules(digest="another")), [ticket]))
    assert list(engine(sorted, range(3000))) == list(range(3000))


def test_without_ray_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'deskhand\[ray\]'"):
        next(engine_of("ray", None)(sorted, [1]))


def test_chunks_are_read_as_they_are_asked_for() -> None:
    read: list[int] = []
    stream = chunks(read.append(number) or number for number in range(100))  # type: ignore[func-returns-value]
    assert next(stream) == list(range(32))
    assert len(read) == 32
