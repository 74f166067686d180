"""Which agent messages answer, and the examples that a conversation gives: what was said before, and the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deskhand_finetune.prepare.conversation import Conversation, LeftOut, Turn
from deskhand_finetune.prepare.quality import why_poor_answer
from deskhand_guardrails.prompt import retrieval_query

FEWEST_WORDS = 6
# A promise or thanks with more words than this usually carries an answer as well.
MOST_WORDS_OF_FILLER = 40
# "No worries, sending it back is easy: sign in, …" begins with a courtesy and answers.
MOST_WORDS_OF_THANKS = 16
# "Please send us two photos within 14 days; after that …" tells the customer what to do.
MOST_WORDS_ASKED = 18

ASKS = re.compile(
    r"^(?:(?:so that|in order to|to)\b[^.?]{0,80},\s*)?(?:please|could|can|would|may|which|what|do you|did you|is it|"
    r"are you|"
    r"kindly|bitte|können|könnten|welche|¿|por favor|podrías?)\b",
    re.IGNORECASE,
)
HANDS_IN = re.compile(
    r"\b(?:send|tell|give|provide|share|attach|confirm|let (?:me|us) know|schicken|senden|nennen|mitteilen|teilen|"
    r"envía|indica|dime|decirme)\b",
    re.IGNORECASE,
)
PROMISES = re.compile(
    r"\b(?:(?:i|we)(?:'ll| will|'m going to|'ve| have|'m| am| are|'re) (?:now |just )?(?:look(?:ing)? into|"
    r"check(?:ing|ed)? (?:this|that|it|with)|"
    r"get back|come back to you|forward(?:ed|ing)?|pass(?:ed|ing)?|escalat(?:e|ed|ing)|investigat\w+|ask(?:ed|"
    r"ing)? (?:the|our|my))|"
    r"one moment|bear with (?:me|us)|(?:ich|wir) (?:prüfe|kläre|schaue|melde|leite)\w*|lo reviso|lo consulto)\b",
    re.IGNORECASE,
)
THANKS_BACK = re.compile(
    r"^\W{0,3}(?:you(?:'re| are) (?:very |most )?welcome|my pleasure|no problem|no worries|glad (?:to hear|it|that|"
    r"i)|great to hear|happy to (?:hear|have)|"
    r"perfect|wonderful|gern(?:e)?\b|freut mich|das freut|de nada|me alegro|con gusto|un placer)",
    re.IGNORECASE,
)
# "Could you send me the number? It starts with FH-." says how to find what was asked for, and answers nothing.
DESCRIBES = re.compile(
    r"^(?:it|they|you(?:'ll| will| can)? find|that (?:is|helps)|this (?:is|helps)|then|sie|er|es|die|la|lo|está|"
    r"empieza|aparece)\b",
    re.IGNORECASE,
)
PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*_\d+>")
SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]*")


@dataclass(frozen=True, slots=True)
class Example:
    """One answer that answers, with the conversation up to it."""

    ticket_id: str
    customer: str
    created_at: str
    answered_at: str
    tags: tuple[str, ...]
    language: str
    conversation: tuple[tuple[str, str], ...]
    """(role, text), the last one the customer's."""
    answer: str
    organization: str = ""
    rating: str = ""
    notes: tuple[str, ...] = ()
    """Internal notes written before the answer, where they were asked for."""
    substitutes: Mapping[str, str] = field(default_factory=dict)
    """The conversation's."""

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Example:
        """What ``dataclasses.asdict`` made, read back."""
        said = tuple((role, text) for role, text in record["conversation"])
        return cls(**{**record, "tags": tuple(record["tags"]), "conversation": said, "notes": tuple(record["notes"])})

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation in the form of training data."""
        return [{"role": role, "content": text} for role, text in self.conversation]

    @property
    def query(self) -> str:
        """What the desk would look up for this question."""
        return retrieval_query(self.messages)


def why_no_answer(text: str) -> str:
    """Why an agent's message does not answer: a code, or nothing when it does."""
    words = text.split()
    if len(words) < FEWEST_WORDS:
        return "too_short"
    if len(words) > MOST_WORDS_OF_FILLER:
        return ""
    sentences = [sentence.strip() for sentence in SENTENCE.findall(text) if len(sentence.split()) > 1]
    if sentences and _asks(sentences[0]) and all(_asks(other) or DESCRIBES.match(other) for other in sentences[1:]):
        return "asks_back"
    if THANKS_BACK.match(text) and len(words) <= MOST_WORDS_OF_THANKS:
        return "only_courtesy"
    if all(
        PROMISES.search(sentence) or _asks(sentence) or len(sentence.split()) < FEWEST_WORDS for sentence in sentences
    ):
        return "promises"
    return ""


def _asks(sentence: str) -> bool:
    if sentence.endswith("?"):
        return True
    return len(sentence.split()) <= MOST_WORDS_ASKED and bool(ASKS.match(sentence) and HANDS_IN.search(sentence))


def examples_of(conversation: Conversation) -> Iterator[Example | LeftOut]:
    """The examples of a conversation, and the agent messages that give none."""
    turns = conversation.turns
    answered = False
    for place, turn in enumerate(turns):
        if turn.role == "user":
            answered = False
            continue
        before = _before(turns[:place])
        reason = why_no_answer(turn.text) if before else "no_question"
        if not reason and answered:
            reason = "second_answer"
        if not reason and _unknown_values(turn.text, before):
            reason = "unknown_value"
        if not reason:
            reply = next((later.text for later in turns[place + 1 :] if later.role == "user"), "")
            reason = why_poor_answer(turn.text, before[-1][1], reply)
        if reason:
            yield LeftOut(conversation.ticket_id, reason, turn.at)
            continue
        answered = True
        yield Example(
            ticket_id=conversation.ticket_id,
            customer=conversation.customer,
            created_at=conversation.created_at,
            answered_at=turn.at,
            tags=conversation.tags,
            language=conversation.language,
            conversation=tuple(before),
            answer=turn.text,
            organization=conversation.organization,
            rating=conversation.rating,
            notes=tuple(note.text for note in conversation.notes if note.at <= turn.at),
            substitutes=conversation.substitutes,
        )


def _unknown_values(answer: str, before: Sequence[tuple[str, str]]) -> bool:
    """Whether the answer names a person, an order and the like that the conversation has not.

    The agent took it from another system. A model that learns such answers learns to make values up.
    """
    said = " ".join(text for _, text in before)
    return any(placeholder not in said for placeholder in PLACEHOLDER.findall(answer))


def _before(turns: Sequence[Turn]) -> list[tuple[str, str]]:
    """The alternating messages that lead to an answer: from the customer's first to the customer's last."""
    joined: list[tuple[str, str]] = []
    for turn in turns:
        if not joined and turn.role != "user":
            continue
        if joined and joined[-1][0] == turn.role:
            joined[-1] = (turn.role, f"{joined[-1][1]}\n{turn.text}")
        else:
            joined.append((turn.role, turn.text))
    while joined and joined[-1][0] != "user":
        joined.pop()
    return joined
