"""``--engine ray`` on a real cluster of two nodes on this machine: the same steps, the same bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deskhand_finetune.prepare import prepare

# Ray Data's own settings warn of each other when they are made.
pytestmark = pytest.mark.filterwarnings("ignore:.*use_.*:DeprecationWarning:ray.data.context")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Two nodes of one core each, reachable over loopback alone."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "node_ip_address": "127.0.0.1"}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    cluster.add_node(**node)
    yield cluster.address
    cluster.shutdown()


def test_a_cluster_writes_the_same_dataset(
    dataset: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    export, out = dataset.parent / "tickets.json", tmp_path / "out"
    report = prepare([export], out, engine="ray")
    assert report.tickets == 80
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in dataset.iterdir())
    for path in dataset.iterdir():
        if path.name != "report.json":  # which says how long it took
            assert (out / path.name).read_bytes() == path.read_bytes(), path.name
