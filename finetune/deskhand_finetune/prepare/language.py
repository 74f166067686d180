"""Which language a text is in, by py3langid's byte n-grams; short texts are only told among the common ones."""

from __future__ import annotations

from functools import cache
from typing import Any

# Below this the classifier guesses (it takes "refund" for Swahili).
FEWEST_LETTERS = 12
COMMON = "en de es fr it pt nl pl sv da no fi cs ro hu tr el ru uk ar he hi ja ko zh"


@cache
def _identifier() -> Any:  # noqa: ANN401 - the library is untyped
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)
    identifier.set_languages(COMMON.split())
    return identifier


def language_of(text: str) -> str:
    """A two-letter code, or nothing for texts too short to tell."""
    words = " ".join(word for word in text.split() if not word.startswith("<"))
    if sum(letter.isalpha() for letter in words) < FEWEST_LETTERS:
        return ""
    return str(_identifier().classify(words)[0])
