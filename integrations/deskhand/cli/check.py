"""``deskhand check``: the guardrails over JSONL.

Lines are read, checked and written a few at a time, in order: memory does not grow with the input. A line that cannot
be read has a result of its own that says so, and the rest goes on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from deskhand.cli.output import emit, say
from deskhand_guardrails.processes import CHUNK, cores, map_chunks

if TYPE_CHECKING:
    from deskhand_guardrails import Context, Rails

DIRECTIONS = ("input", "output", "retrieved")


@click.command("check")
@click.option("--direction", type=click.Choice(DIRECTIONS), default="input", show_default=True)
@click.option("--policy", type=click.Path(path_type=Path), help="Policy folder (default: the shipped one).")
@click.option("--scores", is_flag=True, help="Add every detector's score, flagged or not.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes to use (default: one for each core).")
def command(direction: str, policy: Path | None, scores: bool, workers: int | None) -> None:
    """Run the guardrails over texts: JSONL on stdin (`{"id","text"}`), JSONL on stdout in the same order.

    A record's `context` is what its text is checked against. For answers (--direction output): the source or sources
    that they rest on, a text or a list of texts; for the rest: what was said before.

    \b
    Example:
        echo '{"id": 1, "text": "My card is 4111 1111 1111 1111"}' | deskhand check --direction input
        echo '{"text": "It takes 5 days.", "context": "Delivery takes 3 days."}' | deskhand check --direction output
    """
    from deskhand_guardrails import Policy

    Policy.load(policy)  # a faulty policy is one error here, not one for each worker
    failed = 0
    for result in _results(_Job(direction, policy, scores), workers or cores()):
        failed += "error" in result
        emit(result)
    if failed:
        say(f"error: lines that could not be read: {failed}; their results carry an 'error' and the decision 'block'")
        raise SystemExit(1)


class _Job(NamedTuple):
    """What is asked about every line."""

    direction: str
    policy: Path | None
    scores: bool


def _results(job: _Job, workers: int) -> Iterator[dict[str, Any]]:
    # Bytes: a line that is not UTF-8 is one broken line, not the end of the reading.
    lines = enumerate(sys.stdin.buffer, start=1)
    ahead = list(islice(lines, CHUNK + 1))
    if len(ahead) <= CHUNK:  # starting processes takes longer than checking a few texts
        workers = 1
    return map_chunks(partial(_check_chunk, job), chain(ahead, lines), workers)


@cache
def _rails(policy: Path | None) -> Rails:
    """A process's own."""
    from deskhand_guardrails import Policy, Rails

    rails = Rails(Policy.load(policy))
    rails.warm()
    return rails


def _check_chunk(job: _Job, lines: list[tuple[int, bytes]]) -> list[dict[str, Any]]:
    rails = _rails(job.policy)
    return [_check_line(number, line, rails, job.direction, job.scores) for number, line in lines if line.strip()]


def _check_line(number: int, line: bytes, rails: Rails, direction: str, scores: bool) -> dict[str, Any]:
    from deskhand_guardrails.errors import InputError

    try:
        identity, text, context = _read(line, direction)
    except InputError as error:
        return {"id": None, "line": number, "decision": "block", "text": "", "findings": [], "ms": 0.0,
                "error": str(error)}  # fmt: skip
    check = {"input": rails.check_input, "output": rails.check_output, "retrieved": rails.check_retrieved}[direction]
    verdict = check(text, context)
    result = {
        "id": identity,
        "decision": verdict.decision,
        "text": verdict.text,
        "findings": [asdict(finding) for finding in verdict.findings],
        "ms": round(verdict.milliseconds, 2),
    }
    if scores:
        result["scores"] = rails.scores(text, direction, context)  # type: ignore[arg-type]
    return result


def _read(line: bytes, direction: str) -> tuple[object, str, Context]:
    """A record's id and text, and what the text is checked against.

    Raises:
        InputError: saying what the record lacks.
    """
    from deskhand_guardrails import Context, Pseudonyms, Source
    from deskhand_guardrails.errors import InputError

    try:
        record = json.loads(line)
    except (ValueError, RecursionError):  # their messages quote the line
        raise InputError("not a line of JSON") from None
    if not isinstance(record, dict) or not isinstance(text := record.get("text"), str):
        raise InputError('not a JSON object with a "text" string')
    given = record.get("context") or []
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
        raise InputError('"context" is not a text or a list of texts')
    # Half a surrogate pair (a text cut inside an emoji) is no character; nothing behind could take it.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if direction == "output":
        return record.get("id"), text, Context(pseudonyms=Pseudonyms(), sources=[Source("", one) for one in texts])
    return record.get("id"), text, Context(pseudonyms=Pseudonyms(), conversation=texts)
