"""Help articles as passages: Markdown files, one passage per section."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from deskhand_guardrails.errors import InputError
from deskhand_guardrails.prompt import Source

HEADING = re.compile(r"^(#{1,3})\s+(.*)$")
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
FEWEST_WORDS = 5


def read_articles(folders: Sequence[Path]) -> list[Source]:
    """The sections of every ``.md`` file in ``folders``, files sorted by path.

    Raises:
        InputError: a folder does not exist or holds no Markdown.
    """
    found: list[Source] = []
    for folder in folders:
        if not folder.exists():
            raise InputError(f"{folder}: no such folder of articles; check the path")
        files = [folder] if folder.is_file() else sorted(folder.rglob("*.md"))
        if not files:
            raise InputError(f"{folder}: no .md file in it; articles are Markdown files")
        for file in files:
            found.extend(_sections(file.read_text(encoding="utf-8", errors="replace"), file.name))
    return found


def _sections(text: str, name: str) -> Iterator[Source]:
    title, heading, held = Path(name).stem.replace("-", " "), "", []
    for line in [*FRONT_MATTER.sub("", text).split("\n"), "# "]:
        match = HEADING.match(line) or (line == "# " and HEADING.match("# end"))
        if not match:
            held.append(line)
            continue
        body = " ".join(" ".join(held).split())
        if len(body.split()) >= FEWEST_WORDS:
            yield Source(f"{title}: {heading}" if heading else title, body, reference=name)
        held = []
        if match[1] == "#":
            title, heading = match[2].strip(), ""
        else:
            heading = match[2].strip()
