"""Asks the Hugging Face hub once whether it has a model, before a library asks six times over half a minute."""

from __future__ import annotations

from deskhand_guardrails.errors import UnavailableError

SECONDS = 10.0


def ask(name: str) -> None:
    """Returns at once when ``name`` is in the local cache (or the hub is switched off: then its loader will say so).

    Args:
        name: a hub id such as ``Qwen/Qwen3-0.6B``.

    Raises:
        UnavailableError: the hub cannot be reached, does not know the model, or does not give it out.
    """
    import httpx
    from huggingface_hub import HfApi, constants, errors, try_to_load_from_cache

    if constants.HF_HUB_OFFLINE or isinstance(try_to_load_from_cache(name, "config.json"), str):
        return
    try:
        HfApi().model_info(name, timeout=SECONDS)
    except errors.HfHubHTTPError as error:  # the hub answers 401 for what it does not know, so as not to tell
        raise UnavailableError(
            f"model {name}: no such folder, and the hub gives out no such model (status {error.response.status_code}); "
            "check the name, or log in with: hf auth login"
        ) from error
    except httpx.HTTPError as error:
        raise UnavailableError(
            f"model {name}: no such folder, and the hub cannot be reached ({type(error).__name__}); check the name and "
            "the network"
        ) from error
