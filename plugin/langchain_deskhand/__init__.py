"""Deskhand for LangChain: a guarded support model, a guard for agents, a local model, knowledge for retrieval, fakes.

::

    from langchain_deskhand import ChatDeskhand, ChatLocal
    from langchain_deskhand.knowledge import Knowledge

    model = ChatDeskhand(model=ChatLocal(model="run/"), rails=rails, knowledge=Knowledge.open("knowledge.db"))
    model.invoke("Where is my parcel?", conversation_id="c1", channel="web")
    agent = create_agent(ChatOpenAI(...), tools, middleware=[DeskhandMiddleware(rails)])

Names are imported when they are first used; none of this imports torch before a local model answers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_deskhand.guarded import ChatDeskhand
    from langchain_deskhand.knowledge import Knowledge, KnowledgeRetriever, Passage
    from langchain_deskhand.local import ChatLocal
    from langchain_deskhand.middleware import DeskhandMiddleware

_HOMES = {
    "ChatDeskhand": "langchain_deskhand.guarded",
    "ChatLocal": "langchain_deskhand.local",
    "DeskhandMiddleware": "langchain_deskhand.middleware",
    "Knowledge": "langchain_deskhand.knowledge",
    "KnowledgeRetriever": "langchain_deskhand.knowledge",
    "Passage": "langchain_deskhand.knowledge",
}

__all__ = ["ChatDeskhand", "ChatLocal", "DeskhandMiddleware", "Knowledge", "KnowledgeRetriever", "Passage"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute can be anything
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("langchain", "langgraph"):
            raise
        from deskhand_guardrails.errors import UnavailableError

        raise UnavailableError(f"{name} needs {missing}: pip install 'deskhand[agents]'") from error


def __dir__() -> list[str]:
    return sorted(__all__)
