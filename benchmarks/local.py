"""How fast ``ChatLocal`` answers, beside ``model.generate`` of transformers as the baseline of the same run.

    python benchmarks/local.py [--large] [ROUNDS]

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
from typing import NamedTuple

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
Timing = tuple[int, float, float]
"""Tokens of an answer, seconds to its first piece, seconds in all."""


class Round(NamedTuple):
    """Answers in one go, the seconds that passed and the processor's seconds, which other work does not change."""

    wall: float
    processor: float
    answers: list[Timing]


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

            def put(self, value: object) -> None:  # noqa: ARG002 - transformers' signature
                self.times.append(time.perf_counter())

            def end(self) -> None:
                pass

        self._first = First

    def answer(self, messages: Messages) -> Timing:
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


async def heard(model: ChatLocal, messages: Messages) -> tuple[Timing, str]:
    """What an answer took, and its text."""
    started = time.perf_counter()
    first = None
    tokens = 0
    text = ""
    async for chunk in model.astream(messages):
        if first is None and (chunk.text or chunk.usage_metadata):
            first = time.perf_counter() - started
        text += chunk.text
        if chunk.usage_metadata:
            tokens = chunk.usage_metadata["output_tokens"]
    return (tokens, first or 0.0, time.perf_counter() - started), text


async def ask(model: ChatLocal, messages: Messages, after: float = 0.0) -> Timing:
    await asyncio.sleep(after)
    return (await heard(model, messages))[0]


async def in_turn(model: ChatLocal, asked: Sequence[Messages]) -> list[Timing]:
    return [await ask(model, messages) for messages in asked]


async def at_once(model: ChatLocal, asked: Sequence[Messages], apart: float = 0.0) -> list[Timing]:
    return list(await asyncio.gather(*(ask(model, messages, apart * at) for at, messages in enumerate(asked))))


async def three_turns(model: ChatLocal, messages: Messages) -> list[Timing]:
    """A conversation: what the customer says next continues what was said."""
    told = list(messages)
    found = []
    for further in ("Thanks. And when is that?", "Can you say it once more?", ""):
        timing, text = await heard(model, told)
        found.append(timing)
        told += [("assistant", text), ("user", further)]
    return found


def line(name: str, rounds: list[Round], base: tuple[float, float] | None, first: float) -> tuple[float, float]:
    """Prints one way to answer; gives its tokens a second and its processor time for one token."""
    speed = statistics.median(sum(one[0] for one in done.answers) / done.wall for done in rounds)
    work = statistics.median(done.processor / sum(one[0] for one in done.answers) for done in rounds)
    waits = sorted(one[1] for done in rounds for one in done.answers)
    p50, p95 = waits[len(waits) // 2], waits[int(len(waits) * 0.95)]
    faster, less = (speed / base[0], base[1] / work) if base else (1.0, 1.0)
    times = f" ({p95 / first:.1f} x)" if first else ""
    print(
        f"{name:<38}{speed:6.0f} tokens/s {faster:5.1f} x   {work * 1e3:6.1f} ms of processor a token {less:5.1f} x"
        f"   first piece {p50 * 1e3:5.0f} ms, p95 {p95 * 1e3:5.0f} ms{times}",
        flush=True,
    )
    return speed, work


def timed(work: Callable[[], list[Timing]]) -> Round:
    started, used = time.perf_counter(), time.process_time()
    answers = work()
    return Round(time.perf_counter() - started, time.process_time() - used, answers)


def measure(folder: Path, rounds: int, tokens: int) -> None:
    generate = Generate(folder, tokens)
    cold = ChatLocal(model=str(folder), max_tokens=tokens, dtype="float32", prefix_cache_mb=0).warm()
    asked = prompts()
    ways: dict[str, Callable[[], list[Timing]]] = {
        "model.generate, one after the other": lambda: [generate.answer(messages) for messages in asked],
        "ChatLocal, one after the other": lambda: asyncio.run(in_turn(cold, asked)),
        "ChatLocal, eight at once": lambda: asyncio.run(at_once(cold, asked)),
    }
    taken: dict[str, list[Round]] = {name: [] for name in ways}
    apart: list[Round] = []
    for work in ways.values():
        work()  # warms everything
    for _ in range(rounds):
        for name, work in ways.items():
            taken[name].append(timed(work))
        # One comes whenever two thirds of an answer would be written: answers overlap, and no line builds up.
        alone = statistics.median(one[2] for one in taken["ChatLocal, one after the other"][-1].answers)
        apart.append(timed(lambda: asyncio.run(at_once(cold, asked, alone / 1.5))))  # noqa: B023 - called at once
    base = line("model.generate, one after the other", taken["model.generate, one after the other"], None, 0)
    single = taken["ChatLocal, one after the other"]
    line("ChatLocal, one after the other", single, base, 0)
    first = statistics.median(one[1] for done in single for one in done.answers)
    line("ChatLocal, eight at once", taken["ChatLocal, eight at once"], base, first)
    line("ChatLocal, eight arriving one by one", apart, base, first)
    turns(folder, rounds, tokens, asked, base)


def turns(folder: Path, rounds: int, tokens: int, asked: list[Messages], base: tuple[float, float]) -> None:
    """Conversations of three turns: from the second on their beginnings have been read."""
    one_by_one: list[Round] = []
    together: list[Round] = []
    for _ in range(rounds):
        models = [ChatLocal(model=str(folder), max_tokens=tokens, dtype="float32").warm() for _ in range(2)]

        async def alone(model: ChatLocal = models[0]) -> list[Timing]:
            return [one for messages in asked[:4] for one in await three_turns(model, messages)]

        async def at_the_same_time(model: ChatLocal = models[1]) -> list[Timing]:
            chats = await asyncio.gather(*(three_turns(model, messages) for messages in asked))
            return [one for chat in chats for one in chat]

        one_by_one.append(timed(lambda: asyncio.run(alone())))
        together.append(timed(lambda: asyncio.run(at_the_same_time())))
    line("ChatLocal, three turns, one chat", one_by_one, base, 0)
    first = statistics.median(one[1] for done in one_by_one for one in done.answers)
    line("ChatLocal, three turns, eight chats", together, base, first)


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
    rounds = next((int(argument) for argument in sys.argv[1:] if argument.isdigit()), ROUNDS)
    if "--large" not in sys.argv:
        measure(starter_folder(), rounds, TOKENS)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(large(Path(folder)), min(rounds, 2), 32)


if __name__ == "__main__":
    main()
