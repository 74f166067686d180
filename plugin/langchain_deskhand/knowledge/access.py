"""Access labels: ``access: [staff, partners]`` on a document, and the labels that whoever asks holds.

A document with labels is found by those who hold at least one of them; a document without is public. What cannot be
read as labels is an error, never "public".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from deskhand_guardrails.errors import InputError

_LABEL = re.compile(r"[\w.:@/-]{1,64}")


def may_see(wanted: Iterable[str], access: frozenset[str]) -> bool:
    """Whether a document with the labels ``wanted`` is for whoever holds ``access``."""
    held = frozenset(wanted)
    return not held or bool(held & access)


def labels(value: object, where: object) -> tuple[str, ...]:
    """The labels of a list, or of a text with commas between them; sorted, each once.

    Args:
        value: what a document or an option says.
        where: the file or option, for the error.

    Raises:
        InputError: it holds something else than labels.
    """
    found = [part.strip() if isinstance(part, str) else part for part in _parts(value)]
    found = [part for part in found if part != ""]
    named = [label for label in found if isinstance(label, str) and _LABEL.fullmatch(label)]
    if len(named) != len(found):
        raise InputError(f"{where}: access takes labels such as [staff, partners] (letters, digits and .:@/-_)")
    return tuple(sorted(set(named)))


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, str):
        return value.split(",")
    return value if isinstance(value, (list, tuple, set, frozenset)) else [value]
