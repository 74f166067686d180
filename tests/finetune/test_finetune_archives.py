"""Archives that are whole, nested, cut off, locked or packed in a way of their own; and times in every usual form."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskhand_finetune.tickets import open_export
from deskhand_finetune.tickets.ticket import BadRecord, iso
from deskhand_finetune.tickets.times import at, is_day_first
from deskhand_guardrails.errors import InputError

LINES = "".join(json.dumps({"prompt": f"Where is lamp {n}?", "completion": "On its way."}) + "\n" for n in range(30))
FILES = {"a/pairs.jsonl": LINES.encode(), "b/pairs.jsonl": LINES.replace("lamp", "tent").encode()}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as pack:
        for name, content in files.items():
            pack.writestr(name, content)
    return out.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as pack:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            pack.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("link.jsonl")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        pack.addfile(link)
    return out.getvalue()


def changed(pack: bytes, place: int, value: int, *, last: bool = True) -> bytes:
    """A zip with another number in a member's entry of its directory and, for fields that it has, in its header."""
    held = bytearray(pack)
    entry = held.rfind(b"PK\x01\x02") if last else held.find(b"PK\x01\x02")
    struct.pack_into("<H", held, entry + place, value)
    if place != VERSION:
        header = held.rfind(b"PK\x03\x04") if last else held.find(b"PK\x03\x04")
        struct.pack_into("<H", held, header + place - 2, value)
    return bytes(held)


VERSION, FLAGS, METHOD = 6, 8, 10  # of a zip's directory entry: APPNOTE.TXT 4.3.12
PACKED, STORED = zipped(FILES), zipped(FILES, zipfile.ZIP_STORED)

ARCHIVES: list[tuple[str, bytes, int, str]] = [
    ("zip", PACKED, 60, ""),
    ("zip in a zip", zipped({"inner.zip": PACKED}), 60, ""),
    ("tar", tarred(FILES), 60, ""),
    ("tar.gz", gzip.compress(tarred(FILES)), 60, ""),
    ("zip without its directory", PACKED[: PACKED.find(b"PK\x01\x02")], 60, "cut off"),
    ("stored zip without its directory", STORED[: STORED.find(b"PK\x01\x02")], 60, "cut off"),
    ("zip cut in its last file", PACKED[: PACKED.rfind(b"PK\x03\x04") + 90], 30, "cut off"),
    ("tar cut in its last file", tarred(FILES)[:4096], 30, "cut off"),
    ("zip that asks for version 17.5", changed(PACKED, VERSION, 175), 60, "cut off"),
    ("zip with one file packed by another method", changed(PACKED, METHOD, 97), 30, "packed in a way"),
    ("zip with one damaged file", PACKED.replace(PACKED[60:70], b"\xff" * 10, 1), 30, "broken"),
    ("zip with a name that no disk takes", zipped({"x" * 300: LINES.encode()} | FILES), 60, "too long"),
]


@pytest.mark.parametrize(("name", "content", "count", "says"), ARCHIVES, ids=[row[0] for row in ARCHIVES])
def test_an_archive_gives_what_can_be_read(tmp_path: Path, name: str, content: bytes, count: int, says: str) -> None:
    path = tmp_path / "export.packed"
    path.write_bytes(content)
    opened = open_export(path)
    assert len({ticket.messages[0].text for ticket in opened}) == count, name
    assert (says in str([bad.reason for bad in opened.quarantined])) if says else not opened.quarantined


DEEP = PACKED
for _ in range(3):
    DEEP = zipped({"inner.zip": DEEP})
REFUSED = [
    ("has a password", changed(PACKED, FLAGS, 1)),
    ("archives within archives", DEEP),
    ("leads out of it", tarred({"../outside.jsonl": LINES.encode()})),
    ("without a file", zipped({"__MACOSX/pairs.jsonl": LINES.encode()})),
]


@pytest.mark.parametrize(("says", "content"), REFUSED, ids=[row[0] for row in REFUSED])
def test_an_archive_not_to_be_trusted_is_refused_in_one_line(tmp_path: Path, says: str, content: bytes) -> None:
    (tmp_path / "export.packed").write_bytes(content)
    with pytest.raises(InputError, match=says) as error:
        open_export(tmp_path / "export.packed")
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["export.packed"]


TIMES = {
    "2025-03-04T10:00:00Z": "2025-03-04T10:00:00Z",
    "2025-03-04T10:00:00+02:00": "2025-03-04T08:00:00Z",
    "2025-03-04T10:00:00.000-0500": "2025-03-04T15:00:00Z",
    "2025-03-04 10:00:00 UTC": "2025-03-04T10:00:00Z",
    "2025/03/04 10:00": "2025-03-04T10:00:00Z",
    "1741082400": "2025-03-04T10:00:00Z",
    "1741082400123": "2025-03-04T10:00:00Z",
    "1741082400.000100": "2025-03-04T10:00:00Z",
    "Tue, 4 Mar 2025 10:00:00 +0100": "2025-03-04T09:00:00Z",
    "4 Mar 2025 10:00:00 -0700": "2025-03-04T17:00:00Z",
    "04/Mar/25 12:05 AM": "2025-03-04T00:05:00Z",
    "04/Mar/25 12:05 PM": "2025-03-04T12:05:00Z",
    "March 4, 2025": "2025-03-04T00:00:00Z",
    "Sept. 4th, 2025 1:30 p.m.": "2025-09-04T13:30:00Z",
    "04.03.2025 10:00": "2025-03-04T10:00:00Z",
    "3/4/2025 10:00": "2025-03-04T10:00:00Z",
    "31/1/99": "1999-01-31T00:00:00Z",
}
NO_TIMES = ["", "yesterday", "31.02.2025", "4 Foo 2025", "2025/13/04", "99999999999999999999", None, True, float("nan")]


@pytest.mark.parametrize(("written", "meant"), TIMES.items())
def test_times_in_every_usual_form(written: str, meant: str) -> None:
    assert iso(at(written)) == meant


@pytest.mark.parametrize("written", NO_TIMES, ids=repr)
def test_what_is_no_time_is_said(written: object) -> None:
    with pytest.raises(BadRecord, match="a time"):
        at(written)


def test_the_day_stands_first_where_the_column_shows_it() -> None:
    assert is_day_first(["3/4/2025", "13/4/2025"])
    assert not is_day_first(["3/4/2025", "4/13/2025", "Mar 14, 2025"])
    assert iso(at("3/4/2025", day_first=True)) == "2025-04-03T00:00:00Z"


FORMS = ("%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%B %d, %Y %I:%M:%S %p", "%d/%b/%Y %H:%M:%S")


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.datetimes(min_value=at("1971-01-01").replace(tzinfo=None), max_value=at("2068-12-31").replace(tzinfo=None)))
def test_a_time_comes_back_from_every_form(moment: object) -> None:
    whole = at(str(moment)).replace(microsecond=0)
    assert {iso(at(whole.strftime(form))) for form in FORMS} == {iso(whole)}
    assert at(whole.timestamp()) == at(str(int(whole.timestamp() * 1000))) == whole
