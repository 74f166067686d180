"""``ChatDeskhand`` among LangChain's own parts: fallbacks, caches, limiters, tracers, graphs; pickles; the fakes."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.load import dumpd
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.runnables import RunnableConfig
from langchain_core.tracers.context import collect_runs
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph

from deskhand_guardrails import Rails
from deskhand_guardrails.errors import InputError, UnavailableError
from deskhand_guardrails.monitor import Store, Turn
from langchain_deskhand import ChatDeskhand
from langchain_deskhand.knowledge import Knowledge
from langchain_deskhand.testing import WAYS, Eavesdropper, RecordingStore, ScriptedChatModel, leaked, shown

SECRET = "AKIA" + "IOSFODNN7" + "QWERTZU"
GOOD = "Your parcel is on its way. "
LEAK = f"{GOOD}The key is {SECRET} and nobody else has it. Anything else?"


def guarded(rails: Rails, *answers: Any, **settings: Any) -> tuple[ChatDeskhand, ScriptedChatModel]:
    inner = ScriptedChatModel(answers=list(answers), chunk_size=(5, 2, 9))
    return ChatDeskhand(model=inner, rails=rails, **settings), inner


def test_fallbacks_take_over_from_a_model_that_fails_and_not_from_one_that_refuses(rails: Rails) -> None:
    broken, _ = guarded(rails, TimeoutError("gone"))
    sound, inner = guarded(rails, GOOD)
    assert broken.with_fallbacks([sound]).invoke("Where is it?").text == GOOD
    leaky, _ = guarded(rails, LEAK)
    assert leaky.with_fallbacks([sound]).invoke("Where is it?").text == rails.policy.messages.refusal
    assert len(inner.received) == 1


@pytest.fixture
def cache() -> Iterator[InMemoryCache]:
    cache = InMemoryCache()
    set_llm_cache(cache)
    yield cache
    set_llm_cache(None)


def test_a_cached_draft_is_checked_and_recorded_again(rails: Rails, cache: InMemoryCache) -> None:
    store = RecordingStore()
    model, inner = guarded(rails, "Sent to <EMAIL_ADDRESS_1>.", store=store)
    answers = [model.invoke(f"Where is my parcel? I am {name}@example.com.").text for name in ("ada", "grace")]
    assert answers == ["Sent to ada@example.com.", "Sent to grace@example.com."]
    assert (len(inner.received), len(store.turns)) == (1, 2)
    assert "ada@" not in str(cache._cache)


def test_a_rate_limiter_holds_the_guarded_model_up(rails: Rails) -> None:
    limiter = InMemoryRateLimiter(requests_per_second=0.001, max_bucket_size=1)
    limiter.available_tokens = 1
    model, _ = guarded(rails, GOOD, rate_limiter=limiter)
    model.invoke("Where is it?")
    assert not limiter.acquire(blocking=False)


class Sloppy(ScriptedChatModel):
    """An inner model that is made of others, and hands them whatever its context holds."""

    tenant: Any = None
    seen: Any = None

    def reply(self, messages: list[BaseMessage], options: dict[str, Any]) -> str:
        self.seen = self.tenant.get("nobody")
        return ScriptedChatModel(answers=self.answers).invoke(messages).text


@pytest.mark.filterwarnings("ignore:The v3 streaming protocol")
@pytest.mark.parametrize("way", WAYS)
async def test_nothing_unchecked_is_heard_anywhere_in_a_graph(
    rails: Rails, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    tenant: ContextVar[str] = ContextVar("tenant")
    # A list of answers would stand in the description of the model that tracers get.
    inner = Sloppy(answers=lambda _: LEAK, tenant=tenant)
    model = ChatDeskhand(model=inner, rails=rails)
    saver = InMemorySaver()

    def answer(state: MessagesState) -> dict[str, Any]:
        tenant.set("shop")
        return {"messages": [model.invoke(state["messages"])]}

    async def answer_later(state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
        tenant.set("shop")
        return {"messages": [await model.ainvoke(state["messages"], config)]}

    node: Callable[..., Any] = answer_later if way.startswith("a") else answer
    graph = StateGraph(MessagesState).add_node("desk", node).add_edge(START, "desk").compile(checkpointer=saver)
    config: RunnableConfig = {"configurable": {"thread_id": "1"}}
    with collect_runs() as runs:
        pieces = await shown(graph, "Where is my parcel?", way, config)
    assert leaked([pieces, list(saver.list(None)), runs.traced_runs], [SECRET]) == 0
    assert inner.seen == "shop", "the caller's own context reaches the inner model"
    message = graph.get_state(config).values["messages"][-1]
    assert message.text.endswith(rails.policy.messages.refusal)
    assert message.response_metadata["finish_reason"] == "content_filter"


def test_a_chain_of_prompt_model_and_parser(rails: Rails) -> None:
    model, _ = guarded(rails, LEAK)
    ear = Eavesdropper()
    chain = ChatPromptTemplate.from_messages([("user", "{question}")]) | model | StrOutputParser()
    streamed = list(chain.stream({"question": "Where is it?"}, {"callbacks": [ear]}))
    assert streamed == [GOOD, rails.policy.messages.refusal]
    assert GOOD in ear.said
    assert SECRET not in ear.heard


def test_a_model_goes_through_a_pickle(rails: Rails, knowledge: Knowledge, store: Store) -> None:
    model, _ = guarded(rails, "Choose Forgot password on the login page.", knowledge=knowledge, store=store, k=2)
    again: ChatDeskhand = pickle.loads(pickle.dumps(model))
    answer = again.invoke("How can I reset my password?", conversation_id="c1")
    assert answer.text == "Choose Forgot password on the login page."
    assert answer.response_metadata["deskhand"]["sources"][0]["reference"] == "ticket:1"
    assert [turn.conversation_id for turn in store.recent()] == ["c1"]
    assert (
        again.asdict()
        == model.asdict()
        == {
            "_type": "deskhand",
            "model": "scripted",
            "k": 2,
            "minimum_similarity": None,
        }
    )


def test_it_says_that_it_cannot_be_serialised_as_json(rails: Rails) -> None:
    """Rails, knowledge and a store are things at work, not settings; a pickle opens them again."""
    model, _ = guarded(rails, GOOD)
    assert not ChatDeskhand.is_lc_serializable()
    assert dumpd(model)["type"] == "not_implemented"
    assert dumpd(model)["id"] == ["langchain_deskhand", "guarded", "ChatDeskhand"]


def turn(number: int) -> Turn:
    return Turn(
        id=str(number), conversation_id=f"c{number % 2}", channel="web", question="?", answer="!", decision="allow"
    )


def test_the_store_in_memory_does_what_the_store_does(store: Store) -> None:
    for kept in (RecordingStore(), store):
        turns = [turn(number) for number in range(4)]
        for one in turns:
            kept.add(one)
        assert kept.get("2") == turns[2]
        assert kept.get("9") is None
        assert kept.recent(3) == turns[:0:-1]
        assert kept.conversation("c1") == [turns[1], turns[3]]
        assert kept.conversation("c1", before=turns[3].at) == [turns[1]]
        kept.feedback("2", "down")
        found = kept.get("2")
        assert found is not None
        assert found.feedback == "down"
        with pytest.raises(InputError, match="already recorded"):
            kept.add(turns[0])
        with pytest.raises(InputError, match="not recorded"):
            kept.feedback("9", "up")
        kept.ping()
        kept.close()
    with pytest.raises(UnavailableError):
        RecordingStore(full=True).add(turn(1))


def test_the_scripted_model_streams_what_it_says(rails: Rails) -> None:
    blocks = AIMessage([{"type": "text", "text": "Hello "}, {"type": "text", "text": "there"}])
    for answer in ("Hello there", blocks):
        model = ScriptedChatModel(answers=[answer], chunk_size=3)
        assert "".join(chunk.text for chunk in model.stream("Hi")) == model.invoke("Hi").text == "Hello there"
