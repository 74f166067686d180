"""``Saying``: a chat model that says one given text, where the desk knows the answer and no model need be asked."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult


class Saying(BaseChatModel):
    """Says ``text``, whatever it is given."""

    text: str

    @property
    def _llm_type(self) -> str:
        return "saying"

    def _generate(
        self,
        messages: list[BaseMessage],  # noqa: ARG002 - the interface
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self.text))])
