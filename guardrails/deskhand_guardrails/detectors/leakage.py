"""Leakage in an answer: the assistant's instructions, canaries, training text, and what is another customer's.

Labels:

- ``instructions``: a sentence that tells the assistant what to do, verbatim or nearly. Facts in the instructions
  ("we open at 9") may be said.
- ``canary``: a string from the policy's list, or planted in the run's training data (``deskhand prepare --canaries``),
  however it is spelt out: plant one in a prompt, a document, a ticket.
- ``training_text``: ten words or more in a row that one or two customers wrote in the tickets that the model was
  trained on, and that neither the sources nor this conversation hold (``training_text``).
- ``other_customer``: an e-mail address or a long number that stands in another customer's ticket among the sources, and
  nowhere else.

The detector ``personal_data`` masks all other personal data that is not this conversation's, and ``grounding`` finds
numbers that stand nowhere. Not covered: instructions and training text that are paraphrased or translated, and what
tools return about somebody else, which is the tool's to refuse.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import Field, field_validator

from deskhand_guardrails.decoding import decodings
from deskhand_guardrails.detectors.figures import Figure, Known, figures
from deskhand_guardrails.detectors.settings import OutputSettings, Text
from deskhand_guardrails.errors import ConfigError, InputError
from deskhand_guardrails.normalise import folded
from deskhand_guardrails.prompt import INSTRUCTIONS, TICKET
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.sentences import sentences
from deskhand_guardrails.training_text import FILE, TrainingText
from deskhand_guardrails.verdicts import Context, Finding

RUN = 3
"""Words that two texts must share in a row to count as the same; common pairs ("of the") are everywhere."""
SHARE = 0.6
"""Of a sentence's runs, what an answer repeats: one word changed in ten leaves 0.7, other words on the matter 0.2."""
FEWEST_WORDS = 6
"""Shorter instructions ("Be polite.") are sentences that anybody writes."""
SHORTEST_CANARY = 8
"""Letters and digits; a shorter string stands in a text by chance."""
OF_THE_MODEL, OFF = "auto", "off"
LONG_NUMBER = 5
"""Digits from which a number says whose it is."""

# A sentence with one of these tells the assistant something; without, it states a fact that may be passed on.
_ORDER = re.compile(
    r"\b(?:you|your|you're|yourself|never|always|must|don't|do not|assistant|chatbot|answer|reply|respond|refuse|"
    r"reveal|customers?|users?|sources?|instructions?|pretend|only if|hand over|du|sie|nie|immer|"
    r"antworte|usted|nunca|siempre)\b",
    re.IGNORECASE,
)
# What stands in quotation marks is for saying: 'If you do not know, say "I will ask a colleague to help you."'
_SAYING = re.compile(r"[\"“”„«][^\"“”«»\n]{1,400}[\"“”»]")
# Without one of these no figure tells whose it is, and reading figures is most of this detector's time.
_TELLING = re.compile(rf"@|\d(?:\D?\d){{{LONG_NUMBER - 1}}}")
_WORD = re.compile(r"\w+(?:'\w+)?")


class LeakageSettings(OutputSettings):
    """Strings that must never be seen outside."""

    canaries: list[Text] = Field(default_factory=list)
    canaries_file: Text | None = None
    """More of them, one a line; a path relative to the policy folder."""
    training_text: Text = OF_THE_MODEL
    """What the model was trained on: ``auto`` (known with a model that ``deskhand train`` has made), ``off``, or a run
    or dataset folder, for a model behind an address; a path relative to the policy folder."""

    @field_validator("canaries")
    @classmethod
    def _long_enough(cls, canaries: list[str]) -> list[str]:
        for number, one in enumerate(canaries, start=1):
            if len(_squeezed(one)) < SHORTEST_CANARY:
                raise ValueError(f"number {number} has fewer than {SHORTEST_CANARY} letters and digits")
        return canaries


