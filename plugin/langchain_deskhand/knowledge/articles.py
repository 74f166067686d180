"""Articles as passages: one for each section, cut at paragraphs where a section is long.

Markdown and text are read here, web pages by ``webpage``, PDF and Word by ``office``; all become an :class:`Article`.
Front matter may name ``title`` and ``access``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from deskhand_guardrails.errors import InputError
from langchain_deskhand.knowledge.access import labels
from langchain_deskhand.knowledge.article import Article, Section
from langchain_deskhand.knowledge.office import read_docx, read_pdf
from langchain_deskhand.knowledge.passage import Passage
from langchain_deskhand.knowledge.webpage import read_webpage

# About 200 word pieces: a passage and its title fit the encoder's window of 256, and a prompt's room for a source.
MOST_WORDS = 150

# Below this a section is a heading without a body ("See also"), which answers nothing.
FEWEST_WORDS = 4

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title:\s*[\"']?(.*?)[\"']?\s*$", re.MULTILINE)
_NAMES_ACCESS = re.compile(r"^[\s\"']*access\b", re.MULTILINE | re.IGNORECASE)
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


def read_article(path: Path, root: Path | None = None, access: tuple[str, ...] = ()) -> Iterator[Passage]:
    """The passages of the article at ``path``, titled "Article › Section", at most 150 words each.

    Args:
        path: a file with one of the ``SUFFIXES``.
        root: what references are relative to; the article's own folder when not given.
        access: its labels, if it names none itself.

    Raises:
        InputError: the file cannot be read; the message says why.
    """
    article = READERS[path.suffix.lower()](path)
    reference = path.relative_to(root or path.parent).as_posix()
    allowed = article.access or access
    for section in article.sections:
        named = section.heading and section.heading != article.title
        title = f"{article.title} › {section.heading}" if named else article.title
        place = section.place or (_slug(section.heading) if named else "")
        for text in _cut(section.text):
            yield Passage(title, text, f"{reference}#{place}" if place else reference, allowed)


def read_markdown(path: Path) -> Article:
    """A Markdown or plain text file.

    Raises:
        InputError: it is not UTF-8 text, or its front matter does not say clearly who may read it.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    front = _FRONT_MATTER.match(text)
    body = text[front.end() :] if front else text
    title = next((heading for heading, level in _headings(body) if level == 1), "")
    if not title:
        named = _TITLE.search(front[1]) if front else None
        title = named[1] if named and named[1] else path.stem.replace("-", " ").replace("_", " ")
    sections = tuple(Section(heading, _plain(section)) for heading, section in _sections(body))
    return Article(title, sections, _access(front[1], path) if front else ())


READERS = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_markdown,
    ".html": read_webpage,
    ".htm": read_webpage,
    ".pdf": read_pdf,
    ".docx": read_docx,
}

SUFFIXES = frozenset(READERS)


def _access(front: str, path: Path) -> tuple[str, ...]:
    """The labels in the front matter; front matter that is no YAML counts as none only if it does not name access."""
    if not _NAMES_ACCESS.search(front):
        return ()
    try:
        held = yaml.safe_load(front)
    except yaml.YAMLError as error:
        raise InputError(
            f"{path}: its front matter is not YAML, so nobody knows who may read it; correct it"
        ) from error
    found = labels(held.get("access"), path) if isinstance(held, dict) else ()
    if not found:
        raise InputError(f"{path}: access names no label; name one, or leave the line out for everybody")
    return found


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
