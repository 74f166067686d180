# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""People's names without a model: the ones that are known, and the ones that a phrase introduces.

Known names (the ticket's requester and agents) are found as a whole in any spelling of case, and by their parts where
written as a name. Introduced names stand after "my name is", in a greeting line, under a farewell, or as first and last
name alone in a message's last paragraph. Not covered: names in running text that nobody introduced; that needs a
tagger.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from deskhand_guardrails.detectors.spans import Span, matches, words

# Parts of names that are everyday words too: "Will you mark it" must stay readable. Whole names are still found.
_COMMON = words(
    """
    admin agent ann art august bank banks bell best bill black bot brown bush case cash chase chip christian
    cook customer day dean desk drew earth faith field fields ford frank free gene glass gold good grace grant
    gray green hall hand help hill hope house hunt info jack joy june just king lake lane law lee light little
    long love low major man may mark marsh miles moon more new nice north office old olive page park parks pat
    paul pay penny pike power price queen ray read rich rock rose sales sandy service shop short sky smart south
    star stone store street strong summer sun support swift system team than the turner user van violet von wall
    ward way web west white will win wood woods young
    """
)

_NAME = r"(?:[A-ZÀ-ÖØ-ÞŁŚŻŽŠČ][a-zß-öø-ÿąćęłńóśźżžšč]+(?:['’\-][A-ZÀ-Þ]?[a-zß-ÿ]+)*|[A-Z]['’][A-Z][a-z]+|Mc[A-Z][a-z]+)"
_FULL = rf"{_NAME}(?:[ ](?:(?:van|von|de|der|den|del|della|di|da|dos|la|le|bin|al)[ ]){{0,2}}(?:[A-Z]\.[ ]?)?{_NAME}){{0,2}}"
_NOT_NAMES = words(
    """
    all any anyone calling currently customer everyone everybody folks friend guys happy having hello here how i
    just madam moderator need not please really shop sir sorry sure support team thanks thank the there trying
    very writing you your agent assistant dear good morning afternoon evening hi hey mr mrs ms miss dr one yes
    no ok okay still so now also with looking using getting afraid unable glad new back from in on at an a is it
    my this that what when where why who which would could can should will was if but and or for to of best kind
    warm regards cheers sincerely order account interested disappointed confused frustrated wondering sent
    urgent again english german french spanish american monday tuesday wednesday thursday friday saturday sunday
    january february march april june july august september october november december
    """
)

_INTRODUCED = re.compile(
    rf"\b(?i:my (?:full |first |last |real )?name is|my name['’]s|(?:full |first |last |sur)?name[ ]?:|i am called|call me|mein name ist|ich hei(?:ß|ss)e|je m['’]appelle|je suis|me llamo|mi nombre es|mi chiamo|o meu nome é|(?:customer|account holder|card ?holder|recipient|addressee|contact|passenger|guest|attn\.?|attention|c/o)(?: name)?[ ]?:|(?:under|in) the names?(?: of)?|on behalf of|addressed to|registered to|made out to|care of|c/o|attn\.?|auf den namen|im namen von|adressiert an|a nombre de|au nom de)[ \t]+(?:(?i:mr|mrs|ms|miss|dr|mx|herrn?|frau)\.?[ ])?(?P<value>{_FULL})"
)
# Companies sell and ship too: after these only a first name with a last name counts.
_DONE_BY = re.compile(
    rf"\b(?i:bought|ordered|placed|signed(?: for)?|paid|booked|purchased|accepted|received|requested|written|gekauft|bestellt) (?:by|von)[ ](?P<value>{_NAME}[ ](?:(?:van|von|de|der|den|del|della|di|da|dos|la|le|bin|al)[ ]){{0,2}}(?:[A-Z]\.[ ]?)?{_NAME})"
)
_SAID = re.compile(
    rf"(?<![\w])(?i:this is|i['’]m(?![ ]\w+ing\b)|i am(?![ ]\w+ing\b)|speaking with|speak to|talked to|spoke (?:to|with))[ ](?P<value>{_FULL})(?=[\s,.!?;:)]|$)"
)
_GREETED = re.compile(
    rf"(?:^|[\n.!?][ \t]*)(?i:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|bonjour|hola)[ \t,]+(?:(?i:mr|mrs|ms|miss|dr|mx)\.?[ ])?(?P<value>{_FULL})(?=[ \t]*[,!.:;\n–-]|[ \t]*$)",
    re.MULTILINE,
)
_FAREWELL = re.compile(
    rf"(?i:\b(?:regards|best|thanks|thank you|cheers|sincerely|yours truly|yours|greetings|grüße|saludos|cordialement|many thanks))[ \t]*[,!.–-]*[ \t]*(?:\r?\n[ \t]*){{1,2}}[-–—]?[ \t]*(?P<value>{_FULL})[ \t]*(?=[\r\n,.]|$)"
)
# Without a farewell, or with one in any language: a last paragraph of nothing but two to four words of a name. What may
# follow is a signature. After a colon it would be what the line before asks for.
_SIGNED = re.compile(
    rf"[^\s:][ \t]*(?:\r?\n[ \t]*\r?\n|\s*\n[^\n]{{0,30}}\b(?i:danke|dank|gracias|merci|grazie|obrigad[oa]|bedankt|thx|ty|gr(?:ü|ue)(?:ß|ss)en?|gruß|gruss|lg|vg|mfg|saludos?|salutations|saluti|groet(?:en|jes)?)\b[^\n]{{0,20}}\r?\n)\s*(?P<value>{_NAME}(?:[ ](?:(?:van|von|de|der|den|del|della|di|da|dos|la|le|bin|al)[ ]){{0,2}}(?:[A-Z]\.[ ]?)?{_NAME}){{1,2}})[ \t]*[.!]?[ \t]*(?=\s*\Z|\s*\n(?:--|__|==|(?i:sent from|get outlook|von mein|gesendet|enviado|envoyé|inviato|verzonden)))"
)
_TITLED = re.compile(
    rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herr|Frau|Señora?|Mme|Mlle)\.?[ ](?P<value>(?:(?:van|von|de|der|den|del|della|di|da|la|le)[ ]){{0,2}}{_FULL})"
)
_INITIAL_LOWER = re.compile(
    r"\b(?i:my name is|my name['’]s)[ \t]+(?P<value>[a-z]{2,15}(?:[ ][a-z]{2,15})?)(?=[ \t]*(?:[,.!?\n]|$|and\b|i\b))"
)

