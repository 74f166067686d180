"""Every ``bash`` and ``python`` block of the README and of ``docs/`` runs, page after page, in one working folder.

The folder starts with what the pages suppose a reader to have: ``export/`` (the first tickets of the sample) and
``help-centre/`` (its articles). Blocks that never end are ``console`` or ``text`` blocks; the Slack page's example
needs a fake workspace around it and runs in ``tests/slack``.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("prepare", "train", "answer", "guardrails", "redteam", "review", "web", "langchain", "slack", "settings")
_BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TICKETS = 80


@dataclass(frozen=True)
class Example:
    page: str
    line: int
    language: str
    code: str


def examples(page: Path) -> list[Example]:
    text = page.read_text(encoding="utf-8")
    return [
        Example(page.stem, text[: match.start()].count("\n") + 1, match[1], match[2]) for match in _BLOCK.finditer(text)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sample = Path(str(files("deskhand") / "sample"))
    shutil.copytree(sample / "articles", tmp_path / "help-centre")
    (tmp_path / "export").mkdir()
    shutil.copy(sample / "export" / "users.json.gz", tmp_path / "export")
    with (
        gzip.open(sample / "export" / "tickets.json.gz", "rt", encoding="utf-8") as tickets,
        gzip.open(tmp_path / "export" / "tickets.json.gz", "wt", encoding="utf-8") as few,
    ):
        few.writelines(islice(tickets, TICKETS))
    return tmp_path


def run(example: Example, folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = folder / "example"
    script.write_text(example.code, encoding="utf-8")
    command = (
        ["bash", "-euo", "pipefail"] if example.language == "bash" else [sys.executable, "-W", "error::SyntaxWarning"]
    )
    result = subprocess.run(
        [*command, script.name],
        cwd=folder,
        env={**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    script.unlink()
    assert result.returncode == 0, (
        f"docs/{example.page}.md:{example.line}\n{example.code}\n{result.stdout}{result.stderr}"
    )


def test_every_page_is_in_the_list_and_linked_from_the_readme() -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert {page.stem for page in DOCS.glob("*.md")} == set(PAGES)
    assert all(f"docs/{page}.md" in readme for page in PAGES)


def test_links_lead_somewhere() -> None:
    for page in [*DOCS.glob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_example_runs(folder: Path) -> None:
    found = [example for page in PAGES if page != "slack" for example in examples(DOCS / f"{page}.md")]
    assert len(found) >= 12, "the docs lost their examples"
    for example in found:
        run(example, folder)
