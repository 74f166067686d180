"""Commitments in an answer: money, exceptions, guarantees, deadlines, blame, threats, advice that a desk must not give.

A sentence that makes one is a finding unless the sources say so too. What the customer asked for, or said was promised,
supports nothing. ``We refund within 5 days`` may be said when a source says it; ``I have refunded you`` only when a
record says that it has happened, such as a tool's result; and a promise that adds nothing to a source's rule ("we will
refund you") is none of the source's.

The phrases are in ``words/commitments.toml``. Not covered: replacements and repairs, commitments spread over two
sentences, paraphrases that avoid every usual word, and what a source states about another case than the customer's.
German and Spanish are read in their most frequent forms only, other languages not at all.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from deskhand_guardrails.detectors.figures import Figure, Known, figures
from deskhand_guardrails.detectors.phrasebook import Phrasebook, beginnings
from deskhand_guardrails.detectors.settings import OutputSettings
from deskhand_guardrails.detectors.spans import any_of, phrases
from deskhand_guardrails.detectors.spans import words as words_of
from deskhand_guardrails.growing import REACH
from deskhand_guardrails.normalise import plain
from deskhand_guardrails.prompt import TICKET, TOOL, Source
from deskhand_guardrails.registry import Setup
from deskhand_guardrails.sentences import sentences
from deskhand_guardrails.verdicts import Context, Finding

Kind = Literal[
    "refund", "discount", "credit", "free", "exception", "guarantee", "liability", "legal", "medical", "financial",
    "threat", "deadline",
]  # fmt: skip

WORDS = Path(__file__).parent / "words" / "commitments.toml"

SHARE = 0.6
"""Of a sentence's words beside those of its kind, what a source must hold. Lower, and a general rule supports a promise
to one customer; higher, and an answer may only quote."""

_FIGURES = frozenset({"percent", "EUR", "USD", "GBP", "CHF", "YEN", "cents", "time", "months"})
_WHEN = frozenset({"date", "weekday", "time of day", "time", "months"})
_ONCE = frozenset({"date", "weekday", "time of day"})
"""What holds for one case only: another customer's ticket supports none of it."""


class CommitmentsSettings(OutputSettings):
    """What the desk may promise by itself."""

    allow: list[Kind] = Field(default_factory=list)
    max_discount_percent: Annotated[float, Field(ge=0, le=100)] = 0
    """Discounts up to so many per cent may be promised."""


class _Forms:
    """How one kind is spoken of. The long patterns are compiled once a sentence is about it: half a second."""

    def __init__(self, listed: Mapping[str, str], book: Phrasebook) -> None:
        self.about = beginnings(listed["about"])
        self._listed, self._book = listed, book

    @functools.cached_property
    def promised(self) -> re.Pattern[str]:
        return self._book.pattern(self._listed["promised"])

    @functools.cached_property
    def done(self) -> re.Pattern[str] | None:
        return self._book.pattern(self._listed["done"]) if "done" in self._listed else None


@dataclass(frozen=True, slots=True)
class _Commitment:
    """What a sentence commits to; ``said`` is the sentence in simple form, ``stated`` its figures."""

    kind: str
    forms: _Forms
    said: str
    stated: list[Figure]
    done: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """A source in simple form: its figures, and the words of what it does not deny."""

    said: str
    known: Known
    held: set[str]
    another_case: bool
    a_record: bool


