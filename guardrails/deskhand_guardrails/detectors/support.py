"""How far sources carry one sentence of an answer: measurements, which a small head turns into a score.

Words are compared by their stems first. Only words that no source holds are looked up by meaning: the encoder reads the
claim and the source sentences nearest to it, and each such word is compared with every word of theirs (the greedy
matching of Zhang et al. 2020, BERTScore). An answer in the sources' own words costs no encoder pass at all.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from deskhand_guardrails.detectors.polarity import contradictions, flips, polarities, stem
from deskhand_guardrails.encoder import Encoder
from deskhand_guardrails.kept import Kept
from deskhand_guardrails.sentences import sentences

_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")

_FUNCTIONS = """
a an the this that these those it its i me my mine myself we us our ours you your yours yourself he him his she her hers
they them their theirs there here one ones is are was were be been being am do does did done have has had having will
would can could shall should may might must of in on at to for from by with about as into onto over under up down out
off through during than then so such and or but if because while when where who whom which what how why whether not no
nor also just very too again once some any each both few other own please yes oh well ok okay let lets get gets got
cannot without neither s t d m n ll re ve i'm i've i'd i'll it's that's there's he's she's we're we've we'll we'd you're
you've you'll you'd they're they've they'll don't doesn't didn't isn't aren't wasn't weren't can't couldn't won't
wouldn't shouldn't haven't hasn't hadn't
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
"""Words without content, which every text holds."""

NEAREST = 2
"""Source sentences that are read by meaning for one claim: a third gains 0.001 of AUC and costs two milliseconds."""

SAME_MATTER = 0.6
"""Of a source sentence's words, what a claim must hold to be denied by it."""

KEPT = 256
"""Texts whose reading is remembered, under a hash and without their words: a streamed answer is checked again at every
sentence's end, and many answers are written from the same sources. About 30 kB each."""

# Inside a sentence: after a lower-case word, a figure or a comma; what begins a sentence, a quotation or a step may be
# any word.
_NAME = re.compile(r"(?<=[a-z0-9,;] )[A-Z][^\W\d_]{2,}(?:['’][^\W\d_]+)?")
_INNER = re.compile(r"[A-Z]+[a-z]+")
_CALENDAR_IN_ORDER = """
monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
october november december english german french spanish italian dutch pdf url app faq vat usb sms ok pin
"""
_CALENDAR = frozenset(_CALENDAR_IN_ORDER.split())
"""Capitalised words that name nothing of the desk's; days and months are compared as figures."""

Array = npt.NDArray[np.float32]

FEATURES = (
    "missing",
    "missing_pairs",
    "missing_in_one",
    "farthest_word",
    "second_farthest_word",
    "distance",
    "distance_squared",
    "words",
    "turned",
    "turned_closely",
)
"""What ``Evidence.features`` measures, in its order. Each is 0 where the sources say the sentence word for word, except
``words``, the sentence's length."""

DISTANCES = ("farthest_word", "second_farthest_word", "distance", "distance_squared")
"""The features for which the encoder reads."""

_PRIOR = 2
"""Words added to each share's denominator: of a claim with two words of content, one missing word says little."""

_SPOKEN: Kept[frozenset[int]] = Kept(1024)
"""The hashes of the stems of what was said: every answer of a conversation is held against all earlier turns."""

_FUNCTION_STEMS = frozenset(stem(word) for word in FUNCTIONS)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence of a source: its text and the stems of all its words, in order."""

    text: str
    stems: tuple[str, ...]
    known: frozenset[str]


class Reader:
    """Reads texts word by word with the encoder, and remembers. Safe to use from several threads at once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._lock = threading.Lock()
        self._read: OrderedDict[bytes, tuple[list[tuple[int, int]], npt.NDArray[np.float16]]] = OrderedDict()

    def words(self, text: str) -> tuple[list[tuple[int, int]], Array]:
        """The places of the word pieces of ``text`` and their unit vectors (pieces, 384)."""
        key = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
        with self._lock:
            if key in self._read:
                self._read.move_to_end(key)
                places, kept = self._read[key]
                return places, kept.astype(np.float32)
        places, vectors = self._encoder.word_pieces(text)
        half = vectors.astype(np.float16)
        with self._lock:
            self._read[key] = (places, half)
            if len(self._read) > KEPT:
                self._read.popitem(last=False)
        return places, half.astype(np.float32)


