"""How many rows of the cleaning table come out right: ours, and the libraries that do a part of it.

    python benchmarks/cleaning.py [--show GROUP]

The table is ``tests/finetune/cleaning.toml``; our rules were written with it in sight, the libraries were not.
A library is asked where it has a say (``-`` elsewhere) and counts when it is installed: ``pip install --target DIR
mail-parser-reply email-reply-parser quotequail html2text inscriptis lingua-language-detector`` and ``PYTHONPATH=DIR``.
A row is right when the text agrees but for white space, which is kind to the libraries: ours must match to the letter
in the tests. ``ms`` is the time for a hostile text of 20 kB, one core.
"""

from __future__ import annotations

import argparse
import importlib
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deskhand_finetune.prepare.clean import clean_text
from deskhand_finetune.prepare.language import language_of
from deskhand_finetune.prepare.notices import notice

TABLE = Path(__file__).parents[1] / "tests" / "finetune" / "cleaning.toml"
AUTHOR = "Maren Holt"
HOSTILE = "On " + "word " * 4000
Case = dict[str, str]
Answer = Callable[[str], str]
QUOTED = ("quotes", "signature", "disclaimer")


def ours(case: Case) -> str:
    if "kind" in case:
        return notice(case["text"])
    if "language" in case:
        return language_of(case["text"])
    return clean_text(case["text"], AUTHOR)


def _mail_parser_reply() -> Answer:
    parser: Any = importlib.import_module("mailparser_reply").EmailReplyParser(
        languages=["en", "de", "es", "fr", "it", "nl", "pl", "sv", "da", "cs"]
    )
    return lambda text: str(parser.parse_reply(text=text))


def _email_reply_parser() -> Answer:
    parser: Any = importlib.import_module("email_reply_parser").EmailReplyParser
    return lambda text: str(parser.parse_reply(text))


def _quotequail() -> Answer:
    library: Any = importlib.import_module("quotequail")

    def answer(text: str) -> str:
        parts = library.unwrap(text)
        return str((parts or {}).get("text_top") or (parts or {}).get("text") or text)

    return answer


def _quotequail_html() -> Answer:
    library: Any = importlib.import_module("quotequail")
    text_of: Any = importlib.import_module("inscriptis").get_text

    def answer(html: str) -> str:
        parts = library.unwrap_html(html)
        return str(text_of((parts or {}).get("html_top") or html))

    return answer


def _html2text() -> Answer:
    library: Any = importlib.import_module("html2text")

    def answer(html: str) -> str:
        reader = library.HTML2Text(bodywidth=0)
        reader.ignore_emphasis = True
        return str(reader.handle(html)).replace("\\-", "-").replace("  * ", "- ")

    return answer


def _inscriptis() -> Answer:
    text_of: Any = importlib.import_module("inscriptis").get_text
    return lambda html: str(text_of(html)).replace("* ", "- ")


def _ftfy() -> Answer:
    fix: Any = importlib.import_module("ftfy").fix_text
    return lambda text: str(fix(text))


def _lingua() -> Answer:
    library: Any = importlib.import_module("lingua")
    detector = library.LanguageDetectorBuilder.from_all_languages().build()

    def answer(text: str) -> str:
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else ""

    return answer


LIBRARIES: dict[str, tuple[Callable[[], Answer], tuple[str, ...]]] = {
    "html2text": (_html2text, ("html",)),
    "inscriptis": (_inscriptis, ("html",)),
    "quotequail+inscriptis": (_quotequail_html, ("html_quotes",)),
    "mail-parser-reply": (_mail_parser_reply, QUOTED),
    "email-reply-parser": (_email_reply_parser, QUOTED),
    "quotequail": (_quotequail, QUOTED),
    "ftfy": (_ftfy, ("characters",)),
    "lingua": (_lingua, ("language",)),
}


def expected(case: Case) -> str:
    return next(case[key] for key in ("left", "kind", "language") if key in case)


def same(one: str, other: str) -> bool:
    return one.split() == other.split()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", default="", metavar="GROUP", help="print the rows of this group that ours gets wrong")
    shown = parser.parse_args().show
    cases: list[Case] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["case"]
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[case["group"]].append(case)
        if shown in (case["group"], "all") and ours(case) != expected(case):
            print(f"{case['group']}: {case['name']}\n  got  {ours(case)!r}\n  want {expected(case)!r}")
    right = Counter(case["group"] for case in cases if same(ours(case), expected(case)))
    print(f"{'':<24}{'ms':>9}" + "".join(f"{name:>13}" for name in groups))
    print(f"{'cases':<24}{'':>9}" + "".join(f"{len(own):>13}" for own in groups.values()))
    print(row("ours", lambda: clean_text(HOSTILE), [str(right[name]) for name in groups]))
    for name, (load, asked) in LIBRARIES.items():
        try:
            answer = load()
        except ImportError:
            print(f"{name:<24}not installed")
            continue
        found = [
            str(sum(same(answer(case["text"]), expected(case)) for case in own)) if group in asked else "-"
            for group, own in groups.items()
        ]
        print(row(name, lambda answer=answer: answer(HOSTILE), found))  # type: ignore[misc] # mypy sees no default
    print(f"right: {right.total()} of {len(cases)}")


def row(name: str, call: Callable[[], object], cells: list[str]) -> str:
    started = time.process_time()
    call()
    taken = 1000 * (time.process_time() - started)
    return f"{name:<24}{taken:>9.0f}" + "".join(f"{cell:>13}" for cell in cells)


if __name__ == "__main__":
    main()
