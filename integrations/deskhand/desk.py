"""The desk: the one way from a customer's question to an answer, whatever the channel.

Slack, web chat, the API and the terminal only translate: they make a :class:`Question` and show what comes of it.
Policy, retrieval and the record of the turn are the guarded model's business (``langchain_deskhand.ChatDeskhand``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.prompt import INSTRUCTIONS, Source
from deskhand_guardrails.verdicts import Decision

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from deskhand.settings import Channel, Settings
    from deskhand_guardrails.monitor import Store
    from langchain_deskhand import ChatDeskhand

STARTER = "starter"


@dataclass(frozen=True, slots=True)
class Question:
    """A customer's message and where it belongs; ``history`` holds the conversation before it, oldest first."""

    text: str
    conversation_id: str
    channel: Channel
    history: Sequence[Mapping[str, str]] = ()
    access: tuple[str, ...] = ()
    """Access labels that this customer holds beside the desk's, for documents that are not public."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the customer was shown. ``decision`` tells whether it is an answer or a refusal or hand-over message."""

    text: str
    decision: Decision
    turn_id: str
    sources: tuple[Source, ...] = ()


class Desk:
    """Answers questions through a guarded model and takes the customers' feedback."""

    def __init__(
        self, model: ChatDeskhand, store: Store, channel_access: Mapping[Channel, tuple[str, ...]] | None = None
    ) -> None:
        """``channel_access``: access labels of whoever asks through a channel."""
        self.model = model
        self.store = store
        self._channel_access = dict(channel_access or {})

    @classmethod
    def open(cls, settings: Settings) -> Desk:
        """A desk as the settings describe it, with its models loaded.

        Raises:
            DeskhandError: when the policy, the model, the knowledge or the store cannot be used.
        """
        from deskhand_guardrails.monitor import Store

        model = guarded_model(settings)
        store = Store(settings.store_url)
        return cls(model.model_copy(update={"store": store}), store, settings.channel_access)

    async def answer(self, question: Question) -> Answer:
        """The whole answer at once."""
        async for piece in self.stream(question):
            if isinstance(piece, Answer):
                return piece
        raise AssertionError("a stream ends with its Answer")  # pragma: no cover - stream() guarantees it

    async def stream(self, question: Question) -> AsyncIterator[str | Answer]:
        """Checked pieces as they are released, then the :class:`Answer`."""
        shown: list[str] = []
        details: dict[str, Any] = {}
        async for chunk in self.model.astream(
            _messages(question),
            conversation_id=question.conversation_id,
            channel=question.channel,
            access=(*self._channel_access.get(question.channel, ()), *question.access),
        ):
            details.update(chunk.response_metadata.get("deskhand", {}))
            piece = chunk.text
            if piece:
                shown.append(piece)
                yield piece
        yield Answer(
            text="".join(shown),
            decision=details["decision"],
            turn_id=details["turn_id"],
            sources=tuple(
                Source(item["title"], "", item["reference"], item["score"]) for item in details.get("sources", ())
            ),
        )

    def feedback(self, turn_id: str, value: Literal["up", "down"]) -> None:
        """Records a thumb; a thumb down puts the turn into the review queue."""
        self.store.feedback(turn_id, value)

    def close(self) -> None:
        """Closes the knowledge and the store."""
        if self.model.knowledge is not None:
            self.model.knowledge.close()
        self.store.close()


def guarded_model(settings: Settings) -> ChatDeskhand:
    """The model behind the rails with its knowledge, which records nothing yet.

    Raises:
        DeskhandError: when the policy, the model or the knowledge cannot be used.
    """
    from deskhand_guardrails import Policy, Rails
    from deskhand_guardrails.confidence import Calibration
    from langchain_deskhand import ChatDeskhand
    from langchain_deskhand.knowledge import Knowledge

    # What is quick to open comes first, so that a wrong path is told at once.
    policy = Policy.load(settings.policy)
    knowledge = Knowledge.open(settings.knowledge) if settings.knowledge else None
    model = inner_model(settings)
    rails = Rails(policy)
    rails.warm()
    return ChatDeskhand(
        model=model,
        rails=rails,
        knowledge=knowledge,
        instructions=INSTRUCTIONS,
        access=settings.access,
        calibration=Calibration.load(Path(settings.model)),
        minimum_confidence=settings.minimum_confidence,
    )


def inner_model(settings: Settings) -> BaseChatModel:
    """The model that writes the drafts."""
    if settings.model.startswith("openai:"):
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr

        # Servers on one's own machine ask for no key, but the client insists on one.
        key = settings.model_api_key or (SecretStr("none") if settings.model_base_url else None)
        if key is None:
            raise ConfigError(
                "model openai: set DESKHAND_MODEL_API_KEY, or DESKHAND_MODEL_BASE_URL for your own server"
            )
        return ChatOpenAI(
            model=settings.model.removeprefix("openai:"),
            base_url=str(settings.model_base_url) if settings.model_base_url else None,
            api_key=key,
            max_completion_tokens=settings.max_tokens,
            temperature=0,
        )
    from langchain_deskhand import ChatLocal

    model = ChatLocal(
        model=str(starter_folder()) if settings.model == STARTER else settings.model, max_tokens=settings.max_tokens
    )
    model.warm()
    return model


def starter_folder() -> Path:
    """The shipped starter model's folder."""
    from deskhand_finetune.runs import starter_folder as shipped

    return shipped()


def _messages(question: Question) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage

    kinds = {"user": HumanMessage, "assistant": AIMessage}
    before = [kinds[message["role"]](message["content"]) for message in question.history]
    return [*before, HumanMessage(question.text)]
