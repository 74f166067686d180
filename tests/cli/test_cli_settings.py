"""Settings: file, environment, options; and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskhand.settings import load_settings
from deskhand_guardrails.errors import ConfigError


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "deskhand.toml"
    monkeypatch.setenv("DESKHAND_CONFIG", str(file))
    return file


def test_options_beat_the_environment_and_that_beats_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text('title = "From file"\nport = 1111\nmax_tokens = 99\n')
    monkeypatch.setenv("DESKHAND_PORT", "2222")
    monkeypatch.setenv("DESKHAND_TITLE", "From environment")
    settings = load_settings(title="From option")
    assert (settings.title, settings.port, settings.max_tokens) == ("From option", 2222, 99)


def test_every_fault_is_named_at_once_without_its_value(config: Path) -> None:
    config.write_text('prot = 1\nport = "s3cret-value"\nmax_tokens = 1\n')
    with pytest.raises(ConfigError) as error:
        load_settings()
    message = str(error.value)
    assert all(key in message for key in ("prot", "port", "max_tokens"))
    assert "s3cret-value" not in message
    assert "\n" not in message


def test_a_secret_in_the_file_is_refused(config: Path) -> None:
    config.write_text('api_key = "abc"\n')
    with pytest.raises(ConfigError, match="DESKHAND_API_KEY"):
        load_settings()


def test_an_empty_secret_is_refused(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("")
    monkeypatch.setenv("DESKHAND_SLACK_BOT_TOKEN", "")
    with pytest.raises(ConfigError, match="slack_bot_token"):
        load_settings()


def test_a_secret_comes_from_a_file_and_is_not_shown(
    config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config.write_text("")
    (tmp_path / "key").write_text("hunter2\n")
    monkeypatch.setenv("DESKHAND_API_KEY_FILE", str(tmp_path / "key"))
    settings = load_settings()
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings)


def test_a_missing_named_file_and_broken_toml_are_one_line(config: Path) -> None:
    with pytest.raises(ConfigError, match="no such settings file"):
        load_settings()
    config.write_text("title = \n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_settings()
