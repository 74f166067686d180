"""How sources and a conversation become the messages a model reads.

Training data, the starter model and the answering desk all lay out a prompt through this module, so that what a model
sees at answering time is what it was trained on::

    system      instructions, then the sources: "[1] title" and its text, one below the other
    user        the customer
    assistant   ...

Everything is plain text in the usual three roles, so that any chat template and any fine-tuning tool accepts it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

INSTRUCTIONS = "Answer the customer from the sources. If they do not hold the answer, offer to hand over to a person."

NO_SOURCES = "(no sources found)"

HAND_OVER = "I am not sure about that one, so I would rather hand you over to a colleague who can help."

TICKET, TOOL = "ticket:", "tool:"
"""What the references of another customer's resolved ticket, and of a tool's result, begin with."""

# A paragraph that answers; three of them and a conversation fit into a context of 1,024 tokens.
SOURCE_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that an answer may be taken from: an article's section, or a resolved ticket's question and answer."""

    title: str
    text: str
    reference: str = ""
    """Where it comes from, for a citation: a path, an URL, ``ticket:ID`` or ``tool:NAME``."""
    score: float = 0.0
    """Similarity to the question, 0 to 1."""


def distinct(sources: Iterable[Source]) -> list[Source]:
    """The sources without those whose text stands in an earlier one: a canned reply says it all the first time."""
    by_text: dict[str, Source] = {}
    for source in sources:
        by_text.setdefault(" ".join(source.text.split()), source)
    return list(by_text.values())


def layout_sources(sources: Sequence[Source], *, characters: int = SOURCE_CHARACTERS) -> str:
    """The sources as the numbered block below the instructions; each text is cut at a word near ``characters``."""
    if not sources:
        return NO_SOURCES
    return "\n".join(
        f"[{number}] {_one_line(source.title, characters // 3)}\n{_one_line(source.text, characters)}"
        for number, source in enumerate(sources, start=1)
    )


def compose(
    conversation: Iterable[Mapping[str, str]],
    sources: Sequence[Source],
    *,
    instructions: str = INSTRUCTIONS,
) -> list[dict[str, str]]:
    """The messages for the model: one system message with instructions and sources, then the conversation.

    Args:
        conversation: ``{"role", "content"}`` messages, oldest first; their system messages are put before ours.
        sources: passages, the most similar first.
        instructions: what the assistant is to do with them.
    """
    own: list[str] = []
    turns: list[dict[str, str]] = []
    for message in conversation:
        if message["role"] == "system":
            own.append(message["content"])
        else:
            turns.append({"role": message["role"], "content": message["content"]})
    system = "\n".join([*own, instructions, layout_sources(sources)])
    return [{"role": "system", "content": system}, *turns]


def _one_line(text: str, characters: int) -> str:
    joined = " ".join(text.split())
    if len(joined) <= characters:
        return joined
    return joined[:characters].rsplit(" ", 1)[0] + " …"


def retrieval_query(conversation: Sequence[Mapping[str, str]], *, enough_words: int = 8) -> str:
    """What to look up for the newest customer message: it, and what came before where that is the question.

    "Sure, it is <ORDER_ID_1>" asks nothing by itself, nor does "It's the blue one, bought last Tuesday" in answer to
    "Which one is it?": the question stands in the message before. So earlier messages count while the newer ones are
    short, or answer a question of the desk. Placeholders do not count as words. "Do you deliver to Norway?" changes the
    topic: a question that refers to nothing is looked up alone.
    """
    said = [message["content"] for message in conversation if message["role"] == "user"]
    if said and _asks_alone(said[-1]):
        return said[-1]
    looked_up: list[str] = []
    enough = False
    for message in reversed([message for message in conversation if message["role"] in ("user", "assistant")]):
        if message["role"] == "assistant":
            enough = enough and "?" not in message["content"]
            continue
        if enough:
            break
        looked_up.insert(0, message["content"])
        enough = sum(not word.startswith("<") for part in looked_up for word in part.split()) >= enough_words
    return "\n".join(looked_up)


_ASKING = """
how what when where which who why can could do does did is are will would may should wie wo was wann welche welcher wer
warum kann können könnt gibt habt haben ist sind muss darf cómo dónde cuándo qué cuál quién puedo puedes hay tienen
"""
_REFERRING = """
it its that this these those they them their he she him her one ones same such instead now next then es das dies diese
dieser dieses sie ihn ihm er jetzt dann eso esto esa ese ellos ahora
"""
_ASKS, _REFERS = frozenset(_ASKING.split()), frozenset(_REFERRING.split())
_FEWEST_ASKING = 4


def _asks_alone(text: str) -> bool:
    """Whether a message is a question with nothing in it that stands for something said before."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"<\w+>", " ", text.lower()))
    asks = "?" in text or (bool(words) and words[0] in _ASKS)
    return asks and len(words) >= _FEWEST_ASKING and _REFERS.isdisjoint(words)