class Commitments:
    """Finds sentences that commit the company to something; labels are the kinds (``refund``, ``guarantee``, ...)."""

    name = "commitments"
    settings = CommitmentsSettings
    reach = REACH

    def __init__(self, allow: Iterable[Kind] = (), *, max_discount_percent: float = 0) -> None:
        """Passes over the kinds in ``allow``, and discounts up to ``max_discount_percent``."""
        self._words = _words()
        self._kinds = {kind: forms for kind, forms in self._words.kinds.items() if kind not in set(allow)}
        self._percent = max_discount_percent

    @classmethod
    def build(cls, setup: Setup[CommitmentsSettings]) -> Commitments:
        """The detector of a policy."""
        return cls(setup.settings.allow, max_discount_percent=setup.settings.max_discount_percent)

    def detect(self, text: str, context: Context) -> list[Finding]:
        """One finding for each kind in each sentence that commits without support."""
        made = [
            (Finding(self.name, one.kind, 1.0, start, end), one)
            for start, end in sentences(text)
            for one in self._made(text[start:end].strip())
        ]
        if not made:
            return []
        sources = [self._read(one) for one in context.sources]
        return [finding for finding, one in made if not any(self._supports(source, one) for source in sources)]

    def _made(self, sentence: str) -> Iterator[_Commitment]:
        """The commitments of a sentence, supported or not."""
        if sentence.endswith("?"):
            return
        said = self._words.simple(sentence)
        for kind, forms in self._kinds.items():
            if not forms.about.search(said) or not (match := self._commits(forms, said)):
                continue
            stated = figures(sentence)
            if kind == "discount" and self._small_discount(stated):
                continue
            if kind == "deadline" and not self._dated(said, stated):
                continue
            yield _Commitment(kind, forms, said, stated, done=match.re is forms.done)

    def _commits(self, forms: _Forms, said: str) -> re.Match[str] | None:
        """Where a sentence (simple form) makes a commitment: not denied, not asked, not somebody else's words."""
        words = self._words
        for pattern in (forms.done, forms.promised):
            for match in pattern.finditer(said) if pattern else ():
                before = words.breaks.split(said[: match.start()])[-1] + " "
                if not words.negations.search(before + match.group()) and not words.open.search(before):
                    return match
        return None

    def _dated(self, said: str, stated: Iterable[Figure]) -> bool:
        """Whether a sentence says when, and not as a forecast."""
        words = self._words
        when = words.times.search(said) is not None or any(one.kind in _WHEN for one in stated)
        return when and not words.forecast.search(said)

    def _small_discount(self, stated: Iterable[Figure]) -> bool:
        percents = [value for one in stated if one.kind == "percent" for value in one.numbers]
        return bool(percents) and max(percents) <= self._percent

    def _read(self, source: Source) -> _Reading:
        words = self._words
        another_case = source.reference.startswith(TICKET)
        # A ticket's title is what its customer asked.
        texts = [source.text] if another_case else [source.title, source.text]
        said = words.simple(".\n".join(texts))
        # What a source denies ("sale items are not refunded") supports no word of a promise.
        affirmed = (one for one in words.breaks.split(said) if one and not words.negations.search(one))
        held = self._content(" ".join(affirmed))
        return _Reading(said, Known(texts), held, another_case, source.reference.startswith(TOOL))

    def _supports(self, source: _Reading, one: _Commitment) -> bool:
        """Whether the source itself says what the sentence commits to."""
        if one.done and source.another_case:
            return False
        kinds = _WHEN | _FIGURES if one.kind == "deadline" else _FIGURES
        wanted = [figure for figure in one.stated if figure.kind in kinds]
        if any(not source.known.supports(each) or (source.another_case and each.kind in _ONCE) for each in wanted):
            return False
        if one.kind == "deadline":
            spoken = self._words.times.findall(one.said)
            return not spoken or (not source.another_case and all(word in source.said for word in spoken))
        if one.said.rstrip(".! ") in source.said:
            return True
        done = one.done and not source.a_record
        if not any(self._states(one.forms, source.said[at:to], done=done) for at, to in sentences(source.said)):
            return False
        about = one.forms.about
        more = self._content(one.said) - self._content(" ".join(about.findall(one.said)))
        more = {word for word in more if not about.match(word)}
        found = len(more & source.held) + len(wanted)
        return found > 0 and found >= SHARE * (len(more) + len(wanted))

    def _states(self, forms: _Forms, sentence: str, *, done: bool) -> bool:
        """Whether a source's sentence speaks of the kind without denying it; of something done, that it was done."""
        if done:
            match = self._commits(forms, sentence)
            return match is not None and match.re is forms.done
        words = self._words
        return any(
            not words.negations.search(clause) for clause in words.breaks.split(sentence) if forms.about.search(clause)
        )

    def _content(self, said: str) -> set[str]:
        """The words that carry meaning, cut to their beginnings so that "returned" meets "return"."""
        return {word[:5] for word in re.findall(r"[^\W\d_]{3,}", said) if word not in self._words.empty}


class _Words:
    """The word list, compiled."""

    def __init__(self, path: Path = WORDS) -> None:
        listed = tomllib.loads(path.read_text(encoding="utf-8"))
        book = Phrasebook(listed["lists"], listed["fillers"]["words"], listed["compounds"]["words"])
        bare = Phrasebook({})
        self.kinds = {kind: _Forms(one, book) for kind, one in listed["kinds"].items()}
        deadline = listed["kinds"]["deadline"]
        self.times = bare.pattern(deadline["times"])
        self.forecast = bare.pattern(deadline["forecast"])
        self.negations = bare.pattern(listed["negations"]["words"])
        self.open = bare.pattern(listed["open"]["words"])
        self.breaks = re.compile(rf"[.!?\n,;:–—()\"“”]|(?<!\w){any_of(listed['negations']['breaks'])}(?!\w)")
        self._idioms = bare.pattern(listed["negations"]["idioms"])
        self.empty = {word for name in ("we", "will", "you_get", "was") for word in listed["lists"][name].split()}
        self.empty |= set(" ".join(phrases(listed["fillers"]["words"])).split()) | _EMPTY

    def simple(self, text: str) -> str:
        """``text`` in lower case, without contractions, with idioms that deny nothing made one word each."""
        said = plain(text).text.lower().replace("’", "'").replace("**", "")
        for pattern, written in _CONTRACTIONS:
            said = pattern.sub(written, said)
        return self._idioms.sub(lambda match: re.sub(r"\s+", "_", match.group()), said)


_CONTRACTIONS = tuple(
    (re.compile(pattern), written)
    for pattern, written in (
        (r"\bwon't\b", "will not"),
        (r"\bcan't\b|\bcannot\b", "can not"),
        (r"n't\b", " not"),
        (r"'ll\b", " will"),
        (r"'ve\b", " have"),
        (r"'re\b", " are"),
        (r"\b(it|that|here)'s\b", r"\1 is"),
        (r"\bi'm\b", "i am"),
        (r"\bi'd\b", "i would"),
        (r"\bwe'd\b", "we would"),
        (r"\s?%", " percent"),
    )
)
_EMPTY = words_of("the and for your you this that with from our any all its has")


@functools.cache
def _words() -> _Words:
    return _Words()
