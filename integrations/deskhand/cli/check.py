"""``deskhand check``: the guardrails over JSONL."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deskhand.cli.output import emit, say

if TYPE_CHECKING:
    from deskhand_guardrails import Rails

DIRECTIONS = ("input", "output", "retrieved")
_CHUNK = 64


@click.command("check")
@click.option("--direction", type=click.Choice(DIRECTIONS), default="input", show_default=True)
@click.option("--policy", type=click.Path(path_type=Path), help="Policy folder (default: the shipped one).")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes to use.")
def command(direction: str, policy: Path | None, workers: int) -> None:
    """Run the guardrails over texts: JSONL on stdin (`{"id","text"}`), JSONL on stdout in the same order.

    \b
    Example:
        echo '{"id": 1, "text": "My card is 4111 1111 1111 1111"}' | deskhand check --direction input
    """
    from deskhand_guardrails import Policy

    Policy.load(policy)  # a faulty policy is one error here, not one for each worker
    failed = 0
    for result in _results(direction, policy, workers):
        failed += "error" in result
        emit(result)
    if failed:
        say(f"error: {failed} lines could not be read; their results carry an 'error' and the decision 'block'")
        raise SystemExit(1)


def _results(direction: str, policy: Path | None, workers: int) -> Iterator[dict[str, Any]]:
    lines = enumerate(sys.stdin, start=1)
    chunks = iter(lambda: list(islice(lines, _CHUNK)), [])
    if workers == 1:
        _start_worker(direction, policy)
        for chunk in chunks:
            yield from _check_chunk(chunk)
        return
    import multiprocessing

    # Spawned, not forked: ONNX Runtime and the engine's event loop hold threads that a fork would lose.
    with multiprocessing.get_context("spawn").Pool(workers, _start_worker, (direction, policy)) as pool:
        for results in pool.imap(_check_chunk, chunks):
            yield from results


_worker: dict[str, Any] = {}


def _start_worker(direction: str, policy: Path | None) -> None:
    from deskhand_guardrails import Policy, Rails

    rails = Rails(Policy.load(policy))
    rails.warm()
    _worker.update(rails=rails, direction=direction)


def _check_chunk(lines: list[tuple[int, str]]) -> list[dict[str, Any]]:
    return [_check_line(number, line, _worker["rails"], _worker["direction"]) for number, line in lines if line.strip()]


def _check_line(number: int, line: str, rails: Rails, direction: str) -> dict[str, Any]:
    from deskhand_guardrails import Context, Pseudonyms

    try:
        record = json.loads(line)
        text = record["text"]
        if not isinstance(text, str):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        return {"id": None, "line": number, "decision": "block", "text": "", "findings": [], "ms": 0.0,
                "error": 'not a JSON object with a "text" string'}  # fmt: skip
    check = {"input": rails.check_input, "output": rails.check_output, "retrieved": rails.check_retrieved}[direction]
    verdict = check(text, Context(pseudonyms=Pseudonyms(), question=str(record.get("context") or "")))
    return {
        "id": record.get("id"),
        "decision": verdict.decision,
        "text": verdict.text,
        "findings": [asdict(finding) for finding in verdict.findings],
        "ms": round(verdict.milliseconds, 2),
    }
