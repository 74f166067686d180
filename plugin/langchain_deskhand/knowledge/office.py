"""PDF and Word files as articles, by pypdf and mammoth (``pip install 'deskhand[documents]'``)."""

from __future__ import annotations

import logging
import re
import zipfile
from pathlib import Path

from deskhand_guardrails.errors import ConfigError, InputError
from langchain_deskhand.knowledge.article import Article, Section
from langchain_deskhand.knowledge.webpage import article_of

MOST_UNPACKED = 200 * 2**20
"""A Word file is an archive; one that unpacks to more than 200 MB is no article and may be meant to fill the memory."""

_HYPHEN = re.compile(r"(?<=[a-zß-ÿ])-\n(?=[a-zß-ÿ])")


def read_pdf(path: Path) -> Article:
    """A PDF file, a section for each page, cited as ``manual.pdf#page=3``.

    Raises:
        InputError: it is broken, encrypted, or holds pictures of text alone.
        ConfigError: pypdf is not installed.
    """
    try:
        from pypdf import PdfReader
    except ImportError:
        raise ConfigError("PDF files need pypdf: pip install 'deskhand[documents]'") from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it reports each oddity of a file that it can read anyway
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError(f"{path}: encrypted; save it without a password")
        title = str((reader.metadata.title if reader.metadata else None) or "").strip()
        pages = [_HYPHEN.sub("", page.extract_text()).strip() for page in reader.pages]
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a damaged file sets off in a parser
        raise InputError(f"{path}: not a PDF that can be read ({type(error).__name__}); export it again") from None
    if not any(pages):
        raise InputError(f"{path}: holds no text, only pictures of it; run it through text recognition (OCR) first")
    sections = tuple(Section("", text, f"page={number}") for number, text in enumerate(pages, start=1))
    return Article(" ".join(title.split()) or path.stem.replace("-", " ").replace("_", " "), sections)


def read_docx(path: Path) -> Article:
    """A Word file (DOCX); its headings become sections.

    Raises:
        InputError: it is broken, or unpacks to more than 200 MB.
        ConfigError: mammoth is not installed.
    """
    try:
        import mammoth
    except ImportError:
        raise ConfigError("Word files need mammoth: pip install 'deskhand[documents]'") from None
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > MOST_UNPACKED:
            raise InputError(f"{path}: unpacks to {unpacked // 2**20} MB; split it, or save it without pictures")
        with path.open("rb") as raw:
            html = mammoth.convert_to_html(
                raw,
                style_map="p[style-name='Title'] => h1:fresh",
                convert_image=mammoth.images.img_element(lambda _: {}),
            ).value
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a damaged file sets off in a parser
        raise InputError(f"{path}: not a Word file that can be read ({type(error).__name__}); save it again") from None
    return article_of(html, path)
