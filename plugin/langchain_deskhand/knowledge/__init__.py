"""What answers are taken from: articles, FAQs and resolved tickets, found by meaning and words.

::

    knowledge = Knowledge.build([Path("articles/"), Path("dataset/")], Path("knowledge.db"))
    knowledge.search("How do I get my money back?", k=3)      # Sources, the most similar first
"""

from __future__ import annotations

from langchain_deskhand.knowledge.knowledge import Knowledge
from langchain_deskhand.knowledge.passage import Passage
from langchain_deskhand.knowledge.retriever import KnowledgeRetriever

__all__ = ["Knowledge", "KnowledgeRetriever", "Passage"]
