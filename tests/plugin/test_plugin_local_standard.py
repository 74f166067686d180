"""``ChatLocal`` under LangChain's own contract suite, with a tiny random Llama."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_deskhand import ChatLocal


class _Params:
    @pytest.fixture(autouse=True)
    def _folder(self, llama: Path) -> None:
        self.folder = llama

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatLocal

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": str(self.folder)}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_model_override(self) -> bool:
        return False


class TestChatLocalUnit(_Params, ChatModelUnitTests):
    pass


class TestChatLocalIntegration(_Params, ChatModelIntegrationTests):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": str(self.folder), "max_tokens": 64}
