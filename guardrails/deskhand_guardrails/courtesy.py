"""Strips greetings and closing phrases from agents' answers.

A short answer that stands by itself trains a small model better, reads better as a source, and the desk adds its own
greeting. Customers' messages keep theirs: that is how customers write.
"""

from __future__ import annotations

import re

NAME = r"[^\s,.!?:;]{1,30}"
GREETING = re.compile(
    rf"^\W{{0,2}}(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|greetings|hallo|guten (?:tag|morgen|"
    rf"abend)|moin|servus|"
    rf"liebe[rs]?|sehr geehrte[rs]?|hola|buenos días|buenas(?: tardes| noches)?|estimad[oa]s?|querid[oa]|"
    rf"apreciad[oa]|buen día)"
    rf"(?:\s(?:there|all|again|{NAME})){{0,4}}\s*(?:[,!.:–-]|$)\s*",
    re.IGNORECASE,
)
OPENING = re.compile(
    r"^(?:many |vielen |herzlichen |besten |muchas )?(?:thanks?|thank you|danke|dank|gracias)\b[^.!?\n]{0,40}?"
    r"\b(?:for|für|por|dass|that)\b[^.!?\n]{0,120}[.!]+\s*",
    re.IGNORECASE,
)
FILLER = re.compile(
    r"^(?:(?:(?:i am|i'm|we are|we're) )?(?:so |very |really )?sorry (?:for|about|to hear)[^.!?\n]{0,60}|"
    r"(?:my |our )?(?:sincere )?apologies[^.!?\n]{0,50}|(?:i|we)(?:'ve| have) (?:now )?(?:looked into|"
    r"checked) (?:this|that|it)[^.!?\n,]{0,20}|"
    r"good question|great question|no problem(?: at all)?|of course|sure(?: thing)?|thanks|thank you|"
    r"(?:es |das )?tut (?:mir|uns)[^.!?\n]{0,40} leid|lo (?:siento|sentimos|lamento|lamentamos)[^.!?\n]{0,40}|claro|"
    r"gerne)[.!]+\s+",
    re.IGNORECASE,
)
# "Thank you for returning the form, your refund is on its way." says something: only these stand alone.
OPENING_WORDS = re.compile(
    r"contact|reaching|writing|message|getting (?:in touch|back)|e-?mail|patience|mail\b|reply|request|letting us|"
    r"note\b|order\b|"
    r"nachricht|anfrage|geduld|kontakt|schreib|melden|mensaje|contact|escrib|paciencia|consulta",
    re.IGNORECASE,
)
CLOSING_SENTENCE = re.compile(
    r"^(?:"
    r"(?:please |just |and |so |feel free to |do )*(?:let (?:me|us) know|reach out|(?:simply |just )?(?:reply|"
    r"answer)|get in touch|get back|contact us|write (?:to )?us|ask)\b"
    r"[^.!?]{0,60}\b(?:if|any|questions?|further|else|help|anytime|whenever|again)\b[^.!?]{0,80}|"
    r"if there is anything else\b[^.!?]{0,80}|"
    r"(?:if|should) you (?:have|need|require)\b[^.!?]{0,40}\b(?:questions?|else|further|more|help|"
    r"assistance)\b[^.!?]{0,100}|"
    r"(?:is there|was there) anything else\b[^.!?]{0,60}|anything else[^.!?]{0,40}|"
    r"(?:please )?(?:don'?t|do not) hesitate\b[^.!?]{0,80}|"
    r"(?:i |we )?(?:hope|trust) (?:this|that|it)\b[^.!?]{0,60}\b(?:help|clear|useful|answer)[^.!?]{0,40}|"
    r"(?:have|wish(?:ing)? you|enjoy)\b[^.!?]{0,20}\b(?:day|weekend|evening|week|one|time|afternoon)\b[^.!?]{0,30}|"
    r"(?:we|i)(?:'re| are|'m| am)? (?:always )?(?:happy|glad|here) to help[^.!?]{0,40}|happy to help[^.!?]{0,40}|"
    r"(?:thanks|thank you|many thanks)\b[^.!?]{0,60}|"
    r"(?:sorry|apologies|we apologi[sz]e|i apologi[sz]e)\b[^.!?]{0,20}\b(?:for|about) (?:the|any) (?:inconvenience|"
    r"trouble|wait|delay)[^.!?]{0,40}|"
    r"(?:bei|falls sie|wenn sie|sollten sie)\b[^.!?]{0,30}\b(?:fragen|hilfe|etwas)\b[^.!?]{0,80}|"
    r"melden sie sich\b[^.!?]{0,60}|"
    r"(?:ich|wir)? ?(?:wünsche[n]?|hoffe[n]?)\b[^.!?]{0,60}\b(?:tag|wochenende|abend|hilft|weiter|"
    r"geholfen)\b[^.!?]{0,20}|"
    r"(?:schönen|einen schönen) (?:tag|abend)[^.!?]{0,20}|"
    r"(?:si (?:tienes?|necesitas?|tiene|necesita)|no dudes? en|cualquier (?:duda|cosa))\b[^.!?]{0,100}|"
    r"(?:que tengas?|que tenga)\b[^.!?]{0,40}|(?:quedo|quedamos|estamos) a (?:tu|su) disposición[^.!?]{0,40}"
    r")[.!?:)\s]*$",
    re.IGNORECASE,
)
SIGN_OFF = re.compile(
    r"(?:^|(?<=[.!?]\s)|(?<=\n))(?:kind|best|warm|many)?\s?(?:regards|wishes|cheers|saludos|viele grüße|"
    r"mit freundlichen grüßen|liebe grüße|un saludo)"
    rf"[,.!]*(?:\s{NAME}){{0,4}}[.!]*\s*$",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"(?<=[.!?])[ \t]+(?=[A-ZÄÖÜÁÉÍÓÚ¿¡<„\"'(])")


def strip_courtesies(text: str) -> str:
    """The answer without greeting, thanks for writing, and phrases that close; nothing is left of pure courtesy."""
    text = GREETING.sub("", text.strip(), count=1)
    opening = OPENING.match(text)
    if opening and OPENING_WORDS.search(opening.group()):
        text = text[opening.end() :]
    text = FILLER.sub("", text, count=1)
    text = SIGN_OFF.sub("", text).rstrip()
    paragraphs = [paragraph for paragraph in text.split("\n") if paragraph.strip()] and text.split("\n")
    while paragraphs:
        kept = _without_closings(paragraphs[-1])
        if kept:
            paragraphs[-1] = kept
            break
        paragraphs.pop()
    return _capital("\n".join(paragraphs).strip())


def _without_closings(line: str) -> str:
    sentences = SENTENCE_END.split(line.strip())
    while sentences and (not sentences[-1].strip() or CLOSING_SENTENCE.match(sentences[-1].strip())):
        sentences.pop()
    return " ".join(sentences)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
