"""Which language a text is in: by its script where that says it, else by py3langid's byte n-grams.

Short texts are only told among the common languages.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from deskhand_guardrails.kept import Kept

# Below this the classifier guesses (it takes "refund" for Swahili).
FEWEST_LETTERS = 12
COMMON = "en de es fr it pt nl pl sv da no fi cs ro hu tr el ru uk ar he hi ja ko zh"
# A few letters of these scripts are enough; kana before Han, for Japanese writes both.
SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30fa]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("el", re.compile("[\u0386-\u03ce]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
    ("uk", re.compile("[іїєґІЇЄҐ]")),
    ("ru", re.compile("[ыэъЫЭЪ]")),
)


@cache
def _identifier() -> Any:  # noqa: ANN401 - the library is untyped
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)
    identifier.set_languages(COMMON.split())
    return identifier


# Canned answers come again and again.
_KEPT: Kept[str] = Kept(4096)


def language_of(text: str) -> str:
    """A two-letter code, or nothing for texts too short to tell."""
    return _KEPT.get(text, lambda: _told(text))


def _told(text: str) -> str:
    words = " ".join(word for word in text.split() if not word.startswith("<"))
    letters = sum(letter.isalpha() for letter in words)
    for code, script in SCRIPTS:
        # A foreign name in an English text makes it no Greek one.
        if 3 * len(script.findall(words)) > letters or (code in ("uk", "ru") and script.search(words)):
            return code
    if letters < FEWEST_LETTERS:
        return ""
    return str(_identifier().classify(words)[0])
