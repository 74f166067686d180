"""Messages as people write them: the problem, what surrounds it, and the trail below."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Literal

from fernhollow import style
from fernhollow.case import SUPPORT_ADDRESS, Case, plant
from fernhollow.wording import Parts, fill, plain_answer, spin

Manner = Literal["plain", "long", "terse", "casual", "angry"]
PLANTED_SHARE = 0.3
_LOOSE = re.compile(r" +([.,?!])")  # the space an empty choice leaves before a sign
_MANNERS: tuple[Manner, ...] = ("plain",) * 48 + ("long",) * 15 + ("terse",) * 13 + ("casual",) * 20 + ("angry",) * 4
_POLITE = (
    "I am sorry", "Sorry", "Thank", "Good", "No worries", "Happy", "I have", "I checked", "That should", "There is",
)  # fmt: skip
_OUTLOOK = {
    "en": ("From", "Sent", "To", "Subject"),
    "de": ("Von", "Gesendet", "An", "Betreff"),
    "es": ("De", "Enviado", "Para", "Asunto"),
}


@dataclass(frozen=True)
class Block:
    """A paragraph, or with a header the quoted trail of an earlier message."""

    text: str
    header: str = ""
    marked: bool = False  # every quoted line begins with "> "

    def as_text(self) -> str:
        if not self.header:
            return self.text
        lines = [f"> {line}".rstrip() for line in self.text.split("\n")] if self.marked else self.text.split("\n")
        return "\n".join([self.header, "", *lines])

    def as_html(self) -> str:
        text = html.escape(self.text, quote=False).replace("\n", "<br>")
        if not self.header:
            return f'<p dir="auto">{text}</p>'
        header = html.escape(self.header, quote=False).replace("\n", "<br>")
        if self.marked:
            attribution = f'<div class="gmail_attr">{header}</div>'
            return f'<div class="gmail_quote">{attribution}<blockquote>{text}</blockquote></div>'
        return f'<hr><p dir="auto">{header}</p><p dir="auto">{text}</p>'


@dataclass(frozen=True)
class Letter:
    """A message as blocks."""

    blocks: Sequence[Block]

    def as_text(self) -> str:
        return "\n\n".join(block.as_text() for block in self.blocks)

    def as_html(self) -> str:
        return f'<div class="zd-comment" dir="auto">{"".join(block.as_html() for block in self.blocks)}</div>'


def simple(*texts: str) -> Letter:
    """A letter of plain paragraphs."""
    return Letter([Block(text) for text in texts if text])


def question(case: Case, rng: Random, *, mail: bool) -> tuple[str, Letter]:
    """Subject and body of a customer's first message."""
    kind = case.entry.kind
    if kind is None:
        raise ValueError("a question needs a kind of problem")
    parts = kind.parts[case.language]
    manner = rng.choice(_MANNERS)
    subject = _sentence(case, rng, rng.choice(parts.subjects))
    paragraphs = _told(case, rng, parts, manner)
    if rng.random() < (0.75 if kind.business else PLANTED_SHARE):
        for _ in range(rng.choice((1, 1, 2))):
            _confide(case, rng, paragraphs, manner)
    voice = case.words.voices[case.language]
    greeting = "" if manner == "terse" and rng.random() < 0.6 else rng.choice(voice["greetings"])
    if manner == "casual":
        greeting = greeting.lower()
    paragraphs[0] = _opening(greeting, paragraphs[0], case.language, casual=manner in ("casual", "terse"))
    ending = [] if manner == "terse" and rng.random() < 0.7 else _ending(case, rng, mail=mail)
    blocks = [Block(text) for text in ([greeting] if greeting else []) + paragraphs + ending]
    return subject, Letter(blocks)


def _told(case: Case, rng: Random, parts: Parts, manner: Manner) -> list[str]:
    """The problem itself, in one or more paragraphs."""
    voice = case.words.voices[case.language]
    if manner == "terse":
        short = _sentence(case, rng, rng.choice(parts.terse))
        return [style.slips(rng, short, rng.choice((0, 0, 1)))]
    state = _sentence(case, rng, rng.choice(parts.states))
    ask = _sentence(case, rng, rng.choice(parts.asks)) if rng.random() < 0.88 else ""
    extras = rng.sample(list(parts.extras), min(len(parts.extras), rng.choice((0, 0, 1))))
    opener = rng.choice(voice["openers"])
    mood = rng.choice(voice.get("moods", [""]))
    if manner == "long":
        rambles = rng.sample(list(voice["rambles"]), rng.choice((1, 2, 2)))
        first = _joined(case, rng, opener, rambles[0], state, *extras)
        return [style.sentence_case(first), style.sentence_case(_joined(case, rng, *rambles[1:], ask, mood))]
    order = [state, *extras, ask, mood]
    if rng.random() < 0.15 and ask:
        order = [ask, state, *extras, mood]
    text = style.sentence_case(_joined(case, rng, opener, *order))
    if manner == "angry" and case.language == "en":
        text = style.shout(f"{text} {rng.choice(voice['angry'])}")
    elif manner == "casual":
        text = style.casual(rng, text)
    return [text]


