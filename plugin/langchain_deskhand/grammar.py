"""JSON by constrained decoding: at each token only those are open that keep the text within a schema.

llguidance (MIT, 3 MB, no dependencies) follows the schema; here is what connects it to a model's tokens, and the rule
that ends a text in time: as ``max_tokens`` comes near, what closes the document is preferred to what the model would
rather say, so that a small model does not leave an open string behind.
"""

# ruff: noqa: ANN401 - tensors and tokenizers; torch is imported late

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from deskhand_guardrails.errors import ConfigError, UnavailableError

_CLOSING = ("}", "]", ",", '"', ":", "0")
"""In this order, once the end is near; whatever else is open (a required key, say) comes after them."""


class Grammars:
    """Makes grammars for one tokenizer; the tokenizer's own part takes a second and is made once."""

    def __init__(self, tokenizer: Any, vocabulary: int) -> None:
        try:
            from llguidance.hf import from_tokenizer
        except ImportError:
            raise UnavailableError("structured output needs llguidance: pip install 'deskhand[train]'") from None
        self._tokens = from_tokenizer(tokenizer, n_vocab=max(vocabulary, len(tokenizer)))
        self._vocabulary = vocabulary
        self._end = tokenizer.eos_token_id
        self._closing = [*self._numbers(tokenizer, _CLOSING)]
        self._in_text = self._numbers(tokenizer, '"a')

    @staticmethod
    def _numbers(tokenizer: Any, texts: Iterable[str]) -> list[int]:
        """Those of ``texts`` that are one token each."""
        encoded = (tokenizer.encode(text, add_special_tokens=False) for text in texts)
        return [tokens[0] for tokens in encoded if len(tokens) == 1]

    def grammar(self, schema: Mapping[str, Any]) -> Grammar:
        """A grammar for one answer.

        Raises:
            ConfigError: the schema is not one, or asks for something that cannot be followed.
        """
        from llguidance import LLMatcher

        rules = {**schema, "x-guidance": {"whitespace_flexible": False, **schema.get("x-guidance", {})}}
        matcher = LLMatcher(self._tokens, LLMatcher.grammar_from_json_schema(json.dumps(rules)))
        if matcher.is_error():
            reason = matcher.get_error().splitlines()[0]
            raise ConfigError(f"structured output: this schema cannot be followed: {reason}")
        return Grammar(matcher, self._vocabulary, [self._end, *self._closing], self._in_text)


class Grammar:
    """The state of one answer within its schema."""

    def __init__(self, matcher: Any, vocabulary: int, closing: list[int], in_text: list[int]) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._closing = closing
        self._in_text = in_text

    def forced(self, most: int) -> list[int]:
        """The next tokens where the schema leaves no choice, at most ``most`` of them."""
        return list(self._matcher.compute_ff_tokens())[: max(0, most)]

    def allowed(self, logits: Any, *, ending: bool) -> Any:
        """``logits`` (vocabulary), at minus infinity what the schema forbids; close to the end only one is open."""
        import numpy as np
        import torch

        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        allowed = np.unpackbits(bits, bitorder="little")[: self._vocabulary].astype(bool)
        if ending:
            # Where a quotation mark and a letter may both follow, a text is open; a brace would be one more character.
            open_text = all(allowed[self._in_text])
            first = self._in_text if open_text else self._closing
            closing = next((token for token in first if allowed[token]), None)
            if closing is not None:
                allowed = np.arange(self._vocabulary) == closing
        return torch.where(torch.from_numpy(allowed).to(logits.device), logits, -torch.inf)

    def add(self, token: int) -> None:
        """One more token of the answer."""
        self._matcher.consume_token(token)
