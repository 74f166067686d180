"""A model's or server's replies to the probes: asked a few at a time, written as they come, taken up again, judged.

The file that is written holds transcripts (the attack and the reply); the rows that are returned do not.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO

from deskhand_guardrails.errors import DeskhandError, InputError, UnavailableError
from deskhand_guardrails.progress import Track, quiet
from deskhand_guardrails.redteam.judge import Judge
from deskhand_guardrails.redteam.probes import Probe
from deskhand_guardrails.redteam.replies import Reply

FAILURES_IN_A_ROW = 5
"""A server that fails so often in a row is gone: going on would only wait for one time-out after the other."""


class Target(Protocol):
    """Something that answers customers."""

    @property
    def name(self) -> str:
        """What it is: answers of another target are not taken up."""
        ...

    def answer(self, probe: Probe) -> Reply:
        """The reply to the probe's last message. Safe to call from several threads.

        Raises:
            UnavailableError: there is none.
        """
        ...


def drive(
    target: Target, probes: Sequence[Probe], judge: Judge, *, out: Path | None = None, at_once: int = 1,
    track: Track = quiet,
) -> list[dict[str, Any]]:  # fmt: skip
    """Asks ``target`` every probe and judges the replies; rows for ``figures``, in the order of the probes.

    A reply that cannot be had is a row with the status ``error``; it is asked for again when the same file is taken up.

    Args:
        target: who answers.
        probes: what to ask.
        judge: judges; replies that stand in ``out`` already are judged anew.
        out: a JSON Lines file of transcripts, begun or gone on with.
        at_once: how many questions are under way at a time.
        track: shows progress.

    Raises:
        InputError: ``out`` holds something else.
        UnavailableError: several probes in a row had no reply.
    """
    known = _known(out, target.name) if out is not None else {}
    replies: dict[str, Reply | None] = dict(known)
    left = [probe for probe in probes if probe.id not in known]
    with _appending(out) as file, ThreadPoolExecutor(at_once) as pool:
        asked = {pool.submit(_timed, target, probe): probe for probe in left}
        failed = 0
        try:
            for done in track(as_completed(asked), "Asking", len(asked)):
                reply, error = _result(done)
                replies[asked[done].id] = reply
                failed = failed + 1 if reply is None else 0
                if reply is not None and file is not None:
                    file.write(_line(_transcript(target, asked[done], reply)))
                    file.flush()
                if failed == FAILURES_IN_A_ROW:
                    raise UnavailableError(f"{target.name}: {failed} questions in a row had no answer ({error})")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    rows = [_row(probe, replies[probe.id], judge) for probe in probes]
    if out is not None:
        _finish(out, target, probes, replies, rows)
    return rows


def _timed(target: Target, probe: Probe) -> Reply:
    began = time.perf_counter()
    reply = target.answer(probe)
    spent = round(1000 * (time.perf_counter() - began))
    return Reply(reply.text, reply.status, {**reply.details, "ms": spent})


def _result(done: Future[Reply]) -> tuple[Reply | None, str]:
    try:
        return done.result(), ""
    except DeskhandError as error:
        return None, str(error)


def _row(probe: Probe, reply: Reply | None, judge: Judge) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": probe.id,
        "family": probe.family,
        "kind": probe.kind,
        "language": probe.language,
        "status": "error" if reply is None else reply.status,
        "succeeded": False,
        "shown_by": "",
    }
    if reply is not None:
        judged = judge(probe, reply)
        row.update(succeeded=judged.succeeded, shown_by=judged.shown_by)
    return row


def _transcript(target: Target, probe: Probe, reply: Reply) -> dict[str, Any]:
    return {
        "id": probe.id,
        "target": target.name,
        "status": reply.status,
        "messages": [{"role": role, "content": text} for role, text in probe.turns],
        "documents": [{"title": one.title, "text": one.text} for one in probe.documents],
        "answer": reply.text,
        "details": dict(reply.details),
    }


def _known(out: Path, name: str) -> dict[str, Reply]:
    """The replies that stand in ``out``; a line that was cut off in writing is left out."""
    if not out.exists():
        return {}
    found: dict[str, Reply] = {}
    lines = out.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            reply = Reply(record["answer"], record["status"], record["details"])
            identity, target = record["id"], record["target"]
        except (ValueError, TypeError, KeyError):
            if number == len(lines):
                break
            raise InputError(f"{out}: line {number}: no transcript of a red-team run; name another file") from None
        if target != name:
            raise InputError(f"{out}: line {number}: answers of {target}, not of {name}; name another file")
        found[identity] = reply
    return found


@contextmanager
def _appending(out: Path | None) -> Iterator[TextIO | None]:
    if out is None:
        yield None
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists() and (held := out.read_bytes()) and not held.endswith(b"\n"):
        os.truncate(out, held.rfind(b"\n") + 1)
    with out.open("a", encoding="utf-8") as file:
        yield file


def _finish(
    out: Path, target: Target, probes: Sequence[Probe], replies: dict[str, Reply | None], rows: list[dict[str, Any]]
) -> None:
    """Writes the file again with the judgements, in the order of the probes; replies to other probes are kept."""
    judged = {row["id"]: row for row in rows}
    lines = [
        _line({**_transcript(target, probe, reply), **judged[probe.id]})
        for probe in probes
        if (reply := replies[probe.id]) is not None
    ]
    others = [line for line in out.read_text(encoding="utf-8").splitlines() if json.loads(line)["id"] not in judged]
    fresh = out.with_name(f".{out.name}.{os.getpid()}.partial")
    fresh.write_text("".join([*lines, *(f"{line}\n" for line in others)]), encoding="utf-8")
    fresh.replace(out)


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
