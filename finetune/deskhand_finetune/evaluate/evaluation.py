"""``evaluate``: how good is a run on held-out tickets, beside its untuned base and plain retrieval.

Three answerers get the same test records: the run, its base with the same prompts, and ``nearest``, which gives the
first source's text as it stands. A fine-tuned model that does not beat ``nearest`` has learnt nothing that a search
would not do.
"""

from __future__ import annotations

import gc
import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deskhand_finetune.dataset import Dataset
from deskhand_finetune.disk import disk_errors, refuse_foreign, write_json, write_jsonl
from deskhand_finetune.evaluate.calibration import Measured, measure, token_logprobs
from deskhand_finetune.evaluate.exposure import exposure, repeated
from deskhand_finetune.evaluate.generate import answers, mean_loss
from deskhand_finetune.evaluate.key import AnswerKey, Judgement
from deskhand_finetune.evaluate.report import memorised, page
from deskhand_finetune.models import load, quiet_libraries
from deskhand_finetune.runs import Run
from deskhand_guardrails.encoder import Encoder
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.progress import Track, quiet
from deskhand_guardrails.prompt import HAND_OVER
from deskhand_guardrails.training_text import TrainingText

METRICS = "metrics.json"
FIRST_SOURCE = re.compile(r"^\[1\] [^\n]*\n([^\n]*)", re.MULTILINE)


@dataclass(slots=True)
class Answerer:
    """One column of the table: its answers to every record, and what is known about them."""

    name: str
    answers: list[str]
    seconds: float = 0.0
    loss: float | None = None
    logprobs: list[list[float]] = field(default_factory=list)
    """Of each answer's tokens; for the run alone."""
    judgements: list[Judgement] = field(default_factory=list)
    exposure: dict[str, Any] | None = None
    """How well it knows the training data's canaries; for the run alone."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured; ``metrics`` is the content of ``metrics.json``."""

    out: Path
    metrics: Mapping[str, Any]

    def lines(self) -> list[str]:
        """The table, for people."""
        found = [f"{self.metrics['records']} test records, {self.metrics['judged']} of them in the answer key"]
        for name, held in self.metrics["answerers"].items():
            right = f"right {held['right']:.1%}, " if held.get("right") is not None else ""
            loss = f", loss {held['loss']:.3f}" if held.get("loss") is not None else ""
            found.append(f"{name}: {right}similarity to the agent's answer {held['similarity']:.3f}{loss}")
        if sure := self.metrics["confidence"]:
            found.append(
                f"confidence: calibration error {sure['ece']:.3f}, area under risk and coverage {sure['aurc']:.3f} "
                f"(without knowledge {sure['aurc_chance']:.3f})"
            )
        return [*found, *memorised(self.metrics["memorisation"])]


def evaluate(
    run: str | Path,
    dataset: str | Path,
    out: str | Path,
    *,
    answer_key: str | Path | None = None,
    baselines: bool = True,
    limit: int | None = None,
    track: Track = quiet,
) -> Evaluation:
    """Measures a run on the test records of a dataset and writes ``metrics.json``, ``answers.jsonl``, ``report.html``.

    Args:
        run: a run folder, or any model folder.
        dataset: the dataset folder; its ``test.jsonl`` is answered, and canaries in ``train.jsonl`` are looked for.
        out: the folder to write.
        answer_key: which kind of answer each ticket needs, see ``key``; without it there is no right-answer rate.
        baselines: also measures the untuned base and the nearest ticket.
        limit: uses only so many records, evenly spread over the test.
        track: shows progress.

    Raises:
        InputError: an input cannot be used, or ``out`` holds something else.
    """
    out = Path(out)
    opened = Run.open(run)
    data = Dataset.open(dataset)
    refuse_foreign(out, METRICS, "evaluation")
    key = AnswerKey.load(Path(answer_key)) if answer_key is not None else None
    records = _spread(list(data.records("test")), limit)
    if not records:
        raise InputError(f"{data.folder}: test.jsonl holds no record; prepare more tickets")
    planted = [record for record in data.records("train") if record.get("canary")]
    columns = [_measure("run", str(opened.folder), records, track, planted=planted, logprobs=True)]
    if baselines:
        if opened.info:
            columns.append(_measure("base", opened.base_path, records, track))
        columns.append(Answerer("nearest", [_nearest(record) for record in records]))
    if key is not None:
        key.learn(data.records("train"))
    kinds = [key.kind_of(record) if key else "" for record in records]
    judged = [place for place, kind in enumerate(kinds) if kind]
    if key is not None:
        for column in columns:
            column.judgements = key.judge([column.answers[p] for p in judged], [kinds[p] for p in judged])
    right = {place: one.is_right for place, one in zip(judged, columns[0].judgements, strict=False)}
    sure = measure(records, columns[0].answers, columns[0].logprobs, right)
    metrics = {
        "run": {"folder": opened.folder.name, "base": opened.base, "fingerprint": opened.fingerprint},
        "dataset": {"folder": data.folder.name, "fingerprint": data.fingerprint},
        "records": len(records),
        "judged": len(judged),
        "answerers": _figures(columns, records),
        "kinds": _by_kind(columns),
        "confidence": sure.figures if sure else None,
        "memorisation": {
            "training_text": repeated(TrainingText.load(data.folder), records, columns[0].answers),
            "canaries": columns[0].exposure,
        },
    }
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        write_jsonl(_rows(columns, records, judged), out / "answers.jsonl")
        (out / "report.html").write_text(page(metrics, list(_rows(columns, records, judged))), encoding="utf-8")
        write_json(metrics, out / METRICS)
        _keep(sure, opened, out)
    return Evaluation(out, metrics)


