"""A loaded model with its tokenizer, its template and the scheduler that answers with it."""

# ruff: noqa: ANN401 - models and tokenizers; transformers has no common type for these

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from deskhand_guardrails.errors import InputError
from langchain_deskhand import window
from langchain_deskhand.decoder import decoder_for
from langchain_deskhand.generation import Answer, Sampling, end_tokens
from langchain_deskhand.grammar import Grammar, Grammars
from langchain_deskhand.prefixes import Prefixes
from langchain_deskhand.scheduler import Scheduler


class Loaded:
    """Weights in memory, with what is known about them."""

    def __init__(self, name: str, model: Any, tokenizer: Any, *, parallel: int, waiting: int, remembered: int) -> None:
        if not tokenizer.chat_template:
            raise InputError(
                f"model {name}: its tokenizer has no chat template; train it with deskhand train, or add "
                "chat_template.jinja to the folder"
            )
        self._name = name
        self._tokenizer = tokenizer
        # Tokenizers without a limit say 10**30; models without one (recurrent) have no such setting.
        limits = [tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", None)]
        self.context = min((limit for limit in limits if limit and limit < 10**9), default=4096)
        special = sorted(tokenizer.all_special_tokens, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, special)) or r"(?!)")
        self._ends = end_tokens(model, tokenizer)
        self._vocabulary = model.get_output_embeddings().weight.shape[0]
        self._grammars: Grammars | None = None
        self._lock = threading.Lock()
        self.scheduler = Scheduler(decoder_for(model), Prefixes(remembered), parallel=parallel, waiting=waiting)

    def answer(self, prompt: Sequence[int], sampling: Sampling, schema: Mapping[str, Any] | None) -> Answer:
        """An answer that the scheduler can write; with ``schema`` it will be JSON of that form."""
        grammar = None if schema is None else self._grammar(schema)
        return Answer(prompt, sampling, self._tokenizer, self._ends, grammar)

    def encode(self, conversation: window.Turns) -> list[int]:
        """The prompt as token numbers; the template's own special tokens are the only ones in it."""
        safe = [{**message, "content": self._special.sub(_apart, message["content"])} for message in conversation]
        tokens: list[int] = self._tokenizer(self._layout(safe), add_special_tokens=False)["input_ids"]
        return tokens

    def _grammar(self, schema: Mapping[str, Any]) -> Grammar:
        with self._lock:
            if self._grammars is None:
                self._grammars = Grammars(self._tokenizer, self._vocabulary)
        return self._grammars.grammar(schema)

    def _layout(self, conversation: window.Turns) -> str:
        from jinja2 import TemplateError

        for attempt in (conversation, _alternating(conversation)):
            try:
                text: str = self._tokenizer.apply_chat_template(attempt, tokenize=False, add_generation_prompt=True)
            except TemplateError:
                continue
            return text
        raise InputError(
            f"model {self._name}: its chat template refuses this order of roles; start with a user message"
        )


def _apart(match: re.Match[str]) -> str:
    """A special token that somebody typed, with a space in it: still readable, no longer special."""
    return f"{match[0][0]} {match[0][1:]}"


def _alternating(conversation: window.Turns) -> list[dict[str, str]]:
    """One system message first, then user and assistant in turn: what the strictest templates ask for."""
    ordered = sorted(conversation, key=lambda message: message["role"] != "system")
    merged: list[dict[str, str]] = []
    for message in ordered:
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1] = {**message, "content": f"{merged[-1]['content']}\n{message['content']}"}
        else:
            merged.append(dict(message))
    return merged
