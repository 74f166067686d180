"""Models in this process: behind the rails, all the way from question to answer, or bare, to see what the rails do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskhand.redteam.sources import Planted, conversation, sources
from deskhand_guardrails.prompt import compose
from deskhand_guardrails.redteam import Probe, Reply, reply

if TYPE_CHECKING:
    from langchain_deskhand import ChatDeskhand


class Guarded:
    """The desk's answer path: rails in, retrieval, model, rails out. Nothing is recorded."""

    def __init__(self, model: ChatDeskhand) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model, and the policy that it stands behind."""
        return f"{self._model.model_name} behind policy {self._model.rails.policy.digest}"

    def answer(self, probe: Probe) -> Reply:
        """The answer as a customer would have it, with the probe's documents among what is retrieved."""
        model = self._model.model_copy(update={"knowledge": Planted(probe, self._model.knowledge), "store": None})
        message = model.invoke(conversation(probe))
        details = message.response_metadata["deskhand"]
        return reply(
            message.text,
            decision=details["decision"],
            sources=[one["title"] for one in details["sources"]],
        )


class Bare:
    """The same model with the same prompt and sources, and no rails."""

    def __init__(self, model: ChatDeskhand) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model."""
        return f"{self._model.model_name} without rails"

    def answer(self, probe: Probe) -> Reply:
        """What the model says."""
        found = sources(probe, self._model.knowledge)
        return reply(self._model.model.invoke(compose(conversation(probe), found)).text)
