"""Whatever tickets say, an export of them in the shape of every help desk is read as it was written."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskhand_finetune.testing import SHAPES, Shape, write_export
from deskhand_finetune.tickets import Message, Options, Ticket, open_export

_PLAIN = "lamp Größe it's «oui» 日本 😀 €5,50; and/or 100% No. C:\\new naïve — (twice) 7"
_MARKED = '"quoted" <b> &amp; a<b && {"a":1} [x] <!-- =C3 don\'t, | # * _y_ @olu'
PLAIN, MARKED = _PLAIN.split(), [*_PLAIN.split(), *_MARKED.split()]


def texts(shape: Shape) -> st.SearchStrategy[str]:
    words = st.lists(st.sampled_from(PLAIN if shape.plain else MARKED), min_size=1, max_size=6).map(" ".join)
    body = words if shape.plain else st.lists(words, min_size=1, max_size=3).map("\n".join)
    # A text begins and ends with a word: readers may tidy what stands around it.
    return body.map(lambda text: f"Well, {text} so it is.")


@st.composite
def tickets(draw: Callable[[st.SearchStrategy[Any]], Any], shape: Shape) -> list[Ticket]:
    made = []
    between = st.lists(st.sampled_from(["customer", "agent", "note"]), max_size=4)
    closed = shape.format in ("helpscout", "salesforce", "hubspot", "intercom")
    for number in range(draw(st.integers(1, 3))):
        start = datetime(2025, 3, 4, 10, tzinfo=UTC) + timedelta(hours=number)
        kinds = ["customer", *([] if shape.pairs else draw(between)), "agent"]
        turns = [(kind, draw(texts(shape))) for kind in kinds if shape.notes or kind != "note"]
        messages = tuple(
            Message(
                "customer" if kind == "customer" else "agent",
                f"{text} ({minute})",
                start + timedelta(minutes=minute),
                public=kind != "note",
            )
            for minute, (kind, text) in enumerate(turns)
        )
        made.append(
            Ticket(str(71_003 + 1_111 * number), shape.format, messages, start, f"Lamp {number}", messages[-1].at,
                   "closed" if closed else "solved", ("lamp",), customer=str(500_017 + 1_111 * number))
        )  # fmt: skip
    return made


def kept(ticket: Ticket, shape: Shape) -> tuple[object, ...]:
    """What must come back, as far as the shape can hold it."""
    fields = [getattr(ticket, name) for name in sorted(shape.keeps - {"times", "authors"})]
    said = [(one.role, one.public, meant(one.text)) for one in ticket.messages]
    return (*fields, *said, *(one.at for one in ticket.messages if "times" in shape.keeps))


def meant(text: str) -> str:
    """A message as it was written, where the export holds it as HTML."""
    bare = html.unescape(text.removeprefix("<div>").removesuffix("</div>")) if text.startswith("<div>") else text
    return " ".join(bare.split())


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_what_was_written_is_read(shape: Shape) -> None:
    @settings(max_examples=8, deadline=None, database=None, derandomize=True)
    @given(tickets(shape))
    def check(written: list[Ticket]) -> None:
        with TemporaryDirectory() as folder:
            write_export(shape, written, Path(folder))
            export = open_export(Path(folder), options=Options(public_comments=shape.unsaid))
            assert export.format == shape.format
            read = sorted(export, key=lambda ticket: ticket.created_at)
            assert export.quarantined == []
        assert [kept(ticket, shape) for ticket in read] == [kept(ticket, shape) for ticket in written]

    check()
