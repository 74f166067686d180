"""Greetings and thanks: messages that no article answers, and that need no person either.

Deliberately narrow: the message must consist of such words alone. "Hi, where is my parcel?" is a question.
"""

from __future__ import annotations

import re

# One of these makes it a greeting, thanks or a goodbye.
_GREETING = """
hi hello hey hiya howdy greetings morning afternoon evening night thanks thank thx cheers ty great perfect awesome
wonderful cool brilliant ok okay understood alright bye goodbye hallo tag danke dank tschüss hola días gracias adiós
bonjour salut merci revoir
"""

# These may stand beside it.
_FILLER = """
good day there you u so very much a lot many for your help nice got it sure see later take care have one that's that is
was all everything no nothing else team guten vielen buenos muchas beaucoup au
"""

_GREETINGS = frozenset(_GREETING.split())
_KNOWN = _GREETINGS.union(_FILLER.split())

# "thank you so much for your help, have a nice day, bye": longer than that, somebody is telling us something.
_MOST_WORDS = 12


def is_small_talk(text: str) -> bool:
    """Whether ``text`` only greets, thanks or takes leave; with a question mark or a digit it never does."""
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower().replace("’", "'"))
    if not words or len(words) > _MOST_WORDS or re.search(r"[?\d]", text):
        return False
    return _KNOWN.issuperset(words) and not _GREETINGS.isdisjoint(words)