def _confide(case: Case, rng: Random, paragraphs: list[str], manner: Manner) -> None:
    """Add a sentence with a personal value, or a secret that should never be sent."""
    planted = plant(case, rng)
    if planted is None:
        return
    pattern, value = planted
    pattern = pattern.replace("{value}", style.MARK)
    pattern = (style.shout(pattern) if manner == "angry" else pattern).replace(style.MARK, value)
    if rng.random() < 0.3:
        paragraphs.append(pattern)
    else:
        paragraphs[-1] = f"{paragraphs[-1]} {pattern}"


def _opening(greeting: str, text: str, language: str, *, casual: bool) -> str:
    if casual or (greeting and language == "de" and not text.startswith(("Ich hoffe", "Kurze"))):
        return text
    return style.sentence_case(text)


def _sentence(case: Case, rng: Random, pattern: str) -> str:
    return _LOOSE.sub(r"\1", fill(spin(rng, pattern), case.speak(rng)))


def _joined(case: Case, rng: Random, *patterns: str) -> str:
    return " ".join(_sentence(case, rng, pattern) for pattern in patterns if pattern)


def _ending(case: Case, rng: Random, *, mail: bool) -> list[str]:
    voice, noise = case.words.voices[case.language], case.words.noise
    name = rng.choice((case.customer.name, case.customer.name, case.customer.first))
    chance = rng.random()
    if chance < 0.12:
        ending = [name]
    elif chance < 0.8:
        comma = rng.choice((",", ",", ""))
        ending = [f"{rng.choice(voice['closings'])}{comma}\n{name}"]
    else:
        ending = []
    if mail and rng.random() < 0.12:
        ending.append(f"--\n{case.customer.name}\n{rng.choice((case.customer.phone, case.customer.email, case.city))}")
    if mail and rng.random() < 0.14:
        ending.append(rng.choice(noise["mobile"]))
    if mail and rng.random() < 0.05:
        ending.append(rng.choice(noise["disclaimers"]))
    return ending


def answer(case: Case, rng: Random, *, macro: bool) -> Letter:
    """The agent's answer to the problem."""
    kind = case.entry.kind
    if kind is None:
        raise ValueError("an answer needs a kind of problem")
    patterns = kind.parts[case.language].answers
    if macro:
        noise = case.words.noise
        return simple(noise["macro_intro"], plain_answer(patterns[0]), noise["macro_outro"])
    return from_agent(case, rng, _sentence(case, rng, rng.choice(patterns)), opener=True)


def from_agent(case: Case, rng: Random, text: str, *, opener: bool = False) -> Letter:
    """An agent's message around `text`: greeting before, closing and name after."""
    voice = case.words.voices[case.language]
    greeting = fill(rng.choice(voice["agent_greetings"]), case.speak(rng))
    name, first = case.agent.name, case.agent.first
    shop = "Fernhollow Support"
    sign = rng.choice((f"{first}\n{shop}", f"{name}\n{shop}", f"{first} {voice['agent_from']} Fernhollow"))
    lead = rng.choice(voice.get("agent_openers", [""])) if opener and not text.startswith(_POLITE) else ""
    closing = f"{rng.choice(voice['agent_closings'])},\n{sign}"
    return simple(greeting, f"{lead} {text}".strip(), closing)


def reply(case: Case, rng: Random, text: str, *, to: Letter, sent: datetime, mail: bool) -> Letter:
    """A customer's later message, by mail often with the agent's message quoted below."""
    blocks = [Block(text)]
    if rng.random() < 0.5:
        blocks.append(Block(rng.choice((case.customer.first, case.customer.name))))
    if mail and rng.random() < 0.15:
        blocks.append(Block(rng.choice(case.words.noise["mobile"])))
    if mail and rng.random() < 0.65:
        blocks.append(quote(case, rng, to, sent))
    return Letter(blocks)


def quote(case: Case, rng: Random, letter: Letter, sent: datetime) -> Block:
    """The trail that mail programs put below a reply."""
    text, day, clock = letter.as_text(), f"{sent.day} {sent:%b %Y}", f"{sent:%H:%M}"
    sender = f"{case.agent.name} (Fernhollow)"
    address = f"{sender} <{SUPPORT_ADDRESS}>"
    if rng.random() < 0.45:
        headers = {
            "en": (f"On {sent:%a}, {day} at {clock}, {address} wrote:", f"On {day}, at {clock}, {sender} wrote:"),
            "de": (f"Am {sent:%d.%m.%Y} um {clock} schrieb {address}:",),
            "es": (f"El {sent:%d/%m/%Y}, a las {clock}, {address} escribió:",),
        }
        return Block(text, rng.choice(headers[case.language]), marked=True)
    if rng.random() < 0.5:
        moment = f"{sent:%b} {sent.day}, {sent.year}, {clock} UTC"
        return Block(text, f"##- Please type your reply above this line -##\n\n{'-' * 46}\n\n{sender}, {moment}")
    fields = (address, f"{sent:%A}, {day} {clock}", case.customer.name, f"[Fernhollow] Re: {case.entry.id}")
    labelled = zip(_OUTLOOK[case.language], fields, strict=True)
    return Block(text, "\n".join(f"{label}: {value}" for label, value in labelled))
