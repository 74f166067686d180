"""What a desk is asked about, learnt from its own tickets: a small file that the policy's ``topic`` detector reads.

::

    topics = Topics.learn(asked, newer, Encoder.shipped())     # the customers' messages, older ones and newer ones
    topics.save(Path("my-policy/topics.json"))                 # about 100 kB
    topics.distance(encoder.encode(["Where is my parcel?"])[0])    # 0 (asked every day) to 1

The messages' vectors become up to 200 centres (spherical k-means, Dhillon and Modha 2001); what every desk is asked is
beside them (``detectors/words/any_desk.toml``). A message's distance is 1 less the cosine to its nearest centre. The
threshold is what 1 in 100 of the newer messages exceeds, against centres of the older ones. Centres hold no text, and
eight bits for each number.
"""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from deskhand_guardrails.detectors.spans import phrases
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.progress import Track, quiet

Vectors = npt.NDArray[np.float32]

VERSION = 1
CENTRES = 200
"""On the sample: 64 let 17 of 100 strange questions pass, 200 let 5, all 2,500 vectors 4."""
ROUNDS = 10
FALSE_ALARMS = 0.01
FEWEST = 100
"""Newer messages below which their hundredth part is no message."""

_ANY_DESK = Path(__file__).parent / "detectors" / "words" / "any_desk.toml"
_PROBE = "How do I get my money back for an order that never arrived?"
_SAME_ENCODER = 0.95
"""What one model gives on two processors differs by rounding; another model's vector has nothing to do with it."""


class Encodes(Protocol):
    """Turns texts into unit vectors."""

    def encode(self, texts: Sequence[str]) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class Topics:
    """What a desk is asked about."""

    centres: Vectors
    """Unit vectors (n, dimensions)."""
    threshold: float
    """The distance from which a message is about something else."""
    probe: Vectors
    """The encoder's vector of a fixed sentence, to know it by."""
    messages: int
    """How many it was learnt from."""

    @classmethod
    def learn(cls, asked: Sequence[str], newer: Sequence[str], encoder: Encodes, track: Track = quiet) -> Topics:
        """The topics of ``asked`` and ``newer`` together, and the threshold that ``newer`` gives.

        Raises:
            InputError: there are too few messages.
        """
        if len(asked) < FEWEST or len(newer) < FEWEST:
            raise InputError(
                f"{len(asked)} older and {len(newer)} newer customer messages: topics need {FEWEST} of each; "
                "prepare more tickets"
            )
        texts = [*asked, *newer]
        everything = np.stack([encoder.encode([text])[0] for text in track(texts, "Reading", len(texts))])
        older, held_out = everything[: len(asked)], everything[len(asked) :]
        common = encoder.encode(phrases(tomllib.loads(_ANY_DESK.read_text(encoding="utf-8"))["asked"]))
        distances = np.sort(1 - (held_out @ np.concatenate([_centres(older), common]).T).max(axis=1))
        allowed = int(FALSE_ALARMS * len(distances))
        threshold = float((distances[-allowed - 1] + distances[-allowed]) / 2) if allowed else float(distances[-1])
        centres = np.concatenate([_centres(everything), common])
        return cls(centres, round(threshold, 4), encoder.encode([_PROBE])[0], len(everything))

    @classmethod
    def load(cls, path: Path) -> Topics:
        """What ``save`` wrote.

        Raises:
            InputError: no such file, or not one of ours.
        """
        try:
            held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if held["version"] != VERSION:
                raise InputError(
                    f"{path.name}: version {held['version']}, this Deskhand reads {VERSION}; make it again"
                )
            centres, probe = _unpacked(held["centres"]), _unpacked(held["probe"])[0]
            return cls(centres, float(held["threshold"]), probe, int(held["messages"]))
        except FileNotFoundError:
            raise InputError(f"{path.name}: no such file") from None
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise InputError(f"{path.name}: no file of topics ({type(error).__name__})") from None

    def save(self, path: Path) -> None:
        """Writes the file in one step."""
        held = {
            "version": VERSION,
            "threshold": self.threshold,
            "messages": self.messages,
            "probe": _packed(self.probe[None]),
            "centres": _packed(self.centres),
        }
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)

    def distance(self, vector: Vectors) -> float:
        """How far ``vector`` (dimensions,) is from all that the desk is asked about: 0 to 1."""
        return float(min(max(1 - (self.centres @ vector).max(), 0.0), 1.0))

    def is_of(self, encoder: Encodes) -> bool:
        """Whether the file was made with this encoder."""
        vector = encoder.encode([_PROBE])[0]
        return vector.shape == self.probe.shape and float(vector @ self.probe) >= _SAME_ENCODER


def _centres(vectors: Vectors) -> Vectors:
    """Spherical k-means from evenly spread messages, so that the same messages give the same centres."""
    count = min(CENTRES, len(vectors))
    centres = vectors[np.linspace(0, len(vectors) - 1, count).astype(int)]
    for _ in range(ROUNDS):
        nearest = (vectors @ centres.T).argmax(axis=1)
        # A centre that lost its messages stays where it is.
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centres)
    made: Vectors = centres.astype(np.float32)
    return made


def _packed(vectors: Vectors) -> dict[str, Any]:
    scale = float(np.abs(vectors).max()) / 127
    whole = np.round(vectors / scale).astype(np.int8)
    return {"shape": list(whole.shape), "scale": scale, "int8": base64.b64encode(whole.tobytes()).decode()}


def _unpacked(held: dict[str, Any]) -> Vectors:
    whole = np.frombuffer(base64.b64decode(held["int8"], validate=True), dtype=np.int8).reshape(held["shape"])
    vectors = whole.astype(np.float32) * np.float32(held["scale"])
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