_WORD = re.compile(r"\w+")
_COMMON_FORMS = frozenset(re.escape(form) for word in _COMMON for form in (word, word.title()))


def find(text: str) -> Iterator[Span]:
    """Spans labelled PERSON for names that a phrase introduces."""
    for pattern, score in (
        (_INTRODUCED, 0.9),
        (_DONE_BY, 0.7),
        (_TITLED, 0.8),
        (_FAREWELL, 0.8),
        (_GREETED, 0.8),
        (_SIGNED, 0.7),
        (_SAID, 0.6),
        (_INITIAL_LOWER, 0.7),
    ):
        for span in matches(pattern, text, "PERSON", score):
            kept = _without_plain_words(text, span)
            if kept is not None and not (pattern is _SIGNED and _is_plain(text, span, kept)):
                yield kept


def find_known(text: str, names: Sequence[str]) -> Iterator[Span]:
    """Spans labelled PERSON for ``names``: whole in any case, parts where they are written with a capital."""
    whole = _whole(tuple(name for name in names if _may_hold(text, name)))
    if whole is not None:
        yield from matches(whole, text, "PERSON", 1.0)
    parts = _parts(tuple(names))
    if parts:
        for word in _WORD.finditer(text):
            if word.group() in parts:
                yield Span(word.start(), word.end(), "PERSON", 0.9)


def _may_hold(text: str, name: str) -> bool:
    """False where ``text`` surely does not hold ``name``: a pattern of names takes longer to make than to use."""
    first = next(iter(name.split()), "")
    # Beyond ASCII, "ignore case" is more than one lower case.
    return not (text.isascii() and name.isascii()) or first.lower() in text.lower()


def _without_plain_words(text: str, span: Span) -> Span | None:
    """The span up to its first word that is no name ("Anna Thanks" is Anna); None when that is the first."""
    end = span.start
    for word in re.finditer(r"\S+", text[span.start : span.end]):
        if word.group().strip(".,'’").lower() in _NOT_NAMES:
            break
        end = span.start + word.end()
    return span._replace(end=end) if end > span.start else None


def _is_plain(text: str, whole: Span, kept: Span) -> bool:
    """Whether a last paragraph is no name: "Customer Support", or everyday words alone."""
    return kept.end < whole.end or all(word.lower() in _COMMON for word in text[kept.start : kept.end].split())


@functools.lru_cache(maxsize=4096)
def _whole(names: tuple[str, ...]) -> re.Pattern[str] | None:
    split = [name.split() for name in names]
    whole = {r"\s+".join(map(re.escape, words)) for words in split if len(words) > 1 or len("".join(words)) > 2}
    return _alternatives(whole - _COMMON_FORMS)


@functools.lru_cache(maxsize=4096)
def _parts(names: tuple[str, ...]) -> frozenset[str]:
    """The names' words as they are written in a text; each is a whole word there, for it has letters only."""
    return frozenset(
        form
        for name in names
        for word in (part.strip(".,()\"'") for part in name.split())
        if len(word) > 2 and word.isalpha() and word.lower() not in _COMMON
        for form in (word[:1].upper() + word[1:], word.upper())
    )


def _alternatives(forms: set[str]) -> re.Pattern[str] | None:
    if not forms:
        return None
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile(rf"(?<![\w])(?:{'|'.join(longest_first)})(?![\w])", re.IGNORECASE)
