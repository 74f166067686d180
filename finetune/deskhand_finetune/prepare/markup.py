"""HTML to text: blocks become lines, list items ``- ``; quoted history goes by the marks that mail clients leave."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

IS_HTML = re.compile(
    r"</?(?:div|p|br|span|table|html|body|blockquote|ul|ol|li|a|b|strong|em|i|font|pre|h[1-6])(?:\s[^<>]*)?/?>", re.I
)

DROPPED = (
    "script, style, head, title, template, noscript, button, input, select, textarea, "
    "[hidden], [style*='display:none'], [style*='display: none'], "
    "blockquote[type=cite], [class*=gmail_quote], .gmail_attr, .gmail_signature, .yahoo_quoted, .moz-cite-prefix, "
    ".moz-signature, .protonmail_quote, .zmail_extra, .freshdesk_quote, #OLK_SRC_BODY_SECTION, #Signature, "
    "[id$=ms-outlook-mobile-signature], [data-marker=__HEADERS__], [data-marker=__QUOTED_TEXT__], "
    ".zd-comment .zd-comment"
)
# Outlook puts the history after these marks, not inside them; forwarding adds an "x_".
DROPPED_FROM = "[id$=appendonsend], [id$=divRplyFwdMsg], #mail-editor-reference-message-container"

_BLOCKS = """
    address article aside blockquote body dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr li main
    nav ol p pre section table tbody thead tr ul
"""
BLOCKS = frozenset(_BLOCKS.split())
SPACED = frozenset(["p", "h1", "h2", "h3", "ul", "ol"])
LONGEST_LINK = 120
# Deeper than any mail; a hostile nesting must not exhaust the stack.
DEEPEST = 200
ITEM = re.compile(r"- |\d+\. ")


def is_html(text: str) -> bool:
    """Whether the text holds tags that a mail or help desk would write."""
    return IS_HTML.search(text) is not None


def to_text(html: str) -> str:
    """The readable text of ``html``; links keep their address in brackets unless it is their text."""
    tree = LexborHTMLParser(html)
    for node in tree.css(DROPPED_FROM):
        while node.next is not None:
            node.next.decompose()
        node.decompose()
    for node in tree.css(DROPPED):
        node.decompose()
    parts: list[str] = []
    if tree.body is not None:
        _walk(tree.body, parts, 0)
    lines = [re.sub(r"[ \t\r\f\v\u00a0]+", " ", line).strip() for line in "".join(parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _walk(node: LexborNode, parts: list[str], depth: int) -> None:
    """Appends the text below ``node``; numbers the items of an ordered list."""
    child = node.child
    is_kept, is_ordered, number = node.tag == "pre", node.tag == "ol", 0
    while child is not None:
        tag = child.tag or ""
        if tag == "-text":
            text = child.text_content or ""
            parts.append(text if is_kept else text.replace("\n", " "))
        elif tag == "br":
            parts.append("\n")
        elif tag == "a":
            parts.append(_link(child))
        elif tag not in ("-comment", "img") and depth < DEEPEST:
            number += tag == "li"
            _element(child, tag, parts, depth, f"{number}. " if is_ordered else "- ")
        child = child.next


def _element(node: LexborNode, tag: str, parts: list[str], depth: int, item: str) -> None:
    is_block = tag in BLOCKS
    if is_block:
        _break(parts)
    if tag == "li":
        parts.append(item)
    inner: list[str] = []
    _walk(node, inner, depth + 1)
    if tag == "blockquote":
        inner = ["> " + line + "\n" for line in "".join(inner).split("\n") if line.strip()]
    parts.extend(inner)
    if tag in ("td", "th"):
        parts.append(" ")
    if is_block:
        _break(parts)
    is_nested = tag in ("ul", "ol") and node.parent is not None and node.parent.tag == "li"
    if tag in SPACED and not is_nested:
        parts.append("\n")


def _break(parts: list[str]) -> None:
    if parts and not parts[-1].endswith("\n") and not ITEM.fullmatch(parts[-1]):
        parts.append("\n")


def _link(node: LexborNode) -> str:
    text = " ".join(node.text(deep=True).split())
    address = (node.attributes.get("href") or "").strip()
    is_shown = address.startswith("http") and len(address) <= LONGEST_LINK and address.rstrip("/") not in text
    return f"{text} ({address})" if is_shown and text else text
