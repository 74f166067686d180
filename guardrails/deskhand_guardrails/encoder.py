"""Sentences to vectors, without torch: all-MiniLM-L6-v2 as an int8 ONNX model of 23 MB that ships with the package.

One encoder pass serves every learnt check and the retrieval of knowledge::

    encoder = Encoder.shipped()
    vectors = encoder.encode(["Where is my parcel?", "My order has not arrived."])   # (2, 384), float32, length 1

The model is built by ``scripts/encoder/build.py``; its card is ``models/encoder/README.md``.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from deskhand_guardrails.errors import UnavailableError
from deskhand_guardrails.onnx import session, tokenizer

Vectors = npt.NDArray[np.float32]

DIMENSIONS = 384

# The model was trained on at most 256 word pieces; what lies beyond was never seen in training.
WINDOW_TOKENS = 256

# A long text is the mean of its windows. Sixteen of them (about 16,000 characters) bound the time that one text costs.
MOST_WINDOWS = 16

KEPT = 128
"""Windows whose vector is remembered, under a hash and without their text: what the rails have read of a question, the
search for sources asks for again."""

# Texts tokenised together: bounds the memory of a long list.
CHUNK = 256


class Encoder:
    """Turns texts into unit vectors whose dot product is their similarity in meaning (-1 to 1).

    Safe to use from several threads at once: neither the tokenizer nor the ONNX session is changed by a call, and what
    is remembered of earlier calls is locked.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """Loads ``model.onnx`` and ``tokenizer.json`` from ``folder``.

        Args:
            folder: where ``scripts/encoder/build.py`` wrote the model.
            threads: processor cores that one call may use.

        Raises:
            UnavailableError: a file is missing or cannot be read.
        """
        try:
            self._tokenizer = tokenizer(folder / "tokenizer.json")
            self._session = session(folder / "model.onnx", threads)
        except Exception as error:  # both libraries raise bare Exception for a missing or broken file
            raise UnavailableError(
                f"the encoder in {folder} cannot be loaded ({type(error).__name__}): reinstall deskhand"
            ) from error
        self._start = self._tokenizer.token_to_id("[CLS]")
        self._end = self._tokenizer.token_to_id("[SEP]")
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, Vectors] = OrderedDict()

    @classmethod
    def shipped(cls, *, threads: int = 1) -> Encoder:
        """The encoder that comes with the package, loaded once for each number of ``threads``."""
        return _shipped(threads)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The vectors of ``texts``, in their order: float32, shape (number of texts, 384), each of length 1.

        A text longer than 254 word pieces is cut into windows of that size; its vector is their mean, made unit.

        Every window is a run of its own. Dynamic int8 scales its activations by the whole batch, so batching would let
        a text's neighbours change its vector (cosine down to 0.94) and with it a verdict; and on one core it is no
        faster (measured: 74 texts a second alone, 71 to 80 in batches of 4 to 32).
        """
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for at in range(0, len(texts), CHUNK):
            chunk = list(texts[at : at + CHUNK])
            for row, encoding in enumerate(self._tokenizer.encode_batch(chunk, add_special_tokens=False), start=at):
                windows = _windows(encoding.ids)
                vectors[row] = np.mean([self._window(window) for window in windows], axis=0)
        return _unit(vectors)

    def word_pieces(self, text: str) -> tuple[list[tuple[int, int]], Vectors]:
        """Each word piece by itself, in the light of its neighbours, for comparing words in two sentences.

        Returns:
            The pieces' places in ``text``, and their unit vectors: float32, shape (pieces, 384). What lies beyond the
            first window of 254 pieces is left out.
        """
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        window = _windows(encoding.ids)[0]
        return list(encoding.offsets[: len(window)]), _unit(self._hidden(window)[1:-1])

    def _window(self, tokens: list[int]) -> Vectors:
        """The mean of the word pieces' hidden states, made unit: what the model was trained to compare."""
        ids = np.asarray([[self._start, *tokens, self._end]], dtype=np.int64)
        key = hashlib.blake2b(ids.tobytes(), digest_size=16).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        pooled: Vectors = _unit(self._hidden(tokens).mean(axis=0, keepdims=True))[0]
        with self._lock:
            self._kept[key] = pooled
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return pooled

    def _hidden(self, tokens: list[int]) -> Vectors:
        """The last layer's states of ``[CLS]``, the word pieces and ``[SEP]``."""
        ids = np.asarray([[self._start, *tokens, self._end]], dtype=np.int64)
        hidden: Vectors = self._session.run(["last_hidden_state"], {"input_ids": ids})[0][0]
        return hidden


@functools.lru_cache(maxsize=4)
def _shipped(threads: int) -> Encoder:
    return Encoder(Path(__file__).parent / "models" / "encoder", threads=threads)


def _windows(ids: list[int]) -> list[list[int]]:
    size = WINDOW_TOKENS - 2  # room for [CLS] and [SEP]
    return [ids[at : at + size] for at in range(0, max(len(ids), 1), size)][:MOST_WINDOWS]


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit
