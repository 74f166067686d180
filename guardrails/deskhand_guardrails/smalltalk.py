"""Greetings and thanks: messages that no article answers, and that need no person either.

Deliberately narrow: the message must consist of such words alone. "Hi, where is my parcel?" is a question, and "ok" may
be the answer to one of the desk's (``asks``).
"""

from __future__ import annotations

import re
from typing import Literal

# One of these makes it a greeting, or thanks, consent or a goodbye.
_GREETING = "hi hello hey hiya howdy greetings morning afternoon evening hallo tag hola días bonjour salut"
_THANKS = """
night thanks thank thx cheers ty great perfect awesome wonderful cool brilliant ok okay understood alright bye goodbye
danke dank tschüss gracias adiós merci revoir
"""

# These may stand beside it.
_FILLER = """
good day there you u so very much a lot many for your help nice got it sure see later take care have one that's that is
was all everything no nothing else team guten vielen buenos muchas beaucoup au
"""

_GREETINGS, _THANKS_OR_BYE = frozenset(_GREETING.split()), frozenset(_THANKS.split())
_KNOWN = _GREETINGS.union(_THANKS_OR_BYE, _FILLER.split())

# "thank you so much for your help, have a nice day, bye": longer than that, somebody is telling us something.
_MOST_WORDS = 12


def small_talk(text: str) -> Literal["greeting", "thanks"] | None:
    """What ``text`` does if it only greets, or only thanks, agrees or takes leave; never with a question."""
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower().replace("’", "'"))
    if not words or len(words) > _MOST_WORDS or re.search(r"[?\d]", text):
        return None
    if not _KNOWN.issuperset(words):
        return None
    if not _THANKS_OR_BYE.isdisjoint(words):
        return "thanks"
    return None if _GREETINGS.isdisjoint(words) else "greeting"


# "Is there anything else?", "Does that help?": no thanks, goodbye and great are what ends a conversation.
_OFFER = re.compile(
    r"\b(?:(?:any|some)thing|what|how) else\b|\b(?:any|more|other|further) questions\b"
    r"|\bthat (?:help|answer|work|solve)|\bnoch (?:etwas|was|fragen)\b|\balgo más\b|\bautre chose\b"
)


def asks(text: str) -> bool:
    """Whether a message of the desk waits for an answer, so that "ok" or "no thanks" is one; not if it offers help."""
    questions = re.findall(r"[^.!?\n]*\?", text.lower())
    return bool(questions) and not _OFFER.search(questions[-1])
