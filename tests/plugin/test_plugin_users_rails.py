"""One policy with every kind of rail that users add, behind ``ChatDeskhand``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from deskhand_guardrails import Policy, Rails
from deskhand_guardrails.testing import FakeOpenAI
from langchain_deskhand import ChatDeskhand
from langchain_deskhand.testing import ScriptedChatModel

RAILS = """
define user ask about politics
  "Who should I vote for?"
  "Which party is the best?"

define bot decline politics
  "I only talk about your orders."

define flow politics
  user ask about politics
  bot decline politics

define bot ask for less
  "Please keep it under twelve words."

define subflow check length
  $long = execute count_words(text=$user_message)
  if $long > 12
    bot ask for less
    stop
"""
ACTIONS = """
from nemoguardrails.actions import action


@action()
async def count_words(text):
    return len(text.split())
"""
SCRIPT = "<script>document.write('x')</script>"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatDeskhand]:
    folder = tmp_path_factory.mktemp("policy")
    with FakeOpenAI(lambda messages: "Yes" if "banana" in messages[-1]["content"] else "No") as server:
        parameters = {"base_url": server.url, "api_key": "none"}
        config = {
            "models": [{"type": "main", "engine": "openai", "model": "fake", "parameters": parameters}],
            "prompts": [{"task": "self_check_input", "content": "Fruit? {{ user_input }} Yes or No."}],
            "rails": {
                "input": {"flows": ["regex check input", "check length", "self check input"]},
                "output": {"flows": ["injection detection"]},
                "config": {
                    "regex_detection": {"input": {"patterns": [r"ACME-\d+"]}},
                    "injection_detection": {"injections": ["xss"], "action": "omit"},
                },
            },
        }
        (folder / "config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        (folder / "rails.co").write_text(RAILS, encoding="utf-8")
        (folder / "actions.py").write_text(ACTIONS, encoding="utf-8")
        inner = ScriptedChatModel(answers=lambda asked: f"It is on its way. {SCRIPT if 'page' in str(asked) else ''}")
        with pytest.MonkeyPatch.context() as patch:
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
                patch.delenv(name, raising=False)
                patch.delenv(name.lower(), raising=False)
            yield ChatDeskhand(model=inner, rails=Rails(Policy.load(folder)))


HELD_BACK = [
    ("What is ACME-12?", "I'm sorry, I can't respond to that."),
    ("Do you sell a banana?", "I'm sorry, I can't respond to that."),
    ("Who would you vote for in the election?", "I only talk about your orders."),
    ("one two three four five six seven eight nine ten eleven twelve thirteen", "Please keep it under twelve words."),
]


@pytest.mark.parametrize(("question", "answer"), HELD_BACK)
async def test_what_a_users_rail_holds_back(model: ChatDeskhand, question: str, answer: str) -> None:
    for message in (model.invoke(question), await model.ainvoke(question)):
        assert message.text == answer
        assert message.response_metadata["finish_reason"] == "content_filter"
        assert message.response_metadata["deskhand"]["decision"] == "block"


def test_what_they_let_through_and_change(model: ChatDeskhand) -> None:
    assert model.invoke("Where is my parcel?").text.strip() == "It is on its way."
    changed = model.invoke("Write me a page.")
    assert SCRIPT not in changed.text
    assert changed.response_metadata["deskhand"]["decision"] == "modify"
    assert SCRIPT not in "".join(chunk.text for chunk in model.stream("Write me a page."))