def _spread(records: list[dict[str, Any]], limit: int | None) -> list[dict[str, Any]]:
    if limit is None or limit >= len(records):
        return records
    return [records[place * len(records) // limit] for place in range(limit)]


def _keep(sure: Measured | None, run: Run, out: Path) -> None:
    """Beside the figures, and in the run folder, where the desk looks for it; not beside a model that is not ours."""
    if sure is not None:
        sure.calibration.save(out)
        if run.info:
            sure.calibration.save(run.folder)


def _measure(
    name: str,
    source: str,
    records: Sequence[Mapping[str, Any]],
    track: Track,
    *,
    planted: Sequence[Mapping[str, Any]] = (),
    logprobs: bool = False,
) -> Answerer:
    with quiet_libraries():
        model, tokenizer = load(source)
        _to_device(model)
        loss = mean_loss(model, tokenizer, records, track=track, what=f"loss of the {name}")
        started = time.monotonic()
        written = answers(model, tokenizer, records, track=track, what=f"answers of the {name}")
        seconds = time.monotonic() - started
        probable = token_logprobs(model, tokenizer, records, written) if logprobs else []
        known = exposure(model, tokenizer, planted, track=track) if planted else None
    del model
    gc.collect()
    return Answerer(name, written, round(seconds, 1), round(loss, 4), probable, exposure=known)


def _to_device(model: Any) -> None:  # noqa: ANN401 - transformers is untyped
    import torch

    if torch.cuda.is_available():
        model.to("cuda")


def _nearest(record: Mapping[str, Any]) -> str:
    match = FIRST_SOURCE.search(record["messages"][0]["content"])
    return match[1] if match else HAND_OVER


def _figures(columns: Sequence[Answerer], records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    encoder = Encoder.shipped()
    wanted = encoder.encode([record["messages"][-1]["content"] for record in records])
    figures: dict[str, Any] = {}
    for column in columns:
        written = encoder.encode([answer or " " for answer in column.answers])
        right = [judgement.is_right for judgement in column.judgements]
        near = [judgement.kind == judgement.nearest for judgement in column.judgements]
        figures[column.name] = {
            "right": sum(right) / len(right) if right else None,
            "right_kind": sum(near) / len(near) if near else None,
            "similarity": round(float((wanted * written).sum(axis=1).mean()), 4),
            "hand_overs": sum(answer == HAND_OVER for answer in column.answers) / len(column.answers),
            "loss": column.loss,
            "seconds": column.seconds,
        }
    return figures


def _by_kind(columns: Sequence[Answerer]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, list[bool]]] = defaultdict(dict)
    for column in columns:
        for judgement in column.judgements:
            found[judgement.kind].setdefault(column.name, []).append(judgement.is_right)
    return {
        kind: {
            "records": len(next(iter(held.values()))),
            **{name: sum(right) / len(right) for name, right in held.items()},
        }
        for kind, held in sorted(found.items())
    }


def _rows(
    columns: Sequence[Answerer], records: Sequence[Mapping[str, Any]], judged: Sequence[int]
) -> list[dict[str, Any]]:
    """One row per record: what was asked, what the agent said, what each answerer said and whether it was right."""
    place_in_key = {place: number for number, place in enumerate(judged)}
    rows = []
    for place, record in enumerate(records):
        row: dict[str, Any] = {
            "ticket_id": record.get("ticket_id", ""),
            "question": record["messages"][-2]["content"] if len(record["messages"]) > 1 else "",
            "agent": record["messages"][-1]["content"],
        }
        for column in columns:
            row[column.name] = {"answer": column.answers[place]}
            if place in place_in_key and column.judgements:
                judgement = column.judgements[place_in_key[place]]
                row["kind"] = judgement.kind
                row[column.name] |= {
                    "right": judgement.is_right,
                    "nearest_kind": judgement.nearest,
                    "missing": list(judgement.missing),
                }
        rows.append(row)
    return rows
