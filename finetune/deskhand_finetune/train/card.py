"""The model card of a run, ``README.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def card(info: Mapping[str, Any]) -> str:
    """What the model is, what it learnt from, and what it must not be used for without more."""
    metrics = info["metrics"]
    settings = "\n".join(f"| {name} | {held['value']} | {held['source']} |" for name, held in info["settings"].items())
    versions = ", ".join(f"{name} {number}" for name, number in info["versions"].items())
    held_out = metrics.get("validation_loss", "not measured")
    return f"""# A support model, fine-tuned by Deskhand

Base: `{info["base"]}` ({info["method"]}). Dataset: `{info["dataset"]["name"]}`, fingerprint
`{info["dataset"]["fingerprint"]}`. {metrics["records"]} records, {metrics["steps"]} steps; loss
{metrics["first_loss"]} at first, {metrics["last_loss"]} at last, {held_out} on the validation records.

{metrics["shortened"]} records lost sources to fit the context, {metrics["left_out"]} did not fit and were left out.

It answers from sources that are put into its prompt, in the layout of `deskhand_guardrails.prompt`. Without them, and
without guardrails, its answers are not to be shown to customers. Its quality is measured with `deskhand evaluate`.

| setting | value | source |
|---|---|---|
{settings}

Versions: {versions}.
"""
