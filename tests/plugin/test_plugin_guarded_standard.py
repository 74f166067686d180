"""``ChatDeskhand`` under LangChain's own contract suite: over a scripted model, and over a local one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from deskhand_guardrails import Rails
from langchain_deskhand import ChatDeskhand, ChatLocal
from langchain_deskhand.testing import ScriptedChatModel


class _Guarded:
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatDeskhand

    @property
    def supports_model_override(self) -> bool:
        return False


class _OverScripted(_Guarded):
    @pytest.fixture(autouse=True)
    def _rails(self, rails: Rails) -> None:
        self.rails = rails

    @property
    def chat_model_params(self) -> dict[str, Any]:
        answers = ["Your parcel is on its way. It arrives soon.", "You are welcome."]
        return {"model": ScriptedChatModel(answers=answers), "rails": self.rails}


class TestChatDeskhandUnit(_OverScripted, ChatModelUnitTests):
    pass


class TestChatDeskhandIntegration(_OverScripted, ChatModelIntegrationTests):
    pass


class TestChatDeskhandOverLocalIntegration(_Guarded, ChatModelIntegrationTests):
    @pytest.fixture(autouse=True)
    def _parts(self, rails: Rails, llama: Path) -> None:
        self.rails = rails
        self.llama = llama

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": ChatLocal(model=str(self.llama), max_tokens=8), "rails": self.rails}
