"""What a reader of ``ChatDeskhand`` waits for, beside the same streaming model without a guard in the same run.

    python benchmarks/streaming.py [ANSWERS]

A scripted model writes tokens of four characters, 50 a second, each when it is due (as a served model does, which does
not wait for its reader), in short and in long answers. The policy is the default one, turns are recorded in SQLite, no
two sentences are alike.

- throughput: tokens a second from the call to the last piece, checks of the question and the record included;
- delay: from a sentence's end to its release (p50 / p95). That a sentence has ended shows when the next one's first
  token comes, so it is counted from there (what the guard takes) and from its own last token (what a reader sees);
- processor: milliseconds for each sentence beyond what the scripted model takes; a busy machine disturbs it least;
- start: imports and construction in a fresh process, which must not load torch, beside those of the scripted model.
"""

# ruff: noqa: ANN401, ARG002 - the signatures are LangChain's

from __future__ import annotations

import asyncio
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from deskhand_guardrails import Policy, Rails
from deskhand_guardrails.monitor import Store
from langchain_deskhand import ChatDeskhand
from langchain_deskhand.testing import ScriptedChatModel

ANSWERS = 3
LENGTHS = {"short": 1, "long": 4}
"""How often an answer goes through ``PATTERNS``: the question's check and the record weigh less in a long one."""
RATE = 50.0
TOKEN = 4
QUESTION = "How do I send the {} {} back that I ordered?"
PATTERNS = [
    "You can return the {} {} from the page of your order.",
    "Please put the {} {} into the box in which it came.",
    "We write to you as soon as the {} {} has reached our warehouse.",
    "If the {} {} does not fit, choose another size on the same page.",
    "The label for the {} {} is in the parcel, below the invoice.",
    "Keep the receipt of the post office until the {} {} has been checked.",
]
COLOURS = ["red", "blue", "green", "white", "black", "brown", "grey", "pink", "violet", "yellow", "orange"]
THINGS = ["jacket", "lamp", "kettle", "scarf", "chair", "shirt", "bag", "mirror", "vase", "blanket", "pillow", "coat"]
PAIRS = itertools.cycle(itertools.product(COLOURS, THINGS))

BUILD = """
import sys, time
def now():
    times.append((time.perf_counter(), time.process_time()))
times = []
now()
from langchain_deskhand.testing import ScriptedChatModel
inner = ScriptedChatModel(answers=["Hello."])
now()
from deskhand_guardrails import Policy, Rails
from langchain_deskhand import ChatDeskhand
ChatDeskhand
now()
rails = Rails(Policy.load())
now()
model = ChatDeskhand(model=inner, rails=rails)
now()
model.invoke("Hello!")
now()
assert "torch" not in sys.modules, "torch was loaded"
for (began, used), (ended, by_then) in zip(times, times[1:]):
    print(ended - began, by_then - used)
"""
STEPS = [
    "scripted model (baseline)",
    "import ChatDeskhand",
    "Rails(Policy.load())",
    "ChatDeskhand(...)",
    "first answer",
]

Pieces = list[tuple[int, float]]
"""How many characters there were, and when."""


class Paced(ScriptedChatModel):
    """Writes each token when it is due, and notes when that was."""

    wrote: Pieces = Field(default_factory=list)

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        began = time.perf_counter()
        for number, chunk in enumerate(self._pieces(self._next(messages, stop, kwargs)), start=1):
            time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
            self._note(chunk)
            yield chunk

    async def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        began = time.perf_counter()
        for number, chunk in enumerate(self._pieces(self._next(messages, stop, kwargs)), start=1):
            await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
            self._note(chunk)
            yield chunk

    def _note(self, chunk: ChatGenerationChunk) -> None:
        before = self.wrote[-1][0] if self.wrote else 0
        self.wrote.append((before + len(chunk.text), time.perf_counter()))


class Reading(NamedTuple):
    """Tokens a second, then milliseconds: of the processor for a sentence, and the delay of each sentence's release."""

    rate: float
    processor: float
    after_next: list[float]
    after_end: list[float]


def sentences(rounds: int = 1) -> list[str]:
    """An answer that nobody has read yet."""
    return [pattern.format(*next(PAIRS)) for pattern in PATTERNS * rounds]


