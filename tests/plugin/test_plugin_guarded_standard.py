"""``ChatDeskhand`` under LangChain's own contract suite: over a competent scripted model, and over a local one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from deskhand_guardrails import Rails
from langchain_deskhand import ChatDeskhand, ChatLocal
from langchain_deskhand.testing import ScriptedChatModel, call


class Competent(ScriptedChatModel):
    """Does what it is asked: calls the tool that fits, fills in a JSON form, or just answers."""

    def reply(self, messages: list[BaseMessage], options: dict[str, Any]) -> str | AIMessage:
        question = str(messages[-1].content)
        if "response_format" in options:
            return '{"setup": "Why did the cat sit on the mat?", "punchline": "It was the cat\'s pyjamas."}'
        if options.get("tools") and not isinstance(messages[-1], ToolMessage):
            tool = self._chosen(options["tools"], options.get("tool_choice"))
            fields: Mapping[str, Any] = tool["parameters"].get("properties", {})
            return call(tool["name"], **{name: self._value(form, question) for name, form in fields.items()})
        return "Your parcel is on its way. It arrives soon."

    @staticmethod
    def _chosen(tools: list[dict[str, Any]], choice: Any) -> Any:
        return next((tool["function"] for tool in tools if tool["function"]["name"] == choice), tools[0]["function"])

    @staticmethod
    def _value(form: Mapping[str, Any], question: str) -> Any:
        if form.get("type") == "integer":
            return int((re.findall(r"\d+", question) or ["3"])[0])
        quoted = re.findall(r"'([^']+)'", question)
        return quoted[0] if quoted else "pirate"


class _Guarded:
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatDeskhand


class _OverCompetent(_Guarded):
    @pytest.fixture(autouse=True)
    def _rails(self, rails_for_developers: Rails) -> None:
        self.rails = rails_for_developers

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": Competent(), "rails": self.rails}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "another"


class TestChatDeskhandUnit(_OverCompetent, ChatModelUnitTests):
    pass


class TestChatDeskhandIntegration(_OverCompetent, ChatModelIntegrationTests):
    pass


class TestChatDeskhandJsonSchema(_OverCompetent, ChatModelIntegrationTests):
    """The whole suite again with structured output by JSON schema."""

    @property
    def structured_output_kwargs(self) -> dict[str, Literal["json_schema"]]:
        return {"method": "json_schema"}


class TestChatDeskhandOverLocal(_Guarded, ChatModelIntegrationTests):
    """Over a model that takes no tools, it has none."""

    @pytest.fixture(autouse=True)
    def _parts(self, rails: Rails, llama: Path) -> None:
        self.rails = rails
        self.llama = llama

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": ChatLocal(model=str(self.llama), max_tokens=8), "rails": self.rails}

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False

    @property
    def supports_model_override(self) -> bool:
        return False
