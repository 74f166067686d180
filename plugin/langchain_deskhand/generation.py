"""One answer while it is written: which token comes next, what of it is text already, and when it ends."""

# ruff: noqa: ANN401 - tensors and tokenizers; torch is imported late

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from deskhand_guardrails.repetition import repeating
from langchain_deskhand.grammar import Grammar
from langchain_deskhand.logprobs import entry
from langchain_deskhand.lookup import Drafts

Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose tokens. ``temperature`` 0 always takes the likeliest; the same ``seed`` gives the same answer."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: Sequence[str] = ()
    logprobs: int | None = None
    """How many alternatives to report for each token; None reports nothing."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that was just written (often empty), how many tokens there are by now, and why it ended if it did."""

    text: str
    tokens: int
    finish: Finish | None = None
    cached: int = 0
    """How many tokens of the prompt had been read for an earlier answer."""
    logprobs: tuple[dict[str, Any], ...] = ()


class Answer:
    """What is known about one answer; ``Scheduler`` steps it."""

    def __init__(
        self,
        prompt: Sequence[int],
        sampling: Sampling,
        tokenizer: Any,
        ends: frozenset[int],
        grammar: Grammar | None,
        *,
        calls: bool = False,
    ) -> None:
        """``calls``: special tokens are text, since they may mark a call, and calls may begin alike."""
        self.prompt = list(prompt)
        self.tokens: list[int] = []
        self.cached = 0
        self._sampling = sampling
        self._tokenizer = tokenizer
        self._ends = ends
        self._grammar = grammar
        self._drafts = Drafts(prompt)
        self._calls = calls
        self._decoder = _Decoder(tokenizer, special=calls)
        self._hold = _StopSequences(sampling.stop)
        self._chance: Any = None

    def draft(self, most: int) -> list[int]:
        """Tokens that probably come next, at most ``most`` of them."""
        most = min(most, self._sampling.max_tokens - len(self.tokens) - 1)
        return self._drafts.draft(most) if self._grammar is None else self._grammar.forced(most)

    def take(self, logits: Any, draft: Sequence[int]) -> tuple[int, Piece]:
        """Chooses the next tokens.

        Args:
            logits: shape (1 + drafted, vocabulary), after the last token and after each of ``draft``.
            draft: what was guessed.

        Returns:
            How many of ``draft`` the model chose itself, and what was written.
        """
        plain = self._sampling.temperature == 0 and self._grammar is None
        likeliest = logits.argmax(dim=-1).tolist() if plain else []
        text = ""
        reported: list[dict[str, Any]] = []
        right = 0
        for at in range(len(draft) + 1):
            token = self._choose(logits[at], likeliest[at] if plain else None)
            if token in self._ends:
                return right, self._piece(text + self._hold.rest(self._decoder.rest()), "stop", reported)
            self.tokens.append(token)
            if self._sampling.logprobs is not None:
                reported.append(entry(logits[at], token, self._sampling.logprobs, self._tokenizer))
            text += self._hold.push(self._decoder.push(token))
            if self._hold.found:
                return right, self._piece(text, "stop", reported)
            if len(self.tokens) == self._sampling.max_tokens:
                text += self._hold.rest(self._decoder.rest())
                return right, self._piece(text, "stop" if self._hold.found else "length", reported)
            self._drafts.add(token)
            if at == len(draft) or token != draft[at]:
                break
            right += 1
        self._drafts.judge(len(draft), right)
        return right, self._piece(text, None, reported)

    def _piece(self, text: str, finish: Finish | None, reported: list[dict[str, Any]]) -> Piece:
        return Piece(text, len(self.tokens), finish, self.cached, tuple(reported))

    def _choose(self, logits: Any, likeliest: int | None) -> int:
        import torch

        if self._grammar is not None:
            left = self._sampling.max_tokens - len(self.tokens)
            logits = self._grammar.allowed(logits, ending=left <= max(32, self._sampling.max_tokens // 3))
            likeliest = None
        elif not self._calls and (banned := repeating(self.tokens)):
            if likeliest is not None and likeliest not in banned:
                return likeliest
            logits = logits.clone()
            logits[list(banned)] = -torch.inf
            likeliest = None
        if likeliest is not None:
            return likeliest
        token = int(logits.argmax()) if self._sampling.temperature == 0 else self._drawn(logits)
        if self._grammar is not None:
            self._grammar.add(token)
        return token

    def _drawn(self, logits: Any) -> int:
        """A token from the ``top_p`` of probability."""
        import torch

        if self._chance is None:
            self._chance = torch.Generator(device=logits.device)
            if self._sampling.seed is None:
                self._chance.seed()
            else:
                self._chance.manual_seed(self._sampling.seed)
        probabilities = torch.softmax(logits.float() / self._sampling.temperature, dim=-1)
        if self._sampling.top_p < 1:
            ranked, order = probabilities.sort(descending=True)
            # A token stays if those before it hold less than top_p: the likeliest always does.
            ranked[ranked.cumsum(dim=-1) - ranked >= self._sampling.top_p] = 0
            return int(order[torch.multinomial(ranked, 1, generator=self._chance)])
        return int(torch.multinomial(probabilities, 1, generator=self._chance))


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """The tokens that end an answer."""
    ends = model.generation_config.eos_token_id
    several = ends if isinstance(ends, list) else [ends]
    return frozenset(end for end in (*several, tokenizer.eos_token_id) if end is not None)


class _Decoder:
    """Tokens to text as they come; holds back a character of which only some bytes have been written."""

    def __init__(self, tokenizer: Any, *, special: bool = False) -> None:
        self._tokenizer = tokenizer
        self._special = special
        # Some tokenizers write a token differently at the start of a text, so the tokens shown last stay as context.
        self._context: list[int] = []
        self._fresh: list[int] = []

    def push(self, token: int) -> str:
        self._fresh.append(token)
        new = self.rest()
        if new.endswith("\ufffd"):
            return ""
        self._context, self._fresh = self._fresh, []
        return new

    def rest(self) -> str:
        """What was held back."""
        return self._text([*self._context, *self._fresh])[len(self._text(self._context)) :]

    def _text(self, tokens: list[int]) -> str:
        text: str = self._tokenizer.decode(
            tokens, skip_special_tokens=not self._special, clean_up_tokenization_spaces=False
        )
        return text


class _StopSequences:
    """Lets text through up to the first stop sequence; holds back an end that may still become one."""

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = [sequence for sequence in sequences if sequence]
        self._held = ""
        self.found = False

    def push(self, text: str) -> str:
        text = self._held + text
        places = [at for at in map(text.find, self._sequences) if at >= 0]
        if places:
            self.found = True
            self._held = ""
            return text[: min(places)]
        keep = max((self._begun(text, sequence) for sequence in self._sequences), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self, text: str) -> str:
        """The last of the text: nothing can be completed any more."""
        text = self.push(text)
        return text if self.found else text + self._held

    @staticmethod
    def _begun(text: str, sequence: str) -> int:
        """How many characters at the end of ``text`` are the beginning of ``sequence``."""
        return next(
            (size for size in range(min(len(sequence) - 1, len(text)), 0, -1) if text.endswith(sequence[:size])), 0
        )