def read_sync(model: BaseChatModel, question: str) -> Pieces:
    return collected(model.stream(question))


def read_async(model: BaseChatModel, question: str) -> Pieces:
    async def read() -> Pieces:
        pieces: Pieces = []
        async for chunk in model.astream(question):
            noted(pieces, chunk)
        return pieces

    return asyncio.run(read())


WAYS = {"stream": read_sync, "astream": read_async}


def collected(chunks: Iterator[AIMessageChunk]) -> Pieces:
    pieces: Pieces = []
    for chunk in chunks:
        noted(pieces, chunk)
    return pieces


def noted(pieces: Pieces, chunk: AIMessageChunk) -> None:
    pieces.append(((pieces[-1][0] if pieces else 0) + len(chunk.text), time.perf_counter()))


def measured(
    read: Callable[[BaseChatModel, str], Pieces], wrap: Callable[[BaseChatModel], BaseChatModel], answer: Sequence[str]
) -> Reading:
    text = " ".join(answer)
    inner = Paced(answers=[text], chunk_size=TOKEN)
    model = wrap(inner)
    began, used = time.perf_counter(), time.process_time()
    released = read(model, QUESTION.format(*next(PAIRS)))
    passed, used = time.perf_counter() - began, time.process_time() - used
    if released[-1][0] != len(text):
        raise SystemExit(f"the guard changed an answer: {released[-1][0]} of {len(text)} characters")
    after_next, after_end = [], []
    end = -1
    for sentence in answer[:-1]:
        end += len(sentence) + 1
        out = reached(released, end)
        after_next.append((out - reached(inner.wrote, end + 2)) * 1000)
        after_end.append((out - reached(inner.wrote, end)) * 1000)
    return Reading(len(text) / TOKEN / passed, used * 1000 / len(answer), after_next, after_end)


def reached(pieces: Pieces, characters: int) -> float:
    """When there were that many characters."""
    return next(when for count, when in pieces if count >= characters)


def percentiles(values: Sequence[float]) -> str:
    return f"{statistics.median(values):5.1f} / {statistics.quantiles(values, n=20)[-1]:5.1f}"


def start(runs: int = 5) -> None:
    taken = []
    for _ in range(runs + 1):
        done = subprocess.run([sys.executable, "-c", BUILD], check=True, capture_output=True, text=True)
        taken.append([float(word) for word in done.stdout.split()])
    medians = [statistics.median(column) for column in zip(*taken[1:], strict=True)]  # the first warms the file cache
    print("start, without torch            s passed   s of processor")
    for name, passed, used in zip(STEPS, medians[::2], medians[1::2], strict=True):
        print(f"  {name:<28} {passed:>9.2f} {used:>16.2f}")


def main(answers: int) -> None:
    rails = Rails(Policy.load())
    rails.warm()
    with tempfile.TemporaryDirectory() as folder, Store(f"sqlite:///{Path(folder)}/store.db") as store:

        def guarded(model: BaseChatModel) -> BaseChatModel:
            return ChatDeskhand(model=model, rails=rails, store=store)

        guarded(ScriptedChatModel(answers=["Hello."])).invoke("Hello!")
        print("               bare t/s  guarded t/s  ratio  processor  after next began  after own end (p50 / p95, ms)")
        for (name, read), (length, rounds) in itertools.product(WAYS.items(), LENGTHS.items()):
            texts = [sentences(rounds) for _ in range(answers)]
            bare = [measured(read, lambda model: model, text) for text in texts]
            held = [measured(read, guarded, text) for text in texts]
            plain, ours = (statistics.median(one.rate for one in each) for each in (bare, held))
            used = statistics.median(one.processor for one in held) - statistics.median(one.processor for one in bare)
            after_next = [late for one in held for late in one.after_next]
            after_end = [late for one in held for late in one.after_end]
            print(
                f"{f'{name}, {length}':<14} {plain:>9.2f} {ours:>12.2f} {ours / plain:>6.1%} {used:>10.1f}"
                f" {percentiles(after_next):>17} {percentiles(after_end):>15}"
            )
    start()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ANSWERS)
