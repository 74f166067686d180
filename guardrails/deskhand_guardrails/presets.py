"""Layers of settings: a detector's defaults, below a preset (``presets.yml``), below what the policy folder says."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

PresetName = Literal["strict", "balanced", "lenient"]
PRESETS: tuple[PresetName, ...] = get_args(PresetName)

Origin = Literal["default", "preset", "file"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A named layer of settings."""

    about: str
    settings: Mapping[str, Any]
    measured: Mapping[str, Any]
    """What it costs, by detector and direction."""


@functools.cache
def preset(name: PresetName) -> Preset:
    """The layer called ``name``."""
    layers = yaml.safe_load(Path(__file__).with_name("presets.yml").read_text(encoding="utf-8"))
    return Preset(**layers[name])


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both layers as one: where both name a key ``above`` holds; mappings are laid over each other key by key."""
    both = dict(below)
    for key, value in above.items():
        known = both.get(key)
        both[key] = over(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return both


def origins(layers: Mapping[Origin, Mapping[str, Any]]) -> dict[str, Origin]:
    """Where each key that a layer names comes from; of several layers the last holds."""
    return {key: origin for origin, layer in layers.items() for key, value in flat(layer) if value != {}}


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each value with its key in dotted form: ``("detectors.injection.input", "block")``."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
