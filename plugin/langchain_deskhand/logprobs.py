"""Log-probabilities in the shape that OpenAI's API has made the usual one."""

# ruff: noqa: ANN401 - tensors and tokenizers

from __future__ import annotations

from typing import Any


def entry(logits: Any, token: int, alternatives: int, tokenizer: Any) -> dict[str, Any]:
    """``{"token", "bytes", "logprob", "top_logprobs"}`` of a chosen token, by the model's own distribution.

    ``bytes`` is None for a token that is only a part of a character.

    Args:
        logits: shape (vocabulary,), before temperature and whatever else narrowed the choice.
        token: the number of the chosen token.
        alternatives: how many of the likeliest tokens ``top_logprobs`` lists.
        tokenizer: tells a token's text.
    """
    shares = logits.float().log_softmax(dim=-1)
    values, numbers = shares.topk(alternatives)
    top = [_one(int(number), float(value), tokenizer) for number, value in zip(numbers, values, strict=True)]
    return {**_one(token, float(shares[token]), tokenizer), "top_logprobs": top}


def _one(token: int, logprob: float, tokenizer: Any) -> dict[str, Any]:
    text = tokenizer.decode([token])
    return {"token": text, "bytes": None if "\ufffd" in text else list(text.encode()), "logprob": logprob}
