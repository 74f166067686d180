"""The dataset card, ``README.md``: YAML front matter as the Hugging Face Hub reads it, then the text."""

from __future__ import annotations

from typing import Any

import yaml

from deskhand_finetune.prepare.leaks import NAMES
from deskhand_finetune.prepare.report import REASONS, PrepareReport
from deskhand_finetune.prepare.residual import Residual

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
LARGEST = "1M<n<10M"


def front_matter(report: PrepareReport) -> dict[str, Any]:
    """The card's metadata. The licence is yours to name: ``other`` keeps the hub from guessing one."""
    records = sum(report.splits.values())
    files = [{"split": name, "path": f"{name}.jsonl"} for name, count in report.splits.items() if count]
    return {
        "pretty_name": "Support tickets, prepared for training",
        "license": "other",
        "license_name": "unpublished",
        "language": [language for language in report.languages if language],
        "task_categories": ["text-generation", "question-answering"],
        "tags": ["customer-support", "conversational", "deskhand"],
        "size_categories": [next((name for size, name in SIZES if records < size), LARGEST)],
        "configs": [{"config_name": "default", "data_files": files}],
    }


def card(report: PrepareReport) -> str:
    """The whole file."""
    sizes = "\n".join(f"| {name} | {count} |" for name, count in report.splits.items())
    reasons = "\n".join(f"| `{name}` | {count} | {REASONS[name]} |" for name, count in report.left_out.items())
    kinds = "\n".join(f"| {name} | {count} |" for name, count in report.replaced.items())
    sources = "\n".join(f"- `{name}`: {why}" for name, why in report.formats.items())
    problems = "\n".join(f"| {name} | {count} |" for name, count in report.kinds)
    residual = Residual.from_json(report.residual)
    looked = "\n".join(f"| {name} | {own['found']} | {own['left']} |" for name, own in residual.kinds.items())
    how = "realistic values of the same kind" if report.settings.get("substitutes") else "numbered placeholders"
    languages = ", ".join(f"{name or 'unknown'} {count}" for name, count in report.languages.items())
    checked = "\n".join(f"| {NAMES[name]} | {count} |" for name, count in report.leaks.items())
    fits = "\n".join(
        f"| {window} | {held['whole']} | {held['windowed']} | {held['too_long']} |"
        for window, held in report.lengths["windows"].items()
    )
    apart = "customers and their companies" if report.split_by == "organization" else "customers"
    periods = list(report.timeline) or ["unknown times"]
    times = periods[0] if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"
    front = yaml.safe_dump(front_matter(report), sort_keys=False, allow_unicode=True)
    return f"""---
{front}---
# Support tickets, prepared for training

{report.tickets} tickets were read, {report.kept} gave records. Made by `deskhand prepare`.
Fingerprint of inputs and settings: `{report.fingerprint}`.

{sources}

Each record is one answer of a human agent, with the conversation before it and the sources that retrieval would have
brought. Tickets of {times}.

| split | records |
|---|---|
{sizes}

Languages of the tickets: {languages}.
{report.hand_overs} training records hold distractors only; their answer hands over.

## Splits
The test is on the newest tickets; {apart} are on one side only, and near-identical conversations are kept once.
Counted afterwards, in the written files:

| leak check | found |
|---|---|
{checked}

## Kinds of problem
Clusters of the questions, named by the words that set them apart:

| kind | tickets |
|---|---|
{problems}

## Lengths
In tokens of the starter model; the longest has {report.lengths["longest"]}. A record longer than a model's context is
windowed in training: its last sources go, then its oldest exchanges. One whose last question and answer alone do not
fit is left out there, and counted.

| context | whole | windowed | too long |
|---|---|---|---|
{fits}

## Left out
Every ticket and message that did not enter is a line of `quarantine.jsonl`.

| reason | count | meaning |
|---|---|---|
{reasons}

## Personal and sensitive information
The tickets were written by customers and agents. Names, addresses, numbers and secrets were replaced by {how},
consistent within a ticket. Detection is not perfect: read a sample before you share the dataset, and treat it as
personal data until you have. What people say about their health, beliefs or family in their own words is not looked
for. If somebody asks for erasure, remove the ticket from the export and prepare again: `ticket_id` is the help desk's.

| kind | replaced |
|---|---|
{kinds}

What may be left, estimated by a second look that shares no rule with the first, over the originals of the kept tickets:
{residual.line()}. It cannot see what both miss.

| second look | found | left |
|---|---|---|
{looked}
"""
