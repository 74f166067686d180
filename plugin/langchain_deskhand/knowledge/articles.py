"""Markdown articles as passages: one for each section, cut at paragraphs where a section is long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from deskhand_guardrails.errors import InputError
from langchain_deskhand.knowledge.passage import Passage

SUFFIXES = frozenset({".md", ".markdown", ".txt"})

# About 200 word pieces: a passage and its title fit the encoder's window of 256, and a prompt's room for a source.
MOST_WORDS = 150

# Below this a section is a heading without a body ("See also"), which answers nothing.
FEWEST_WORDS = 4

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title:\s*[\"']?(.*?)[\"']?\s*$", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_MARKUP = (
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"!\[[^\]]*\]\([^)]*\)"), ""),
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"</?[a-zA-Z][^>\n]*>"), ""),
    (re.compile(r"&nbsp;"), " "),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
)


def read_article(path: Path, root: Path | None = None) -> Iterator[Passage]:
    """The passages of the article at ``path``, titled "Article › Section", at most 150 words each.

    Args:
        path: a Markdown or plain text file.
        root: what references are relative to; the article's own folder when not given.

    Raises:
        InputError: the file is not UTF-8 text.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    reference = path.relative_to(root or path.parent).as_posix()
    article, body = _article_title(text, path.stem)
    for heading, section in _sections(body):
        if heading and heading != article:
            title, place = f"{article} › {heading}", f"{reference}#{_slug(heading)}"
        else:
            title, place = article, reference
        for passage in _cut(_plain(section)):
            yield Passage(title, passage, place)


def _article_title(text: str, stem: str) -> tuple[str, str]:
    """The first heading of level one, else the front matter's title, else the file's name; and the text without it."""
    front = _FRONT_MATTER.match(text)
    body = text[front.end() :] if front else text
    for heading, level in _headings(body):
        if level == 1:
            return heading, body
    named = _TITLE.search(front[1]) if front else None
    return (named[1] if named and named[1] else stem.replace("-", " ").replace("_", " ")), body


def _headings(body: str) -> Iterator[tuple[str, int]]:
    for line, fenced in _lines(body):
        if not fenced and (heading := _HEADING.match(line)):
            yield _plain(heading[2]), len(heading[1])


def _sections(body: str) -> Iterator[tuple[str, str]]:
    """``(heading, text)`` from top to bottom; the text before the first heading has an empty one."""
    heading, lines = "", list[str]()
    for line, fenced in _lines(body):
        if not fenced and (found := _HEADING.match(line)):
            yield heading, "\n".join(lines)
            heading, lines = _plain(found[2]), []
        else:
            lines.append(line)
    yield heading, "\n".join(lines)


def _lines(body: str) -> Iterator[tuple[str, bool]]:
    """Every line, and whether it stands in a fenced block, where ``#`` begins a comment and no heading."""
    fenced = False
    for line in body.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
            continue
        yield line, fenced


def _plain(text: str) -> str:
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return text.strip()


def _cut(text: str) -> Iterator[str]:
    """Pieces of at most ``MOST_WORDS`` words, cut between paragraphs, else sentences, else words."""
    piece: list[str] = []
    for part in _parts(text):
        words = part.split()
        if piece and len(piece) + len(words) > MOST_WORDS:
            yield from _worth(piece)
            piece = []
        piece += words
    yield from _worth(piece)


def _parts(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        if len(paragraph.split()) <= MOST_WORDS:
            yield paragraph
            continue
        for sentence in re.split(r"(?<=[.!?])\s+|\n", paragraph):
            words = sentence.split()
            for at in range(0, len(words), MOST_WORDS):
                yield " ".join(words[at : at + MOST_WORDS])


def _worth(words: list[str]) -> Iterator[str]:
    if len(words) >= FEWEST_WORDS:
        yield " ".join(words)


def _slug(heading: str) -> str:
    return re.sub(r"[^\w]+", "-", heading.lower()).strip("-")
