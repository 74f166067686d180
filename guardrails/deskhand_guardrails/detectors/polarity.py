"""Whether two sentences about the same thing say yes and no: negation and opposites.

A word is negated when a negation stands at most three words of content before it in the same clause (the scope that
Chapman et al. 2001, NegEx, found enough for reports, cut to the length of a help desk's sentences).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from py_rust_stemmers import SnowballStemmer

_STEMMER = SnowballStemmer("english")
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*|[.,;:!?()–—]")
_SCOPE = 3

_NEGATIONS_IN_ORDER = "not no never none nor neither nobody nothing cannot without n't unable hardly refuse"
NEGATIONS = frozenset(_NEGATIONS_IN_ORDER.split())
_BREAKS_IN_ORDER = ". , ; : ! ? ( ) – — but although though however instead then because so"
_BREAKS = frozenset(_BREAKS_IN_ORDER.split())
_CONDITIONS_IN_ORDER = "if unless whether until when"
_CONDITIONS = frozenset(_CONDITIONS_IN_ORDER.split())
"""What they open, up to the next break, says neither yes nor no: "if it is not picked up, it travels back"."""

# Opposites of what a help desk says of its goods and rules; written for this check.
_OPPOSITES = """
accept/refuse accept/reject accept/decline accepted/rejected active/inactive add/remove allow/forbid allow/prohibit
allowed/forbidden always/never always/sometimes always/rarely approve/reject approve/decline arrive/depart
available/unavailable before/after begin/end buy/sell buyer/seller cancel/keep charge/waive cheap/expensive
closed/open connect/disconnect daily/weekly daily/monthly damaged/undamaged different/same domestic/international
download/upload early/late earlier/later easy/hard eligible/ineligible empty/full enable/disable enabled/disabled
everyone/nobody everything/nothing exclude/include excluded/included excluding/including expire/renew export/import
faster/slower first/last fixed/flexible forbid/permit free/paid free/chargeable front/back full/partial
give/take guest/member hide/show high/low higher/lower hot/cold increase/decrease inside/outside install/uninstall
internal/external join/leave keep/discard keep/return large/small larger/smaller left/right legal/illegal less/more
lock/unlock locked/unlocked lose/gain lost/found mandatory/optional many/few maximum/minimum maximal/minimal most/least
national/international new/old newer/older new/used often/rarely on/off online/offline only/also optional/required
opened/unopened permanent/temporary permitted/prohibited possible/impossible pause/resume plus/minus previous/next
private/public pull/push raise/lower refund/charge refundable/nonrefundable reversible/irreversible rise/fall
safe/unsafe safe/dangerous save/delete sealed/opened sender/recipient separate/together separately/together short/long
shorter/longer single/multiple start/stop start/finish strong/weak subscribe/unsubscribe succeed/fail
top/bottom unused/used
up/down upgrade/downgrade valid/invalid visible/hidden voluntary/mandatory warm/cold washable/unwashable
weekly/monthly monthly/yearly wet/dry winter/summer with/without within/after worse/better wrong/correct yes/no
"""


def stem(word: str) -> str:
    """The Snowball stem of a word in lower case."""
    stemmed: str = _STEMMER.stem_word(word)
    return stemmed


@cache
def opposites() -> dict[str, frozenset[str]]:
    """Each stem's opposites, as stems."""
    found: dict[str, set[str]] = {}
    for pair in _OPPOSITES.split():
        one, other = (stem(word) for word in pair.split("/"))
        if one != other:
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


def polarities(text: str, functions: frozenset[str]) -> dict[str, set[bool]]:
    """Each content word's stem with whether it stands negated (True) or plain (False), or both.

    Args:
        text: one sentence or several.
        functions: words that carry no content; they neither count nor take up the scope.
    """
    found: dict[str, set[bool]] = {}
    left, open_condition = 0, False
    for match in _TOKEN.finditer(text.lower().replace("’", "'")):
        word = match.group()
        if word in _BREAKS:
            left, open_condition = 0, False
        elif word in _CONDITIONS:
            open_condition = True
        elif word in NEGATIONS or word.endswith("n't"):
            left = _SCOPE
        elif word not in functions and word[0].isalnum() and not open_condition:
            found.setdefault(stem(word), set()).add(left > 0)
            left = max(left - 1, 0)
    return found


def flips(claim: dict[str, set[bool]], held: dict[str, set[bool]]) -> int:
    """How many words the claim negates and the source never does, or the other way round."""
    return sum(1 for word, signs in claim.items() if len(signs) == 1 and word in held and not signs & held[word])


def contradictions(claim: Iterable[str], held: Iterable[str]) -> int:
    """How many of the claim's stems stand in the source only as their opposite."""
    known = frozenset(held)
    return sum(1 for word in set(claim) if word not in known and opposites().get(word, frozenset()) & known)
