"""A callback that hears everything."""

# ruff: noqa: ANN401, ARG002 - the signatures are LangChain's

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import BaseCallbackHandler


class Eavesdropper(BaseCallbackHandler):
    """A callback that writes down everything LangChain reports: inputs, tokens, outputs, errors, of every kind of run.

    ``heard`` holds it as text, ``said`` without what was put in.
    """

    def __init__(self) -> None:
        """Has heard nothing yet."""
        self.inputs: list[str] = []
        self.outputs: list[str] = []

    @property
    def heard(self) -> str:
        """All of it."""
        return "\n".join([*self.inputs, *self.outputs])

    @property
    def said(self) -> str:
        """What models, tools and chains gave out, and their errors."""
        return "\n".join(self.outputs)

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        """Hears the prompt of a model."""
        self.inputs.append(str(messages))

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        """Hears what a step is given."""
        self.inputs.append(str(inputs))

    def on_tool_start(self, serialized: Any, input_str: str, **kwargs: Any) -> None:
        """Hears a tool's arguments, which a model wrote."""
        self.outputs.append(input_str)

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        """Hears a streamed piece."""
        self.outputs.append(f"{token} {kwargs.get('chunk')}")

    def on_stream_event(self, event: Any, **kwargs: Any) -> None:
        """Hears a piece in the form of LangChain's third event protocol."""
        self.outputs.append(str(event))

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        """Hears an answer."""
        self.outputs.append(str(response))

    def on_chain_end(self, outputs: Any, **kwargs: Any) -> None:
        """Hears what a step gives."""
        self.outputs.append(str(outputs))

    def on_tool_end(self, output: Any, **kwargs: Any) -> None:
        """Hears a tool's result."""
        self.outputs.append(str(output))

    def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        """Hears why a model failed."""
        self.outputs.append(str(error))

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        """Hears why a step failed."""
        self.outputs.append(str(error))

    def on_tool_error(self, error: BaseException, **kwargs: Any) -> None:
        """Hears why a tool failed."""
        self.outputs.append(str(error))
