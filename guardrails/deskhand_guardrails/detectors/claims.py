# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Which sentences of an answer state something that a source would have to say.

Greetings, thanks, regrets, offers to help, questions to the customer and the hand-over to a person state nothing
about the desk's products or rules; nor does a sentence of two words. Everything else is a claim, instructions included:
"press Cancel order" is wrong where the source says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deskhand_guardrails.courtesy import strip_courtesies
from deskhand_guardrails.sentences import sentences

_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")
_FEWEST_WORDS = 3

_ASKS = re.compile(
    r"^(?:(?:and|so|but|or|also|ok|okay|well|great|sure|thanks|thank you|sorry|hi|hello|first|please|just to be sure)[,:]?\s+)*"
    r"(?:(?:could|can|would|will|do|does|did|are|is|was|were|have|has|had|may|might|shall|should)(?:n['’]t)?\s+"
    r"(?:you|we|i|it|they|there|that|this|the|your|any|he|she)\b|(?:what|which|who|whose|whom|when|where|why|how)\b|any\b)",
    re.IGNORECASE,
)
"""A question that only asks. "You get it all back, right?" states what it asks."""

_NAMES_NO_FACT = re.compile(
    r"^\W*(?:"
    # Regret, sympathy, thanks, agreement.
    r"(?:i(?:['’]m| am)?|we(?:['’]re| are)?)?\s*(?:so |very |really |truly )*(?:sorry|apologi[sz]e)\b(?![^.!?]*\b(?:but|because|as|since)\b)"
    r"|(?:i|we) (?:completely |fully |do |can |quite )*(?:understand|see why|appreciate|hear you|get it)\b[^.!?,;]{0,80}$"
    r"|(?:that|this|it) (?:must be|is|sounds|was)(?: really| very| so)? (?:annoying|frustrating|unfortunate|disappointing|great|good to hear|a pity|a shame|no problem|fine)\b[^.!?,;]{0,40}$"
    r"|(?:what|such) a (?:pity|shame|nuisance)\b"
    r"|(?:thanks|thank you|many thanks|cheers|you['’]?(?:re| are) (?:very |most )?welcome|my pleasure|no (?:problem|worries)|not at all|of course|sure(?: thing)?|certainly|absolutely|gladly|glad to|happy to|good (?:question|news))\b[^.!?,;:]{0,60}$"
    r"|(?:please )?(?:be|stay|remain) patient\b[^.!?,;:]{0,40}$|(?:thanks|thank you) for your patience\b|(?:i|we)(?: have|['’]ve)? (?:noted|read|seen|received|got) (?:your|this|that)\b[^.!?,;:]{0,30}$"
    r"|(?:it|that) would be a (?:pity|shame)\b|(?:that|this|it) should not (?:happen|have happened)\b"
    # Offers to help and the hand-over to a person.
    r"|(?:i|we|i['’]ll|we['’]ll|let me|let us)\b[^.!?]{0,40}\b(?:help|assist|look into|check (?:this|that|it)|find out|take care of (?:this|that|it))\b[^.!?;]{0,50}$"
    r"|(?:[^.!?]{0,60},\s*(?:so )?)?(?:i|we|let me|let us|i['’](?:d|ll)|we['’](?:d|ll))\b[^.!?]{0,30}\b(?:hand|pass|forward|transfer|connect|put|refer|escalate)(?:ed|ing|red|ring|d)?\b[^.!?]{0,50}\b(?:colleagues?|team ?mates?|persons?|human|specialists?|experts?|agents?|team)\b"
    r"|(?:a|one of (?:my|our)|my|our) (?:colleagues?|team|agents?|specialists?|person)\b[^.!?]{0,20}\b(?:will|can|is going to)\b[^.!?]{0,80}$"
    r"|(?:i|we)(?:['’]m| am|['’]re| are| do|['’]d)?\s*(?:am |afraid |rather )*(?:not (?:sure|certain|able to (?:say|tell|answer|find|help))|(?:don['’]t|do not|cannot|can['’]t|could not|couldn['’]t) (?:know|say|tell|find|answer|help))\b(?![^.!?]*\bbut\b)"
    r"|(?:my|our|the|these|those) (?:sources?|articles?|documents?|information|help pages?)\b[^.!?]{0,30}\b(?:do(?:es)? not|don['’]t|doesn['’]t|did not|didn['’]t)\b"
    # What the desk needs to know, and pointers to what comes.
    r"|(?:please |kindly |just |and |so |then |simply )*(?:let (?:me|us) know|tell (?:me|us)|(?:send|give|share|write|provide)(?: with)? (?:me|us)|get back to (?:me|us)|reply|answer|contact us|reach out|feel free|don['’]t hesitate|do not hesitate)\b[^.!?]{0,50}\b(?:questions?|your|you|which|what|when|whether|if|help|order number|anytime|any time|else|more|details?)\b[^.!?]{0,60}$"
    r"|(?:here(?:['’]s| is| are) (?:how|what|the steps)|(?:please )?(?:follow|try|do) (?:these steps|the following|this)|this is how)\b[^.!?]{0,60}$"
    r")",
    re.IGNORECASE,
)


def claims(text: str) -> Iterator[tuple[int, int]]:
    """The places of the sentences of ``text`` that state something, without the white space around them."""
    for start, end in sentences(text):
        sentence = text[start:end]
        if states(sentence.strip()):
            yield start + len(sentence) - len(sentence.lstrip()), start + len(sentence.rstrip())


def states(sentence: str) -> bool:
    """Whether one sentence claims a fact, a rule or a way to do something."""
    if len(_WORD.findall(sentence)) < _FEWEST_WORDS:
        return False
    if sentence.endswith("?") and _ASKS.match(sentence):
        return False
    if _NAMES_NO_FACT.match(sentence.rstrip(" .!…")):
        return False
    return len(_WORD.findall(strip_courtesies(sentence))) >= _FEWEST_WORDS
