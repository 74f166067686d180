"""Web pages as articles: the main part of the page, its headings as sections; what a reader cannot see is left out.

``<meta name="access" content="staff, partners">`` names the labels.
"""

from __future__ import annotations

import re
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from deskhand_guardrails.errors import InputError
from langchain_deskhand.knowledge.access import labels
from langchain_deskhand.knowledge.article import Article, Section

# Hidden text is where planted orders stand.
DROPPED = (
    "script, style, noscript, template, nav, footer, aside, button, select, iframe, svg, [hidden], "
    "[aria-hidden=true], [style*='display:none'], [style*='display: none'], [style*='visibility:hidden']"
)
MAIN = ("main", "[role=main]", "article", "body")

_CHARSET = re.compile(rb"<meta[^>]+charset=[\"']?([\w-]+)", re.IGNORECASE)
_HEADING = re.compile(r"h[1-6]")

_BLOCK_TAGS = (
    "address article blockquote body dd div dl dt fieldset figure form header hr li main ol p pre section table "
    "tbody thead tr ul"
)
BLOCKS = frozenset(_BLOCK_TAGS.split())


def read_webpage(path: Path) -> Article:
    """The article in an HTML file.

    Raises:
        InputError: its text cannot be decoded, or its access labels cannot be read.
    """
    raw = path.read_bytes()
    named = _CHARSET.search(raw[:2048])
    try:
        html = raw.decode(named[1].decode() if named else "utf-8-sig")
    except (UnicodeDecodeError, LookupError) as error:
        raise InputError(f"{path}: not text in the encoding that it names (or UTF-8); save it as UTF-8") from error
    return article_of(html, path)


def article_of(html: str, path: Path) -> Article:
    """The article in ``html``; ``path`` names it where it does not name itself, and in errors."""
    page = LexborHTMLParser(html)
    access = page.css_first("meta[name=access]")
    allowed = labels(access.attributes.get("content") or "", path) if access else ()
    if access and not allowed:
        raise InputError(f"{path}: its meta tag access names no label; name one, or leave it out for everybody")
    title = page.css_first("title")
    for node in page.css(DROPPED):
        node.decompose()
    root = next((found for one in MAIN if (found := page.css_first(one))), None)
    if root is None:
        raise InputError(f"{path}: an empty page")
    heading = root.css_first("h1")
    name = _line(heading.text()) if heading else _line(title.text()) if title else ""
    walk = _Walk()
    walk.read(root)
    return Article(name or path.stem.replace("-", " ").replace("_", " "), tuple(walk.sections()), allowed)


class _Walk:
    """Gathers sections in the page's order; without recursion, since pages can be nested thousands deep."""

    def __init__(self) -> None:
        self._found: list[tuple[str, list[str]]] = [("", [])]

    def read(self, root: LexborNode) -> None:
        ahead: list[LexborNode | str] = [root]
        while ahead:
            node = ahead.pop()
            if isinstance(node, str):
                self._add(node)
            elif node.tag == "-text":
                self._add(re.sub(r"\s+", " ", node.text_content or ""))
            elif node.tag and _HEADING.fullmatch(node.tag):
                self._found.append((_line(node.text()), []))
            elif node.tag in ("br", "tr"):
                ahead += [*reversed(list(node.iter(include_text=True))), "\n"]
            elif node.tag in BLOCKS:
                start = "\n\n- " if node.tag == "li" else "\n\n"
                ahead += ["\n\n", *reversed(list(node.iter(include_text=True))), start]
            else:
                end = [" "] if node.tag in ("td", "th") else []
                ahead += [*end, *reversed(list(node.iter(include_text=True)))]

    def _add(self, text: str) -> None:
        self._found[-1][1].append(text)

    def sections(self) -> list[Section]:
        return [Section(heading, "".join(text).strip()) for heading, text in self._found]


def _line(text: str) -> str:
    return " ".join(text.split())
