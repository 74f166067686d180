"""The shapes of all help desks' exports, and tickets written in them.

A shape is one or more files, each a head, a text per ticket with a joint between them, and a tail, so that whoever
writes a very large export, or damages one ticket's part of it, can do so piece by piece. The shapes follow the help
desks' own documentation; what a reader skips (addresses, IPs, drafts) is in them too.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deskhand_finetune.testing import chats, desks, json_desks, messengers
from deskhand_finetune.testing.shape import Shape
from deskhand_finetune.tickets.ticket import Ticket

SHAPES: dict[str, Shape] = {
    shape.name: shape for shape in (*json_desks.SHAPES, *messengers.SHAPES, *desks.SHAPES, *chats.SHAPES)
}


def write_export(shape: Shape, tickets: Iterable[Ticket], folder: Path) -> list[Path]:
    """Writes tickets as an export of that shape into an existing folder, in constant memory; gives its files.

    The tickets must be ones that the shape can hold: see ``Shape.notes`` and ``Shape.pairs``.
    """
    paths = [folder / part.file for part in shape.parts]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    files = [path.open("w", encoding="utf-8", newline="") for path in paths]
    try:
        joints = [part.head for part in shape.parts]
        for ticket in tickets:
            for number, part in enumerate(shape.parts):
                if text := part.text(ticket):
                    files[number].write(joints[number] + text)
                    joints[number] = part.joint
        for number, part in enumerate(shape.parts):
            files[number].write((part.head if joints[number] is part.head else "") + part.tail)
    finally:
        for file in files:
            file.close()
    return paths
