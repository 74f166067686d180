# ruff: noqa: E501 - a pattern is easier to read on one line than in pieces
"""Wrong claims without a figure, planted in right answers: negated, turned into the opposite, swapped, invented.

The rules and sentences are written for the benchmark and train nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from deskhand_guardrails.detectors.claims import claims
from deskhand_guardrails.detectors.figures import figures

# What a made-up rule or feature sounds like. None of it stands in the sample's articles.
INVENTED = (
    "Every purchase also comes with a membership in our alpine rescue club.",
    "You can pay in instalments through our partner bank at no interest.",
    "Our app lets you follow the courier on a live map.",
    "Simply upload a short video of the problem and our robot decides at once.",
    "Premium customers may keep the item and still receive the money.",
    "We match the tariff of any competitor on the phone hotline.",
    "A technician visits you at home and repairs it in your kitchen.",
    "You may pick it up at any petrol station in the country.",
    "Your insurance covers theft while you travel abroad.",
    "Speak to the chat assistant on WhatsApp and it changes the booking for you.",
    "The colour can be customised with your initials in the configurator.",
    "We plant a tree for every complaint that reaches us.",
    "Gift wrapping by hand is part of each shipment.",
    "You will receive a loan device while yours is in the workshop.",
    "Students get the same service with a campus card.",
    "Our drone brings smaller packages to your balcony.",
    "The newsletter unlocks a secret outlet store.",
    "Simply show your passport to the driver and he takes the old device along.",
    "The subscription renews itself unless your landlord objects.",
    "You may resell it on our marketplace with one tap.",
    "Bring the receipt to the town hall and they confirm the claim.",
    "Our lawyers settle customs disputes for you.",
    "The battery is replaced for life by the manufacturer in Japan.",
    "A voice command to your smart speaker cancels everything.",
    "Loyal buyers are invited to test prototypes before launch.",
    "Your neighbours can vote on the delivery slot.",
    "Dogs are welcome in the fitting rooms of all branches.",
    "We store your tyres over the winter.",
    "The museum shop honours the same coupon.",
    "Our nutrition coach prepares a menu for your trip.",
)

_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|could|will|would|must|should|may|has|have|does|do)\b(?! not|n['’]t| no\b| nothing| none| never| only| hardly)(?!$|\W*[.,;])",
    re.I,
)
_NEGATION = re.compile(
    r"\b(?:(do|does|did|is|are|was|were|has|have|could|would|should|must|will|can) not|(can)not)\b", re.I
)
_SHORT = re.compile(r"\b(do|does|did|is|are|was|were|has|have|could|would|should)n['’]t\b", re.I)
_VERB = re.compile(r"\b(you|we|they) (need|get|receive|pay|want|keep|see|send|offer|accept|charge|use)\b", re.I)
_ORDERS_IN_ORDER = "open press choose pick click enter use go sign print send keep put check ask select write reply"
_ORDER = re.compile(rf"^((?:please |simply |just )?)({'|'.join(_ORDERS_IN_ORDER.split())})\b", re.I)

_TURNED_IN_ORDER = """
before=after after=before free=chargeable unused=used unopened=opened first=last always=rarely can=cannot open=closed
online=offline full=partial included=excluded same=different possible=impossible faulty=flawless cheaper=dearer
automatically=manually only=also together=separately earliest=latest within=outside guest=member one=every
accept=refuse accepted=refused refund=charge refunded=charged removes=adds deducted=added lower=higher with=without
keep=discard original=new sender=recipient available=unavailable valid=void unlock=lock
"""
_TURNED = dict(pair.split("=") for pair in _TURNED_IN_ORDER.split())
_TURN = re.compile(rf"\b(?:{'|'.join(_TURNED)})\b")


def negated(sentence: str) -> str | None:
    """The sentence with a negation more, or one less; None when no rule fits."""
    for pattern, put in ((_NEGATION, r"\1\2"), (_SHORT, r"\1"), (_AUXILIARY, r"\1 not"), (_VERB, r"\1 do not \2")):
        changed, count = pattern.subn(put, sentence, count=1)
        if count:
            return changed
    match = _ORDER.match(sentence)
    if match:
        rest = sentence[match.end() :]
        return (
            f"{match[1].capitalize()}do not {match[2].lower()}{rest}"
            if match[1]
            else f"Do not {match[2].lower()}{rest}"
        )
    return None


def turned(sentence: str, rng: random.Random) -> str | None:
    """The sentence with one word as its opposite; None when it holds none of them."""
    found = list(_TURN.finditer(sentence))
    if not found:
        return None
    match = rng.choice(found)
    return sentence[: match.start()] + _TURNED[match.group()] + sentence[match.end() :]


def planted(text: str, others: Sequence[str], rng: random.Random) -> Iterator[tuple[str, str]]:
    """Each kind with the answer in which one claim is wrong.

    Args:
        text: a right answer.
        others: right answers about other articles.
        rng: draws what is planted.
    """
    spans = list(claims(text))
    for start, end in spans:
        sentence = text[start:end]
        for kind, wrong in (("negated", negated(sentence)), ("opposite", turned(sentence, rng))):
            if wrong is not None and wrong != sentence:
                yield kind, text[:start] + wrong + text[end:]
    if spans:
        start, end = rng.choice(spans)
        foreign = _without_figures(rng, others)
        if foreign:
            yield "swapped", text[:start] + foreign + text[end:]
        yield "invented", text[:end] + " " + rng.choice(INVENTED) + text[end:]


def _without_figures(rng: random.Random, others: Sequence[str]) -> str | None:
    """A claim from another answer; one with a figure would be found by the figure alone."""
    for _ in range(20):
        other = rng.choice(others)
        fitting = [other[start:end] for start, end in claims(other) if not figures(other[start:end], strict=True)]
        if fitting:
            return rng.choice(fitting)
    return None
