"""Any server that speaks OpenAI's chat completions: ours, vLLM, Ollama, a hosted API; by OpenAI's own client.

The conversation goes out as it stands in the set, behind a system message with instructions, a canary and sources, as a
help desk would send it. A server that brings its own instructions and sources (``deskhand serve``) does not heed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deskhand.redteam.sources import conversation, sources
from deskhand_guardrails.errors import ConfigError, UnavailableError
from deskhand_guardrails.prompt import compose
from deskhand_guardrails.redteam import GIVEN, Probe, Reply, reply

if TYPE_CHECKING:
    import openai

    from langchain_deskhand.knowledge import Knowledge

RETRIES = 6
"""By the client, half a second to eight apart: enough for a server that answers 60 times a minute."""


class Endpoint:
    """A model behind a URL."""

    def __init__(self, client: openai.OpenAI, model: str, knowledge: Knowledge | None = None) -> None:
        self._client = client
        self._model = model
        self._knowledge = knowledge

    @classmethod
    def open(
        cls, url: str, model: str | None = None, *, key: str | None = None, seconds: float = 60,
        knowledge: Knowledge | None = None,
    ) -> Endpoint:  # fmt: skip
        """A server's model.

        Args:
            url: the API's base, which ends in ``/v1`` with most servers.
            model: the model's name; may be left out when the server has only one.
            key: a key, for servers that ask for one.
            seconds: how long one try may take.
            knowledge: what sources are looked up in; only the probes' own documents are sent without.

        Raises:
            UnavailableError: the server does not answer.
            ConfigError: it has several models and none was named.
        """
        client = _client(url, key, seconds)
        return cls(client, model or _only_model(client, url), knowledge)

    @property
    def name(self) -> str:
        """The model and where it is."""
        return f"{self._model} at {self._client.base_url}"

    def answer(self, probe: Probe) -> Reply:
        """The model's reply.

        Raises:
            UnavailableError: there was none, also not when asked again.
        """
        messages = compose(conversation(probe), sources(probe, self._knowledge), instructions=GIVEN)
        return ask(self._client, self._model, messages)

    def ask(self, messages: list[dict[str, str]]) -> Reply:
        """The model's reply to messages that are no probe's."""
        return ask(self._client, self._model, messages)


def ask(client: openai.OpenAI, model: str, messages: list[dict[str, str]]) -> Reply:
    """One completion, read.

    Raises:
        UnavailableError: there is none.
    """
    import openai

    try:
        completion = client.chat.completions.create(model=model, messages=messages)  # type: ignore[arg-type]  # plain dicts in OpenAI's form
    except openai.BadRequestError as error:
        if error.code == "content_filter":  # a hosted filter before the model
            return reply("", held_back=True, finish_reason="content_filter")
        raise _unavailable(client, error) from error
    except openai.OpenAIError as error:
        raise _unavailable(client, error) from error
    if not completion.choices:
        raise UnavailableError(f"{client.base_url}: an answer without choices")
    choice = completion.choices[0]
    details: dict[str, Any] = (completion.model_extra or {}).get("deskhand") or {}
    text, refusal = choice.message.content or "", choice.message.refusal
    return reply(
        refusal or text,
        held_back=choice.finish_reason == "content_filter" or bool(refusal),
        decision=str(details.get("decision", "")),
        finish_reason=choice.finish_reason,
        sources=[one.get("title") for one in details.get("sources", ())],
    )


def _client(url: str, key: str | None, seconds: float) -> openai.OpenAI:
    import openai

    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"--url {url}: must begin with http:// or https://, as in http://127.0.0.1:8080/v1")
    # Servers on one's own machine ask for no key, but the client insists on one.
    return openai.OpenAI(base_url=url, api_key=key or "none", timeout=seconds, max_retries=RETRIES)


def _only_model(client: openai.OpenAI, url: str) -> str:
    import openai

    try:
        names = [model.id for model in client.with_options(max_retries=0).models.list()]
    except openai.OpenAIError as error:
        raise _unavailable(client, error) from error
    if len(names) != 1:
        shown = ", ".join(names[:8]) or "none"
        raise ConfigError(f"--url {url}: name one of its models with --model: {shown}")
    return names[0]


def _unavailable(client: openai.OpenAI, error: openai.OpenAIError) -> UnavailableError:
    """What happened, without the server's words: they may quote the request."""
    status = getattr(error, "status_code", None)
    said = f"{type(error).__name__}, HTTP status {status}" if status else type(error).__name__
    hint = "; name the key's variable with --api-key-env" if status in (401, 403) else ""
    return UnavailableError(f"{client.base_url}: {said}{hint}")
