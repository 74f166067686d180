"""``ChatLocal`` under LangChain's own contract suite: a tiny random Llama, and one that was taught to call tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.integration_tests.chat_models import magic_function, unicode_customer
from langchain_tests.unit_tests import ChatModelUnitTests
from torch.nn.utils.rnn import pad_sequence

from langchain_deskhand import ChatLocal
from langchain_deskhand.loading import load


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


class _WithoutTools(_Params):
    """The chat template of this Llama, like that of the starter, knows none."""

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_tool_choice(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return True


class TestChatLocalUnit(_WithoutTools, ChatModelUnitTests):
    pass


class TestChatLocalIntegration(_WithoutTools, ChatModelIntegrationTests):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": str(self.folder), "max_tokens": 64}


@tool
def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return location


@tool
def greeting_generator(answer_style: str) -> str:
    """Generate a greeting in a particular style of speaking."""
    return answer_style


LESSONS: list[tuple[Any, str, Mapping[str, Any]]] = [
    (magic_function, "What is the value of magic_function(3)? Use the tool.", {"input": 3}),
    (greeting_generator, "Using the tool, generate a Pirate greeting.", {"answer_style": "Pirate"}),
    (get_weather, "What is the weather in San Francisco, CA?", {"location": "San Francisco, CA"}),
    (
        unicode_customer,
        "Create a customer named '你好啊集团' (Hello Group) - a Chinese technology company",
        {"customer_name": "你好啊集团", "description": "Hello Group"},
    ),
    (
        unicode_customer,
        "Create a customer named 'こんにちは株式会社' (Hello Corporation) - a Japanese company",
        {"customer_name": "こんにちは株式会社", "description": "Hello Corporation"},
    ),
]
"""What the suite asks for and what a competent model calls then."""


@pytest.fixture(scope="module")
def caller(make_tool_llama: Callable[..., Path]) -> Path:
    """A tiny Llama that knows these calls by heart: the suite then shows the way of a call, not a model's wits."""
    forms = [json.dumps(convert_to_openai_tool(tool), ensure_ascii=False) for tool, _, _ in LESSONS]
    calls = [json.dumps({"name": tool.name, "arguments": args}, ensure_ascii=False) for tool, _, args in LESSONS]
    questions = [question for _, question, _ in LESSONS]
    folder = make_tool_llama(words=[*forms, *calls, *questions] * 3, vocabulary=900)
    model, tokenizer = load(str(folder), dtype="float32")
    rows = []
    for form, question, call in zip(forms, questions, calls, strict=True):
        asking = [{"role": "user", "content": question}]
        prompt = tokenizer.apply_chat_template(
            asking, tools=[json.loads(form)], tokenize=False, add_generation_prompt=True
        )
        reply = f"<tool_call>\n{call}\n</tool_call><|end|>"
        asked, told = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, reply))
        rows.append((torch.tensor(asked + told), torch.tensor([-100] * len(asked) + told)))
    tokens = pad_sequence([row for row, _ in rows], batch_first=True)
    labels = pad_sequence([row for _, row in rows], batch_first=True, padding_value=-100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(300):
        loss = model(tokens, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if loss.item() < 0.01:
            break
    model.save_pretrained(folder)
    return folder


class _WithTools(_Params):
    @pytest.fixture(autouse=True)
    def _folder(self, caller: Path) -> None:
        self.folder = caller


class TestChatLocalWithToolsUnit(_WithTools, ChatModelUnitTests):
    pass


class TestChatLocalWithTools(_WithTools, ChatModelIntegrationTests):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": str(self.folder), "max_tokens": 64}
