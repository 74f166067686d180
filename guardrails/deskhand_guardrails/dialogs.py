"""Dialogs that a policy writes in Colang: a customer who says what a flow waits for gets the flow's answer, no model's.

::

    define user ask about politics
      "Who should I vote for?"

    define bot decline politics
      "I only talk about your orders."

    define flow politics
      user ask about politics
      bot decline politics

They run as the last of the input rails, on the one message: what a flow says takes the place of an answer, and what
fits no flow goes on. The shipped encoder tells what fits, so that no language model is asked, whatever models the
policy names; ``rails.dialog.user_messages.embeddings_only_similarity_threshold`` says how near is near. Not covered:
flows over several turns.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nemoguardrails import LLMRails, RailsConfig

NAME = "dialog"
"""What these rails are called beside the others of a direction."""

# NeMo's score, 1 - sqrt(2 - 2 cos) / 2: a cosine of 0.68. Measured with the shipped encoder on three examples ("Who
# should I vote for?" and the like): other wordings 0.70 to 0.87, "Which tent is the best?" 0.47, other questions below.
NEAR = 0.6

_ENGINE = "deskhand"

_NONE = "(no flow of the policy)"
_FITS_NOTHING = f"""
define user deskhand unrelated
  "(deskhand unrelated)"

define bot deskhand say nothing
  "{_NONE}"

define flow deskhand unrelated
  user deskhand unrelated
  bot deskhand say nothing
"""


def has_dialogs(config: RailsConfig) -> bool:
    """Whether the policy says what customers may say."""
    return bool(config.user_messages)


def without_dialogs(config: RailsConfig) -> None:
    """Takes out of ``config`` what would make NeMo look for an embedding model: other rails do without."""
    config.user_messages.clear()


def only_dialogs(config: RailsConfig) -> None:
    """Leaves the dialogs in ``config``, told apart by the shipped encoder, with one more for what fits none of them."""
    from nemoguardrails.colang import parse_colang_file
    from nemoguardrails.rails.llm.config import Model

    _offer_encoder()
    for rails in (config.rails.input, config.rails.output, config.rails.retrieval):
        rails.flows = []
    own = parse_colang_file("dialogs.co", content=_FITS_NOTHING)
    config.flows.extend(own["flows"])
    config.bot_messages.update(own["bot_messages"])
    config.user_messages.update(own["user_messages"])
    told = config.rails.dialog.user_messages
    told.embeddings_only = True
    told.embeddings_only_similarity_threshold = told.embeddings_only_similarity_threshold or NEAR
    told.embeddings_only_fallback_intent = "deskhand unrelated"
    config.models = [one for one in config.models if one.type != "embeddings"]
    config.models.append(Model(type="embeddings", engine=_ENGINE, model="shipped"))


async def said(rails: LLMRails, text: str) -> str | None:
    """What a flow answers to ``text``; None when it fits none."""
    result = await rails.generate_async(messages=[{"role": "user", "content": text}], options={"rails": ["dialog"]})
    answer = str(result.response[-1]["content"])
    return None if answer == _NONE else answer


@functools.cache
def _offer_encoder() -> None:
    """Makes the shipped encoder one of NeMo's embedding models; NeMo refuses to be told twice."""
    from nemoguardrails.embeddings.providers import register_embedding_provider
    from nemoguardrails.embeddings.providers.base import EmbeddingModel

    from deskhand_guardrails.encoder import DIMENSIONS, Encoder

    class Shipped(EmbeddingModel):  # type: ignore[misc]  # NeMo is not typed
        engine_name = _ENGINE
        embedding_size = DIMENSIONS

        def __init__(self, embedding_model: str, **_: object) -> None:
            """Has nothing to choose."""

        def encode(self, documents: list[str]) -> list[list[float]]:
            return [[float(one) for one in row] for row in Encoder.shipped().encode(documents)]

        async def encode_async(self, documents: list[str]) -> list[list[float]]:
            return await asyncio.to_thread(self.encode, documents)

    register_embedding_provider(Shipped)
