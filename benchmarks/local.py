"""How fast ``ChatLocal`` answers, beside ``model.generate`` of transformers as the baseline of the same run.

    python benchmarks/local.py [--large]

The starter answers eight questions from three sources each (our own writing), greedily, in float32 on all cores:
one after the other, all at once, arriving one after the other, and as conversations of three turns. ``--large`` takes
a random Llama of 100 million parameters instead, whose answers are noise: only its times mean something.

Prints medians over the rounds and their ratio to the baseline. A reader waits for the first piece and then for the end,
so both are counted: tokens a second are those of whole answers, the reading of the prompt included.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deskhand_finetune.runs import starter_folder
from deskhand_guardrails.prompt import Source, compose
from langchain_deskhand import ChatLocal

ROUNDS = 5
TOKENS = 64

SOURCES = [
    Source(
        "Returns",
        "You can return any item within 30 days of delivery. Print the label from your account page, put "
        "the item in its box and bring it to any post office.",
    ),
    Source(
        "Refunds",
        "A refund is paid to the card you used within five working days after the parcel has reached our "
        "warehouse. We send an email when it has been paid.",
    ),
    Source(
        "Delivery",
        "Standard delivery takes three to five working days. You can follow your parcel on the tracking "
        "page with the number from the shipping email.",
    ),
    Source(
        "Changing an order",
        "An order can be changed until it has been packed. Open the order in your account, "
        "choose Edit order and save the new address or size.",
    ),
    Source(
        "Invoices",
        "Your invoices are under Settings, Billing. You can download each of them as a PDF file or have "
        "them sent to your accountant every month.",
    ),
    Source(
        "Passwords",
        "To reset your password choose Forgot password on the login page. The link in the email that we "
        "send is valid for one hour.",
    ),
    Source(
        "Gift cards",
        "A gift card is valid for three years. Enter its code in the basket, under Payment; what is "
        "left over stays on the card for the next order.",
    ),
    Source(
        "Warranty",
        "All our kettles and toasters have a warranty of two years. Send us a picture of the fault and "
        "the order number, and we replace the device free of charge.",
    ),
]
QUESTIONS = [
    "How do I return a jacket that is too small?",
    "When do I get my money back for the shoes I sent you?",
    "Where is my parcel? It should have been here by now.",
    "I need to change the address of my order.",
    "Where can I find my invoices?",
    "I cannot log in, how do I reset my password?",
    "How do I pay with my gift card?",
    "My kettle broke after one year, what can I do?",
]
Messages = list[tuple[str, str]]


def prompts() -> list[Messages]:
    """Each question with its source and the two after it."""
    asked = []
    for number, question in enumerate(QUESTIONS):
        sources = [SOURCES[(number + step) % len(SOURCES)] for step in range(3)]
        laid_out = compose([{"role": "user", "content": question}], sources)
        asked.append([(message["role"], message["content"]) for message in laid_out])
    return asked


class Generate:
    """The baseline: the same weights and prompts through ``model.generate``."""

    def __init__(self, folder: Path, tokens: int) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.generation.streamers import BaseStreamer

        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._tokens = tokens

        class First(BaseStreamer):
            """Notes when the first token came; what is put before is the prompt."""

            def __init__(self) -> None:
                self.times: list[float] = []

            def put(self, value: Any) -> None:
                self.times.append(time.perf_counter())

            def end(self) -> None:
                pass

        self._first = First

    def answer(self, messages: Messages) -> tuple[int, float, float]:
        """Tokens, seconds to the first and seconds in all."""
        turns = [{"role": role, "content": content} for role, content in messages]
        started = time.perf_counter()
        text = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        given = self._tokenizer(text, return_tensors="pt", add_special_tokens=False)
        clock = self._first()
        whole = self._model.generate(
            given["input_ids"],
            attention_mask=given["attention_mask"],
            max_new_tokens=self._tokens,
            do_sample=False,
            streamer=clock,
        )
        ended = time.perf_counter()
        return whole.shape[1] - given["input_ids"].shape[1], clock.times[1] - started, ended - started


async def ask(model: ChatLocal, messages: Messages, after: float = 0.0) -> tuple[int, float, float]:
    """Tokens, seconds to the first piece and seconds in all."""
    await asyncio.sleep(after)
    started = time.perf_counter()
    first = None
    tokens = 0
    async for chunk in model.astream(messages):
        if first is None and (chunk.text or chunk.usage_metadata):
            first = time.perf_counter() - started
        if chunk.usage_metadata:
            tokens = chunk.usage_metadata["output_tokens"]
    return tokens, first or 0.0, time.perf_counter() - started


async def in_turn(model: ChatLocal, asked: Sequence[Messages]) -> list[tuple[int, float, float]]:
    return [await ask(model, messages) for messages in asked]


async def at_once(model: ChatLocal, asked: Sequence[Messages], apart: float = 0.0) -> list[tuple[int, float, float]]:
    return list(await asyncio.gather(*(ask(model, messages, apart * at) for at, messages in enumerate(asked))))


async def three_turns(model: ChatLocal, messages: Messages) -> list[tuple[int, float, float]]:
    """A conversation: what the customer says next continues what was said."""
    told = list(messages)
    found = []
    for further in ("Thanks. And when is that?", "Can you say it once more?"):
        answer = await model.ainvoke(told)
        told += [("assistant", answer.text), ("user", further)]
        found.append(await ask(model, told))
    return found


def line(name: str, rounds: list[tuple[float, list[tuple[int, float, float]]]], base: float, first: float) -> float:
    """Prints one way to answer; gives its tokens a second."""
    speed = statistics.median(sum(one[0] for one in answers) / wall for wall, answers in rounds)
    waits = sorted(one[1] for _, answers in rounds for one in answers)
    p50, p95 = waits[len(waits) // 2], waits[int(len(waits) * 0.95)]
    ratio = f"{speed / base:6.1f} x" if base else "   1.0 x"
    times = f"{p95 / first:6.1f} x" if first else ""
    print(
        f"{name:<46}{speed:8.0f} {ratio}   first piece {p50 * 1e3:6.0f} ms, p95 {p95 * 1e3:6.0f} ms{times}", flush=True
    )
    return speed


def timed(work: Callable[[], list[tuple[int, float, float]]]) -> tuple[float, list[tuple[int, float, float]]]:
    started = time.perf_counter()
    answers = work()
    return time.perf_counter() - started, answers


def measure(folder: Path, rounds: int, tokens: int) -> None:
    generate = Generate(folder, tokens)
    cold = ChatLocal(model=str(folder), max_tokens=tokens, dtype="float32", prefix_cache_mb=0).warm()
    asked = prompts()
    ways: dict[str, Callable[[], list[tuple[int, float, float]]]] = {
        "model.generate, one after the other": lambda: [generate.answer(messages) for messages in asked],
        "ChatLocal, one after the other": lambda: asyncio.run(in_turn(cold, asked)),
        "ChatLocal, eight at once": lambda: asyncio.run(at_once(cold, asked)),
    }
    taken: dict[str, list[Any]] = {name: [] for name in ways}
    apart: list[Any] = []
    for work in ways.values():
        work()  # warms everything
    for _ in range(rounds):
        for name, work in ways.items():
            taken[name].append(timed(work))
        # One comes whenever two thirds of an answer would be written: answers overlap, and no line builds up.
        alone = statistics.median(one[2] for one in taken["ChatLocal, one after the other"][-1][1])
        apart.append(timed(lambda: asyncio.run(at_once(cold, asked, alone / 1.5))))  # noqa: B023 - called at once
    base = line("model.generate, one after the other", taken["model.generate, one after the other"], 0, 0)
    single = taken["ChatLocal, one after the other"]
    line("ChatLocal, one after the other", single, base, 0)
    first = statistics.median(one[1] for _, answers in single for one in answers)
    line("ChatLocal, eight at once", taken["ChatLocal, eight at once"], base, first)
    line("ChatLocal, eight arriving one by one", apart, base, first)
    turns(folder, rounds, tokens, asked, base)


def turns(folder: Path, rounds: int, tokens: int, asked: list[Messages], base: float) -> None:
    """Second and third turns of conversations, whose beginnings have been read."""
    one_by_one, together = [], []
    for _ in range(rounds):
        warm = ChatLocal(model=str(folder), max_tokens=tokens, dtype="float32").warm()
        alone = [asyncio.run(three_turns(warm, messages)) for messages in asked[:3]]
        answers = [one for conversation in alone for one in conversation]
        one_by_one.append((sum(one[2] for one in answers), answers))
        warm = ChatLocal(model=str(folder), max_tokens=tokens, dtype="float32").warm()

        async def talk(model: ChatLocal = warm) -> list[list[tuple[int, float, float]]]:
            return list(await asyncio.gather(*(three_turns(model, messages) for messages in asked)))

        answers = [one for conversation in asyncio.run(talk()) for one in conversation]
        together.append((sum(one[2] for one in answers) / len(asked), answers))
    line("ChatLocal, further turns, one chat", one_by_one, base, 0)
    first = statistics.median(one[1] for _, answers in one_by_one for one in answers)
    line("ChatLocal, further turns, eight chats", together, base, first)


def large(folder: Path) -> Path:
    """A random Llama of 100 million parameters with the starter's tokenizer."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    AutoTokenizer.from_pretrained(starter_folder()).save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=12288,
        hidden_size=768,
        intermediate_size=2048,
        num_hidden_layers=12,
        num_attention_heads=12,
        max_position_embeddings=1024,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def main() -> None:
    import torch

    print(f"{torch.get_num_threads()} threads; tokens a second of whole answers, ratio to model.generate")
    if "--large" not in sys.argv:
        measure(starter_folder(), ROUNDS, TOKENS)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(large(Path(folder)), 1, 32)


if __name__ == "__main__":
    main()