class Evidence:
    """What an answer may be taken from."""

    def __init__(self, sources: Iterable[str], spoken: Iterable[str], reader: Reader) -> None:
        """Cuts and stems.

        Args:
            sources: titles and texts of what was retrieved; a claim must stand in them.
            spoken: the question and earlier turns; their words may be used, but what they say proves nothing.
            reader: for what the sources say in other words.
        """
        self._pieces = [_piece(text[start:end]) for text in sources for start, end in sentences(text)]
        self._pieces = [one for one in self._pieces if one.stems]
        self._spoken = frozenset[int]().union(*(_SPOKEN.get(text, partial(_marks, text)) for text in spoken))
        self._known = frozenset[str]().union(*(one.known for one in self._pieces))
        self._pairs = {pair for one in self._pieces for pair in itertools.pairwise(one.stems)}
        self._reader = reader

    def features(self, claim: str, *, read: bool = True) -> list[float]:
        """The measurements of one sentence against everything, in the order of ``FEATURES``.

        Without ``read`` no encoder runs, and each missing word counts as having nothing near it: ``DISTANCES`` at their
        highest.
        """
        places = list(_WORD.finditer(claim))
        words = [match.group().lower().replace("’", "'") for match in places]
        stems = [stem(word) for word in words]
        content = [at for at, word in enumerate(words) if word not in FUNCTIONS]
        missing = [at for at in content if stems[at] not in self._known and hash(stems[at]) not in self._spoken]
        nearest = self._nearest({stems[at] for at in content})
        one = nearest[0].known if nearest else frozenset[str]()
        gone = [places[at].span() for at in missing]
        distances = self._distances(claim, gone, nearest) if read else [1.0] * len(gone)
        farthest, second, *_ = [*sorted(distances, reverse=True), 0.0, 0.0]
        distance = sum(distances) / (len(content) + _PRIOR)
        missing_in_one = sum(stems[at] not in one for at in content) / (len(content) + _PRIOR)
        pairs = _absent(stems, self._pairs)
        turned = self._turned(claim, stems, nearest)
        return [
            len(missing) / (len(content) + _PRIOR),
            pairs,
            missing_in_one,
            farthest,
            second,
            distance,
            distance**2,
            math.log1p(len(words)),
            turned,
            max(turned * max(1 - 2 * missing_in_one, 0.0) - pairs, 0.0),
        ]

    def denies(self, claim: str) -> bool:
        """Whether a source sentence says of the same words the opposite, and none says of them what the claim does."""
        content = {word for word in _stems(claim) if word not in _FUNCTION_STEMS}
        if len(content) < 2:
            return False
        stated = polarities(claim, FUNCTIONS)
        alike = [piece for piece in self._pieces if self._is_alike(content, piece)]
        turned = [self._turns(stated, content, piece) for piece in alike]
        return bool(turned) and all(turned)

    @staticmethod
    def _is_alike(content: set[str], piece: _Piece) -> bool:
        """Whether both are about the same: the sentence holds the claim's words or their opposites, and few beside.

        A longer sentence may be about a special case: "goods cannot be returned after 30 days".
        """
        held = piece.known - _FUNCTION_STEMS
        strange = content - held
        return contradictions(strange, held) == len(strange) and len(content) >= SAME_MATTER * len(held)

    @staticmethod
    def _turns(stated: dict[str, set[bool]], content: set[str], piece: _Piece) -> bool:
        held = piece.known - _FUNCTION_STEMS
        turned = flips(stated, polarities(piece.text, FUNCTIONS)) > 0
        # "Not unused" is used: two turns are none.
        return turned != (contradictions(content, held) % 2 == 1)

    def knows(self, name: str) -> bool:
        """Whether a name, or a part of it, stands in the sources or was said."""
        parts = _parts(name)
        return not (parts.isdisjoint(self._known) and self._spoken.isdisjoint(map(hash, parts)))

    @staticmethod
    def _turned(claim: str, stems: Sequence[str], nearest: Sequence[_Piece]) -> float:
        """How many words, at most two, the nearest sentence alone negates, or the claim alone, or it holds as their
        opposite."""
        if not nearest:
            return 0.0
        turned = flips(polarities(claim, FUNCTIONS), polarities(nearest[0].text, FUNCTIONS))
        return float(min(turned + contradictions(stems, nearest[0].known), 2))

    def _nearest(self, content: set[str]) -> list[_Piece]:
        """The source sentences that share the most content with the claim, the longest runs of function words last."""
        shared = [(len(content & piece.known), -len(piece.stems), -at) for at, piece in enumerate(self._pieces)]
        order = sorted(range(len(self._pieces)), key=shared.__getitem__, reverse=True)
        return [self._pieces[at] for at in order[:NEAREST]]

    def _distances(self, claim: str, missing: Sequence[tuple[int, int]], nearest: Sequence[_Piece]) -> list[float]:
        """How far in meaning each missing word is from the nearest word of the sources: 0 to 1, higher is farther."""
        if not missing:
            return []
        if not nearest:
            return [1.0] * len(missing)
        places, vectors = self._reader.words(claim)
        held = np.concatenate([self._reader.words(piece.text)[1] for piece in nearest])
        closest = (vectors @ held.T).max(axis=1)
        found = []
        for start, end in missing:
            pieces = [at for at, (first, last) in enumerate(places) if first < end and start < last]
            found.append(float(np.clip(1 - closest[pieces].mean(), 0, 1)) if pieces else 1.0)
        return found


def names(claim: str) -> Iterator[tuple[int, int]]:
    """The places of capitalised words inside a sentence."""
    for match in _NAME.finditer(claim):
        word = match.group().lower().replace("’", "'")
        if word not in FUNCTIONS and word not in _CALENDAR:
            yield match.span()


def is_english(text: str) -> bool:
    """Whether a text is written with English function words; chats without capitals and full stops are, too."""
    words = [match.group().lower().replace("’", "'") for match in _WORD.finditer(text)]
    return sum(word in FUNCTIONS for word in words) >= 0.15 * len(words)


def _piece(text: str) -> _Piece:
    stems = _stems(text)
    return _Piece(text.strip(), stems, frozenset(stems))


def _stems(text: str) -> tuple[str, ...]:
    return tuple(stem(match.group().lower().replace("’", "'")) for match in _WORD.finditer(text))


def _marks(text: str) -> frozenset[int]:
    return frozenset(map(hash, _stems(text)))


def _absent(stems: Sequence[str], held: set[tuple[str, str]]) -> float:
    """The share of the claim's neighbouring words that no source sentence holds as neighbours."""
    pairs = list(itertools.pairwise(stems))
    return sum(pair not in held for pair in pairs) / len(pairs) if pairs else 0.0


def _parts(name: str) -> frozenset[str]:
    """The stems a name may stand under: as it is, and the pieces of ``ParcelPoint`` or ``Wi-Fi``."""
    return frozenset(stem(part.lower()) for part in (name, *_INNER.findall(name)))
