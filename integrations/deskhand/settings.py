"""Settings: ``deskhand.toml`` in the working directory, overridden by ``DESKHAND_*``; secrets from the environment.

::

    # deskhand.toml
    title = "Fernweh Outdoor"
    model = "deskhand-data/run"            # a run folder, a hub id, or an OpenAI-compatible "openai:NAME"
    knowledge = "deskhand-data/knowledge.db"
    store_url = "sqlite:///deskhand-data/store.db"

``DESKHAND_CONFIG`` names another file. An unknown key is an error: a misspelt setting must not be ignored in silence.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AnyHttpUrl, BeforeValidator, Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from deskhand_guardrails.errors import ConfigError

Secret = Annotated[SecretStr, Field(min_length=1)]

SECRET_FIELDS = frozenset(
    {
        "review_password",
        "api_key",
        "secret_key",
        "model_api_key",
        "slack_bot_token",
        "slack_app_token",
        "slack_signing_secret",
    }
)
"""Read from the environment (or ``NAME_FILE``) alone: a secret in a file that gets committed is a leak."""


Channel = Literal["web", "slack", "api", "terminal"]


class Settings(BaseSettings):
    """Everything a serving process needs to know."""

    model_config = SettingsConfigDict(env_prefix="DESKHAND_", extra="forbid", frozen=True)

    title: Annotated[str, StringConstraints(min_length=1, max_length=80)] = "Help desk"
    """The company's name, as customers see it."""
    model: str = "starter"
    """``starter``, a run folder, a model folder or hub id, or ``openai:NAME`` for an OpenAI-compatible server."""
    model_base_url: AnyHttpUrl | None = None
    """Where ``openai:NAME`` is served (vLLM, Ollama, a hosted API); None is the hosted OpenAI API."""
    model_api_key: Secret | None = None
    max_tokens: Annotated[int, Field(ge=16, le=8192)] = 160
    knowledge: Annotated[str, BeforeValidator(str)] | None = None
    """A file made by ``deskhand index``, or a database's URL."""
    access: tuple[str, ...] = ()
    """Access labels that everybody who asks this desk holds, for documents that are not public."""
    channel_access: dict[Channel, tuple[str, ...]] = {}
    """Further labels of whoever asks through a channel: ``{slack = ["staff"]}`` where only colleagues are in Slack."""
    minimum_confidence: Annotated[float, Field(ge=0, le=1)] = 0.5
    """An answer that is less probably right goes to a person; needs a run that ``deskhand evaluate`` has measured."""
    store_url: str = "sqlite:///deskhand-data/store.db"
    policy: Path | None = None
    """A policy folder; None is the shipped one."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    review_password: Secret | None = None
    """Password of the review console (any user name: it goes into the audit trail); required beyond this machine."""
    api_key: Secret | None = None
    """Bearer key that ``/v1`` asks for."""
    secret_key: Secret | None = None
    """Signs the web chat's session cookie; random for each process when unset."""

    slack_bot_token: Secret | None = None
    slack_app_token: Secret | None = None
    slack_signing_secret: Secret | None = None
    slack_api_url: AnyHttpUrl = AnyHttpUrl("https://slack.com/api/")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options of the command line, then the environment, then the file."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=config_file()))


def config_file() -> Path:
    """The settings file: ``DESKHAND_CONFIG`` or ``deskhand.toml`` in the working directory."""
    return Path(os.environ.get("DESKHAND_CONFIG", "deskhand.toml"))


def load_settings(**options: object) -> Settings:
    """The settings of this process; ``options`` that are not None override file and environment.

    Raises:
        ConfigError: naming every wrong key at once, never its value.
    """
    file = config_file()
    if "DESKHAND_CONFIG" in os.environ and not file.is_file():
        raise ConfigError(f"{file}: no such settings file; correct or unset DESKHAND_CONFIG")
    given = {key: value for key, value in options.items() if value is not None}
    try:
        if file.is_file():
            _refuse_secrets(file)
        return Settings(**given, **_secrets_from_files())  # type: ignore[arg-type]  # validated by pydantic
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ConfigError(f"settings ({file.name} and DESKHAND_*): {faults}") from None
    except ValueError as error:
        raise ConfigError(f"{file}: not valid TOML ({error})") from None


def _refuse_secrets(file: Path) -> None:
    import tomllib

    held = sorted(SECRET_FIELDS & tomllib.loads(file.read_text(encoding="utf-8")).keys())
    if held:
        names = ", ".join(f"DESKHAND_{name.upper()}" for name in held)
        raise ConfigError(
            f"{file}: secrets do not belong in this file; set {names} (or the same name with _FILE) instead"
        )


def _secrets_from_files() -> dict[str, str]:
    """``DESKHAND_API_KEY_FILE=/run/secrets/key`` and the like, as container platforms hand secrets over."""
    found: dict[str, str] = {}
    for name in SECRET_FIELDS:
        variable = f"DESKHAND_{name.upper()}_FILE"
        if path := os.environ.get(variable):
            try:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigError(f"{variable}: cannot read {path} ({error.strerror})") from None
    return found
