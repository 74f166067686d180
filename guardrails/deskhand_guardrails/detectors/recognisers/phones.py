# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Phone numbers: by their form, by a phrase before or after them, by the numbering plans of ``phonenumbers``.

A run of digits is cut out first and then asked about: international with a plus or 00; named as a phone number ("call me
on 22 33 44 55"); written as one (trunk zero, North American groups, three or more groups); valid in a usual region. Not
covered: seven or eight digits in a row that nothing calls a phone number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers

from deskhand_guardrails.detectors.recognisers.introduced import Phrases
from deskhand_guardrails.detectors.spans import Span, phrases, words

# Whose national forms are understood when a number has no country code.
REGIONS = ("US", "GB", "DE", "FR", "ES", "IN", "AU")

_RUN = re.compile(
    r"(?<![\w#$€£.,\-/@+])(?P<number>(?:\(?\+\)?[ ]?|\(?00)?\(?\d(?:[ \t\u00a0().\-–/]{0,3}\d){5,17}+)(?P<extension>[ ,;]{0,3}\(?(?i:ext(?:ension|n)?|x|durchwahl|dw|poste|int)[ .:]{0,2}\d{1,6}\)?)?(?!\w|[.,/\-=]\d|[ ]?[%€$£°])"
)
_WORDS = phrases(
    """
    phone | phones | telephone | tel | ph | mobile | mob | cell | cellphone | cell phone | fax | whatsapp | whats app | signal | sms | text | text me | texted | call | called | calls | calling | call back | callback | ring
    dial | dialed | dialled | reach | reachable | reached | contact | contact number | hotline | landline | home | work | office | switchboard | helpline | emergency | my number | our number | your number | his number | her number | new number | this number | a number | the number | alternate number | alternative number | daytime number
    telefon | telefonnummer | rufnummer | handy | handynummer | mobil | mobilnummer | festnetz | anrufen | anruf | erreichbar | erreichen | rückruf | meine nummer
    teléfono | telefono | tfno | móvil | movil | celular | llamar | llame | llámame | llamarme | mi número | téléphone | portable | appeler | appelez | joindre | mon numéro
    cellulare | chiamare | telefone | telemóvel | telemovel | ligar | telefoon | mobiel | gsm | bellen | komórka | zadzwonić
    """
)
_LINKS = words(
    """
    number numbers no nr num nummer número numero numéro is was are ist lautet es est me us him her them back at on to via
    from under using by unter auf am al en el au le la or line directly anytime please either also out my our your his
    the new personal private mobile work home cell bitte and / ;
    """
)
# Said of orders and accounts too ("your order with the number 00123842"): a phrase that names one of those is surer.
_VAGUE = frozenset(("a number", "the number", "this number", "new number"))
_NAMED = Phrases({phrase: 0.6 if phrase in _VAGUE else 0.8 for phrase in _WORDS}, _LINKS)
_AFTER = re.compile(
    r"[ ,(\-–]{0,3}(?:(?:is|was|ist|es|est)[ ](?:my|our|his|her|the|a|meine|mi|mon)[ ](?:(?!account|acct|order|customer|case|ticket|card|member|policy|reference|tracking|booking|pin)\w+[ ]){0,2})?(?:mobile|cell|phone|telephone|home|work|number|handy|telefon|móvil|nummer|whatsapp)\b",
    re.IGNORECASE,
)

# ISO dates and times, and amounts with thousands apart, have as many digits as a phone number.
_DATE = re.compile(
    r"\d{4}[-./]\d{1,2}[-./]\d{1,2}\b|\d{1,2}[-./]\d{1,2}[-./]\d{4}\b|(?:19|20)\d\d[ ]?[-–/][ ]?(?:19|20)\d\d$"
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[ .]000|[ .]\d{3}){2,}")
_AMERICAN = re.compile(r"(?:1[ .\-]?)?(?:\([2-9]\d{2}\)[ ]?|[2-9]\d{2}[ .\-])\d{3}[ .\-]?\d{4}")
_LOCAL = re.compile(r"[2-9]\d{2}-\d{4}")
_GROUPS = re.compile(r"\d+")
_UNIT_AFTER = re.compile(
    r"[ ]?(?:dollars?|euros?|pounds?|usd|eur|gbp|kr|points|miles|people|users|days|pieces|units|steps|rupees|inr)\b",
    re.IGNORECASE,
)


def find(text: str) -> Iterator[Span]:
    """Spans labelled PHONE_NUMBER."""
    for run in _RUN.finditer(text):
        score = _score(text, run)
        if score:
            yield Span(run.start(), run.end(), "PHONE_NUMBER", score)


def _score(text: str, run: re.Match[str]) -> float:
    """How sure it is that ``run`` is a phone number; 0 when it is none."""
    number = run["number"]
    digits = sum(map(str.isdigit, number))
    if _DATE.match(number.lstrip("(")) or _UNIT_AFTER.match(text, run.end()):
        return 0.0
    if "+" in number[:3]:
        return 0.8 if 7 <= digits <= 15 else 0.0
    if run["extension"] and digits >= 7:
        return 0.8
    if digits > 15:
        return 0.0
    if digits >= 7 and (before := _NAMED.before(text, run.start())):
        return before.named
    if digits >= 7 and _AFTER.match(text, run.end()):
        return 0.8
    if number.startswith("00"):
        return 0.6 if _possible(number) else 0.0
    return 0.6 if _is_written_as_phone(text, run, digits) or _is_valid(number) else 0.0


def _is_written_as_phone(text: str, run: re.Match[str], digits: int) -> bool:
    number = run["number"]
    if _AMERICAN.fullmatch(number) or _LOCAL.fullmatch(number):
        return True
    groups = _GROUPS.findall(number)
    sizes = [len(group) for group in groups]
    if number.lstrip("(").startswith("0") and not number.startswith("000"):
        return 9 <= digits <= 12 and max(sizes) < 12
    if _THOUSANDS.fullmatch(number) or ("." in number and len(groups) == 4 and max(map(int, groups)) < 256):
        return False
    if len(groups) >= 3 and 8 <= digits <= 12:
        # 74-69-72-73 is a score; written in pairs, a number begins with its trunk zero
        return (min(sizes) >= 2 and 2 < max(sizes) <= 4) or (" " in number and set(sizes) == {2})
    return len(groups) >= 2 and digits >= 7 and _stands_alone(text, run)


def _stands_alone(text: str, run: re.Match[str]) -> bool:
    """Whether the line holds nothing else, as in an address block."""
    before = text[text.rfind("\n", 0, run.start()) + 1 : run.start()]
    after = text[run.end() :].partition("\n")[0]
    return "\n" in text and not before.strip() and not after.strip()


def _possible(number: str) -> bool:
    try:
        parsed = phonenumbers.parse("+" + re.sub(r"\D", "", number)[2:])
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(parsed)


def _is_valid(number: str) -> bool:
    for region in REGIONS:
        for _ in phonenumbers.PhoneNumberMatcher(number, region, leniency=phonenumbers.Leniency.VALID):
            return True
    return False