class Leakage:
    """Finds what an answer must not give away; needs ``context.instructions`` for a prompt of your own."""

    name = "leakage"
    settings = LeakageSettings

    def __init__(
        self, canaries: Iterable[str] = (), training_text: TrainingText | None = None, *, asks_model: bool = True
    ) -> None:
        """Looks for ``canaries`` and ``training_text`` beside what each context brings.

        Args:
            canaries: strings that must not come out.
            training_text: what the model was trained on, where the context does not know.
            asks_model: whether the context's ``training_text`` counts.
        """
        self._canaries = [_squeezed(one) for one in canaries]
        self._training_text = training_text
        self._asks_model = asks_model
        self._own = _orders(INSTRUCTIONS)

    @classmethod
    def build(cls, setup: Setup[LeakageSettings]) -> Leakage:
        """The detector of a policy, with the canaries of its file.

        Raises:
            ConfigError: a file cannot be read, or holds a string that is too short.
        """
        settings = setup.settings
        listed = _listed(setup.policy.folder / settings.canaries_file) if settings.canaries_file else []
        named = settings.training_text
        known = None if named in (OF_THE_MODEL, OFF) else _trained_on(setup.policy.folder / named)
        return cls([*settings.canaries, *listed], known, asks_model=named != OFF)

    def detect(self, text: str, context: Context) -> list[Finding]:
        """Findings of a place (``other_customer``), or of the whole answer."""
        read = folded(text)
        shown = [read, *decodings(read)]
        learnt = [self._training_text, context.training_text if self._asks_model else None]
        trained_on = [one for one in learnt if one is not None]
        labels = [
            *self._told(text, shown, context, trained_on),
            *_repeated(text, shown, context, trained_on),
            *self._others(text, context),
        ]
        return [Finding(self.name, label, score, start, end) for label, score, start, end in labels]

    def _told(
        self, text: str, shown: Sequence[str], context: Context, trained_on: Sequence[TrainingText]
    ) -> Iterator[tuple[str, float, int, int]]:
        canaries = [*self._canaries, *(_planted(canary) for one in trained_on for canary in one.canaries)]
        if canaries:
            squeezed = [_squeezed(one) for one in shown]
            if any(canary in one or canary[::-1] in one for canary in canaries for one in squeezed):
                yield "canary", 1.0, 0, len(text)
        own = [*self._own, *(_orders(context.instructions) if context.instructions else ())]
        share = max((_share(order, one) for one in map(_runs, shown) if one for order in own), default=0.0)
        if share >= SHARE:
            yield "instructions", round(share, 2), 0, len(text)

    def _others(self, text: str, context: Context) -> Iterator[tuple[str, float, int, int]]:
        if not _TELLING.search(text):
            return
        tickets = [one for one in context.sources if one.reference.startswith(TICKET)]
        telling = [one for one in figures(text) if _tells_whose(one, text)] if tickets else []
        if not telling:
            return
        rest = [one for one in context.sources if not one.reference.startswith(TICKET)]
        others = Known([part for one in tickets for part in (one.title, one.text)])
        own = [context.question, *context.conversation, context.instructions]
        known = Known([*own, *(f"{one.title}\n{one.text}" for one in rest)])
        for one in telling:
            if others.supports(one) and not known.supports(one):
                yield "other_customer", 1.0, one.start, one.end


def _repeated(
    text: str, shown: Sequence[str], context: Context, trained_on: Sequence[TrainingText]
) -> Iterator[tuple[str, float, int, int]]:
    """Places in the text; the whole of it where only its decoded form repeats something."""
    if not trained_on:
        return
    sources = (part for one in context.sources for part in (one.title, one.text))
    known = [context.question, *context.conversation, context.instructions, INSTRUCTIONS, *sources]
    found = [place for one in trained_on for place in one.repeated(text, known)]
    hidden = [one for one in shown if one != text]
    if not found and any(one.repeated(decoded, known) for decoded in hidden for one in trained_on):
        found = [(0, len(text))]
    for start, end in found:
        yield "training_text", 1.0, start, end


def _tells_whose(figure: Figure, text: str) -> bool:
    digits = sum(character.isdigit() for character in text[figure.start : figure.end])
    return figure.kind == "email" or (figure.kind == "id" and digits >= LONG_NUMBER)


def _orders(instructions: str) -> list[frozenset[tuple[str, ...]]]:
    """The runs of each sentence that tells the assistant what to do."""
    told = _SAYING.sub(" ", instructions)
    parts = (told[start:end] for start, end in sentences(told))
    return [_runs(one) for one in parts if _ORDER.search(one) and len(_WORD.findall(one)) >= FEWEST_WORDS]


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words: Sequence[str] = _WORD.findall(text.lower().replace("’", "'"))
    return frozenset(tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


def _share(order: frozenset[tuple[str, ...]], answer: frozenset[tuple[str, ...]]) -> float:
    return len(order & answer) / len(order)


def _squeezed(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


@functools.lru_cache(maxsize=1024)
def _planted(canary: str) -> str:
    return _squeezed(canary)


def _trained_on(folder: Path) -> TrainingText:
    where = "rails.config.deskhand.detectors.leakage.training_text"
    try:
        found = TrainingText.load(folder)
    except InputError as error:
        raise ConfigError(f"{where}: {error}") from None
    if found is None:
        raise ConfigError(f"{where}: {folder} holds no {FILE}; name a run or a dataset folder, or auto, or off")
    return found


def _listed(path: Path) -> list[str]:
    where = f"rails.config.deskhand.detectors.leakage.canaries_file: {path.name}"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{where}: cannot be read ({type(error).__name__}); give a text file in the policy folder"
        ) from None
    for number, line in enumerate(lines, start=1):
        if line.strip() and len(_squeezed(line)) < SHORTEST_CANARY:
            raise ConfigError(f"{where}, line {number}: fewer than {SHORTEST_CANARY} letters and digits")
    return [line for line in lines if line.strip()]
