"""``KnowledgeRetriever``: the knowledge for any LangChain chain or agent.

It searches and does nothing else: passages come back unchecked. Inside ``ChatDeskhand`` the rails look at them first.
"""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field, SkipValidation

from langchain_deskhand.knowledge.knowledge import Knowledge


class KnowledgeRetriever(BaseRetriever):
    """Documents with ``title``, ``reference`` and ``score`` (0 to 1) in their metadata, the most similar first."""

    knowledge: SkipValidation[Knowledge]
    k: int = Field(default=3, ge=1)
    """How many to find; can also be given per call."""
    minimum: float = Field(default=0.0, ge=0, le=1)
    """Leaves out what is less similar than this."""
    access: tuple[str, ...] = ()
    """The labels that whoever asks holds; can also be given per call."""

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
        k: int | None = None,
        access: tuple[str, ...] | None = None,
    ) -> list[Document]:
        return [
            Document(
                page_content=source.text,
                metadata={"title": source.title, "reference": source.reference, "score": source.score},
            )
            for source in self.knowledge.search(query, k or self.k, self.access if access is None else access)
            if source.score >= self.minimum
        ]
