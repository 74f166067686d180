"""The shipped policy copied out for editing, with every detector's keys written into it as comments."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from deskhand_guardrails.errors import InputError
from deskhand_guardrails.policy import DEFAULT_FOLDER
from deskhand_guardrails.presets import PresetName, over, preset
from deskhand_guardrails.registry import registered

# Where the shipped file is filled in; the line break keeps other keys of that name out.
END = "...\n"

_PRESET_LINE = "\n      preset: balanced\n"
_DETECTORS_LINE = "\n      detectors: {}\n"


def init(folder: Path, name: PresetName = "balanced") -> None:
    """Writes the shipped policy with preset ``name`` into ``folder``, which is made.

    Raises:
        InputError: the folder holds something already.
        ConfigError: a detector cannot be registered.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is not an empty folder; name a new one, or edit the policy that is there")
    lines = "".join(f"        #{line}\n" for line in _listed(preset(name).settings.get("detectors", {})))
    text = (DEFAULT_FOLDER / "config.yml").read_text(encoding="utf-8")
    text = text.replace(_PRESET_LINE, _PRESET_LINE.replace("balanced", name))
    text = text.replace(_DETECTORS_LINE, _DETECTORS_LINE.replace(" {}", "") + lines)
    shutil.copytree(DEFAULT_FOLDER, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "config.yml").write_text(text, encoding="utf-8")


def _listed(layer: Mapping[str, Any]) -> Iterator[str]:
    """Each detector with what it finds, and its keys as they are without a word in the file."""
    for name, one in registered().items():
        about = (getattr(one, "__doc__", None) or "").strip().partition("\n")[0]
        yield from ("", f" {about}") if about else ("",)
        yield f" {name}:"
        values = over(one.settings().model_dump(), layer.get(name, {}))
        if set(values["threshold"].values()) == {None}:
            values["threshold"] = None
        for key, value in values.items():
            # A scalar ends with YAML's end of document.
            shown = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
            yield f"   {key}: {shown.removesuffix(END).rstrip()}"
