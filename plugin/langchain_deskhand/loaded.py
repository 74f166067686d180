"""A loaded model with its tokenizer, its template and the scheduler that answers with it."""

# ruff: noqa: ANN401 - models and tokenizers; transformers has no common type for these

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from deskhand_guardrails.errors import ConfigError, InputError
from langchain_deskhand import window
from langchain_deskhand.decoder import decoder_for
from langchain_deskhand.generation import Answer, Sampling, end_tokens
from langchain_deskhand.grammar import Grammar, Grammars
from langchain_deskhand.messages import in_words
from langchain_deskhand.prefixes import Prefixes
from langchain_deskhand.scheduler import Scheduler
from langchain_deskhand.tool_format import CallReader, format_of
from langchain_deskhand.toolset import Toolset


class NoToolsError(ConfigError, NotImplementedError):
    """The model takes no tools: also what LangChain raises for that."""


class Loaded:
    """Weights in memory, with what is known about them."""

    def __init__(
        self,
        name: str,
        model: Any,
        tokenizer: Any,
        *,
        parallel: int,
        waiting: int,
        remembered: int,
        int8: bool = False,
    ) -> None:
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
        self._format = format_of(tokenizer)
        self._special = _any_of(tokenizer.all_special_tokens)
        # What marks calls and results is seldom a special token, and must not be typed by a customer either.
        marks = re.findall(r"</?[\w|]+>|\[/?[A-Z_]+\]", str(tokenizer.chat_template)) if self._format else []
        self._control = _any_of([*tokenizer.all_special_tokens, *marks])
        self._ends = end_tokens(model, tokenizer)
        self._vocabulary = model.get_output_embeddings().weight.shape[0]
        self._grammars: Grammars | None = None
        self._lock = threading.Lock()
        decoder = decoder_for(model, int8=int8)
        self.scheduler = Scheduler(decoder, Prefixes(remembered), parallel=parallel, waiting=waiting)

    @property
    def takes_tools(self) -> bool:
        """Whether the chat template knows tools."""
        return self._format is not None

    def require_tools(self) -> None:
        """Nothing for a model that takes tools.

        Raises:
            NoToolsError: any other.
        """
        if self._format is None:
            raise NoToolsError(
                f"model {self._name}: its chat template takes no tools; name a model that was trained to call them "
                "(Qwen3 or Llama 3.1 Instruct, say), or use with_structured_output, which any model can"
            )

    def answer(
        self,
        prompt: Sequence[int],
        sampling: Sampling,
        schema: Mapping[str, Any] | None,
        tools: Toolset | None = None,
    ) -> Answer:
        """An answer that the scheduler can write; with ``schema`` or forced ``tools`` it will be JSON of that form."""
        if tools is not None and tools.forced and self._format is not None:
            schema = self._format.schema(tools)
        grammar = None if schema is None else self._grammar(schema)
        return Answer(prompt, sampling, self._tokenizer, self._ends, grammar, calls=tools is not None)

    def reader(self, tools: Toolset | None, prompt: Sequence[int]) -> CallReader | None:
        """What finds calls in an answer; None where there are none to be found."""
        if tools is None or self._format is None:
            return None
        return CallReader(self._format, tools, self._tokenizer.decode(prompt), self._special)

    def encode(self, conversation: window.Turns, tools: Toolset | None = None) -> list[int]:
        """The prompt as token numbers; the template's own special tokens are the only ones in it."""
        text = self._layout([*map(self._safe_turn, conversation)], None if tools is None else self._safe(tools.tools))
        if tools is not None and tools.forced and self._format is not None:
            text += self._format.opening
        tokens: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return tokens

    def _safe_turn(self, turn: Mapping[str, Any]) -> dict[str, Any]:
        # Templates look for marks, such as </think>, in what the model itself wrote.
        pattern = self._special if turn["role"] == "assistant" else self._control
        return {**self._safe(turn), "content": pattern.sub(_apart, turn["content"])}

    def _safe(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._control.sub(_apart, value)
        if isinstance(value, Mapping):
            return {self._safe(key): self._safe(one) for key, one in value.items()}
        return [self._safe(one) for one in value] if isinstance(value, Sequence) else value

    def _grammar(self, schema: Mapping[str, Any]) -> Grammar:
        with self._lock:
            if self._grammars is None:
                self._grammars = Grammars(self._tokenizer, self._vocabulary)
        return self._grammars.grammar(schema)

    def _layout(self, conversation: window.Turns, tools: Sequence[Mapping[str, Any]] | None) -> str:
        from jinja2 import TemplateError

        for attempt in (conversation, _alternating(conversation)):
            try:
                text: str = self._tokenizer.apply_chat_template(
                    attempt, tools=tools, tokenize=False, add_generation_prompt=True
                )
            except TemplateError:
                continue
            return text
        raise InputError(
            f"model {self._name}: its chat template refuses this order of roles; start with a user message"
        )


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(set(words), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def _apart(match: re.Match[str]) -> str:
    """A special token that somebody typed, with a space in it: still readable, no longer special."""
    return f"{match[0][0]} {match[0][1:]}"


def _alternating(conversation: window.Turns) -> list[dict[str, str]]:
    """One system message first, then user and assistant in turn: what the strictest templates ask for."""
    ordered = sorted(map(in_words, conversation), key=lambda message: message["role"] != "system")
    merged: list[dict[str, str]] = []
    for message in ordered:
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1] = {**message, "content": f"{merged[-1]['content']}\n{message['content']}"}
        else:
            merged.append(dict(message))
    return merged
