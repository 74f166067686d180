"""Whether training, evaluation and ``ChatLocal`` work on a GPU, and how fast, beside ``model.generate``.

    python benchmarks/gpu.py [--device cuda|cpu] [--small] [STAGE ...]

Stages, each by itself if asked for, in this order: ``full`` and ``lora`` train a random Llama of 0.5 billion parameters
(``--small``: of 2 million) with the product's own ``train`` on records made here, and compare an adapter before and
after it is merged; ``answers`` compares ``ChatLocal`` with ``model.generate``, text by text in float32, and in bfloat16
for speed; ``forms`` asks for JSON, a tool call, a stop sequence, a seed, logprobs and 8 bits; ``evaluate`` measures the
run. The model is random and learns little: only agreement, times and memory mean something.

Prints one line for each check (``ok`` or ``FAIL``) and figure. Exit code: 0 all hold, 1 one does not, 2 no such device.
``--device cpu --small`` runs the same checks without a GPU in half a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: nothing is looked up

from local import Messages, Timing, heard, prompts
from random_desk import dataset, model

from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.repetition import repeating
from langchain_deskhand import ChatLocal
from langchain_deskhand.prefixes import common

ORDER = {
    "title": "order",
    "description": "Looks an order up.",
    "type": "object",
    "properties": {"number": {"type": "integer"}, "urgent": {"type": "boolean"}},
    "required": ["number", "urgent"],
}


class Bench:
    """The folder, the sizes and what was found so far."""

    def __init__(self, folder: Path, device: str, *, small: bool) -> None:
        self.folder = folder
        self.device = device
        self.small = small
        self.tokens = 16 if small else 32
        self.failed: list[str] = []
        self.data = folder / "data"
        self.base, self.full, self.lora = folder / "base", folder / "full", folder / "lora"

    def check(self, name: str, holds: bool, said: str = "") -> None:
        print(f"{'ok  ' if holds else 'FAIL'} {name}{': ' if said else ''}{said}", flush=True)
        if not holds:
            self.failed.append(name)

    def tell(self, name: str, said: str) -> None:
        print(f"     {name}: {said}", flush=True)

    def run(self, stage: Callable[[Bench], None]) -> None:
        """One stage; what it raises fails it and no other."""
        started = time.monotonic()
        _forget_peak()
        try:
            stage(self)
        except Exception as error:  # noqa: BLE001 - whatever breaks on a device nobody has seen
            traceback.print_exc(limit=-6, file=sys.stdout)
            self.check(stage.__name__, False, f"{type(error).__name__} {str(error)[:300]}")
        print(f"==== {stage.__name__}: {time.monotonic() - started:.1f} s, {_peak()}", flush=True)


def full(bench: Bench) -> None:
    """All weights, in mixed precision."""
    _train(bench, bench.base, bench.full, "full", steps=5, rate=1e-3)


def lora(bench: Bench) -> None:
    """An adapter on what ``full`` left (or on the random model), and whether it says the same when merged."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from deskhand_finetune.models import load as load_for_evaluation
    from langchain_deskhand.loading import load

    base = bench.full if bench.full.exists() else bench.base
    _train(bench, base, bench.lora, "lora", steps=12, rate=2e-3)
    ids = torch.tensor([list(range(5, 165))], device=bench.device)
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).to(bench.device)
    apart = PeftModel.from_pretrained(plain, str(bench.lora)).eval()
    with torch.inference_mode():
        expected = apart(input_ids=ids).logits
        with apart.disable_adapter():
            moved = _gap(apart(input_ids=ids).logits, expected)
        found = load(str(bench.lora), bench.device, "float32")[0](input_ids=ids).logits
        half = load_for_evaluation(str(bench.lora))[0].to(bench.device)
        rough = half(input_ids=ids).logits
    bench.check("the adapter changes the logits", moved > 1e-2, f"by {moved:.1%}")
    bench.check("merged it gives the same logits", _gap(found, expected) < 1e-4, f"{_gap(found, expected):.1e} apart")
    bench.check(f"merged in {half.dtype} nearly", _gap(rough, expected) < 0.1, f"{_gap(rough, expected):.1e} apart")


def _train(bench: Bench, base: Path, out: Path, method: str, *, steps: int, rate: float) -> None:
    from deskhand_finetune import train

    ticks: list[float] = []

    def track(items: Iterable[Any], description: str, total: int | None = None) -> Iterator[Any]:  # noqa: ARG001
        for item in items:
            ticks.append(time.perf_counter())
            yield item

    size = {"batch_tokens": 1024} if bench.small else {}
    run = train(
        bench.data, out, base=str(base), method=method, max_steps=steps, learning_rate=rate, track=track, **size
    )
    settings, metrics = run.info["settings"], run.info["metrics"]
    where = {name: settings[name]["value"] for name in ("device", "bf16", "rows", "steps")}
    # The median step holds no checkpoint: every fifth step is followed by one.
    seconds = statistics.median(later - tick for tick, later in pairwise(ticks))
    tokens = metrics["tokens_per_second"] * metrics["seconds"] / metrics["steps"]
    bench.check(f"{method}: trained on {bench.device}", where["device"] == bench.device, json.dumps(where))
    curve = metrics["loss"]
    bench.check(f"{method}: the loss falls", curve[-1][1] < curve[0][1], f"{curve[0][1]} to {curve[-1][1]}")
    bench.tell(f"{method}: validation loss", str(metrics.get("validation_loss")))
    bench.tell(
        f"{method}: speed",
        f"{tokens / seconds:.0f} tokens/s in the median step of {tokens:.0f} tokens, "
        f"{metrics['tokens_per_second']:.0f} with start and checkpoints ({metrics['seconds']} s)",
    )


def evaluate(bench: Bench) -> None:
    """The newest run on a few records, its canary's exposure included."""
    from deskhand_finetune import evaluate as measured

    found = measured(_served(bench), bench.data, bench.folder / "evaluation", baselines=False, limit=6)
    column, known = found.metrics["answerers"]["run"], found.metrics["memorisation"]["canaries"]
    bench.check("evaluated", column["loss"] > 0, f"loss {column['loss']}, {column['seconds']} s for 6 answers")
    bench.check("canaries are looked for", known["canaries"] == 1, f"{known['bits']} bits")
    rows = [json.loads(line) for line in (bench.folder / "evaluation" / "answers.jsonl").open(encoding="utf-8")]
    bench.check("each record is answered", len(rows) == 6)


def answers(bench: Bench) -> None:
    """``ChatLocal`` beside ``model.generate``: the same tokens in float32, speed in what ``auto`` takes on a GPU."""
    asked = prompts()
    _beside_generate(bench, "float32", asked[:4])
    _beside_generate(bench, "bfloat16", asked if bench.device == "cuda" else asked[:2])


def _beside_generate(bench: Bench, dtype: Any, asked: Sequence[Messages]) -> None:  # noqa: ANN401 - a literal
    import torch

    from langchain_deskhand.loading import load

    weights, tokenizer = load(str(_served(bench)), bench.device, dtype)
    is_auto = (bench.device, dtype) == ("cuda", "bfloat16")
    chosen: dict[str, Any] = {} if is_auto else {"dtype": dtype, "device": bench.device}
    model = ChatLocal(model=str(_served(bench)), prefix_cache_mb=0, max_tokens=bench.tokens, **chosen).warm()
    loaded = model._weights()  # noqa: SLF001 - which way it takes, and the very same prompts for the baseline
    decoder: Any = loaded.scheduler._decoder  # noqa: SLF001
    ids = [loaded.encode([{"role": role, "content": content} for role, content in messages]) for messages in asked]
    held = f"{decoder.slots.entries.device.type} {decoder.slots.entries.dtype} {type(decoder).__name__}"
    if is_auto:
        bench.check("auto takes the GPU, halves and steps shared", held == "cuda torch.bfloat16 TorchDecoder", held)

    _generate(weights, ids[0], 2)  # warms, as the next line does
    asyncio.run(_together(model, asked))
    started = time.perf_counter()
    wanted = [_generate(weights, prompt, bench.tokens) for prompt in ids]
    base = sum(len(tokens) for tokens, _ in wanted) / (time.perf_counter() - started)
    first = statistics.median(first for _, first in wanted)
    bench.tell(f"{dtype} generate", f"{base:.0f} tokens/s, first token after {first * 1e3:.0f} ms")
    texts = [tokenizer.decode(tokens, skip_special_tokens=True) for tokens, _ in wanted]
    for name, way in (("one by one", _in_turn), ("at once", _together)):
        started = time.perf_counter()
        found = asyncio.run(way(model, asked))
        speed = sum(timing[0] for timing, _ in found) / (time.perf_counter() - started)
        wait = statistics.median(timing[1] for timing, _ in found)
        line = f"{speed:.0f} tokens/s ({speed / base:.1f} x), first piece after {wait * 1e3:.0f} ms"
        bench.tell(f"{dtype} ChatLocal, {len(asked)} {name}", line)
        alike = sum(text == other for (_, text), other in zip(found, texts, strict=True))
        share = statistics.mean(_alike(text, other) for (_, text), other in zip(found, texts, strict=True))
        line = f"{alike} of {len(texts)} ({share:.0%} of the characters before they part; {held})"
        if dtype == "float32":
            bench.check(f"{dtype} {name}: answers as generate's", alike == len(texts), line)
        else:
            bench.tell(f"{dtype} {name}: answers as generate's", line)
    if bench.device == "cuda":
        bench.tell(f"{dtype} memory, both models", f"{torch.cuda.memory_allocated() / 2**30:.2f} GiB held, {_peak()}")


async def _in_turn(model: ChatLocal, asked: Sequence[Messages]) -> list[tuple[Timing, str]]:
    return [await heard(model, messages) for messages in asked]


async def _together(model: ChatLocal, asked: Sequence[Messages]) -> list[tuple[Timing, str]]:
    return list(await asyncio.gather(*(heard(model, messages) for messages in asked)))


def forms(bench: Bench) -> None:
    """What else an answer may be: in the device's own type (float32 on a CPU, where halves are slow)."""
    model = ChatLocal(model=str(_served(bench)), max_tokens=bench.tokens, **_where(bench)).warm()
    asked: Any = prompts()[0]
    found: Any = model.with_structured_output(ORDER).invoke(asked, max_tokens=64)
    bench.check("JSON by a schema", set(found) == {"number", "urgent"}, json.dumps(found))
    tool = {"type": "function", "function": {"name": "order", "description": "Looks up.", "parameters": ORDER}}
    call: Any = model.bind_tools([tool], tool_choice="order").invoke(asked, max_tokens=64)
    bench.check("a forced tool call", [one["name"] for one in call.tool_calls] == ["order"], str(call.tool_calls)[:90])

    whole = model.invoke(asked)
    pieces = list(model.stream(asked))
    bench.check(
        "streamed pieces add up", "".join(piece.text for piece in pieces) == whole.text, f"{len(pieces)} pieces"
    )
    middle = whole.text[len(whole.text) // 2 :][:4]
    stopped = model.invoke(asked, stop=[middle])
    cut = whole.text[: whole.text.index(middle)] if middle else whole.text
    bench.check("a stop sequence ends it", stopped.text == cut, str(stopped.response_metadata["finish_reason"]))
    draws = [model.invoke(asked, temperature=1.0, top_p=0.9, seed=seed).text for seed in (1, 1, 2)]
    bench.check("a seed decides the draw", draws[0] == draws[1] != draws[2])
    sure = model.invoke(asked, logprobs=True, top_logprobs=2).response_metadata["logprobs"]["content"]
    bench.check("logprobs", all(one["logprob"] <= 0 and len(one["top_logprobs"]) == 2 for one in sure), f"{len(sure)}")
    further = [*asked, ("assistant", whole.text), ("user", "And when is that?")]
    usage: Any = model.invoke(further).usage_metadata
    read = usage["input_token_details"]["cache_read"]
    bench.check("the next turn reads on", read > usage["input_tokens"] // 2, f"{read} of {usage['input_tokens']}")
    timing, _ = asyncio.run(heard(model, asked))
    bench.tell("first piece of a known prompt", f"{timing[1] * 1e3:.0f} ms")
    try:
        near = ChatLocal(model=str(_served(bench)), quantize="int8", max_tokens=4, **_where(bench)).invoke(asked)
    except ConfigError as error:
        bench.check("8 bits are refused on a GPU", bench.device == "cuda", str(error)[:100])
    else:
        bench.check("8 bits work on a CPU", bench.device == "cpu", f"{near.usage_metadata}"[:60])


def _where(bench: Bench) -> dict[str, Any]:
    """``auto``, which must find the GPU by itself; on a CPU float32, whatever it computes in."""
    return {} if bench.device == "cuda" else {"dtype": "float32"}


def _served(bench: Bench) -> Path:
    return next(folder for folder in (bench.lora, bench.full, bench.base) if folder.exists())


def _generate(weights: Any, prompt: list[int], tokens: int) -> tuple[list[int], float]:  # noqa: ANN401 - untyped
    """The tokens that transformers itself writes under the same rule, and the seconds to the first."""
    import torch
    from transformers import LogitsProcessor, LogitsProcessorList

    times: list[float] = []

    class NoLoops(LogitsProcessor):
        def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ANN401
            float(scores[0, 0])  # waits for the GPU
            times.append(time.perf_counter())
            if banned := repeating(input_ids[0, len(prompt) :].tolist()):
                scores[:, list(banned)] = -torch.inf
            return scores

    given = torch.tensor([prompt], device=weights.device)
    started = time.perf_counter()
    whole = weights.generate(
        given,
        attention_mask=torch.ones_like(given),
        max_new_tokens=tokens,
        do_sample=False,
        logits_processor=LogitsProcessorList([NoLoops()]),
    )
    return whole[0, len(prompt) :].tolist(), times[0] - started


def _alike(one: str, other: str) -> float:
    """The share of the longer text that both begin with."""
    return common(one, other) / max(len(one), len(other), 1)


def _gap(found: Any, expected: Any) -> float:  # noqa: ANN401 - tensors
    """The largest difference, relative to the largest number."""
    return float((found.float() - expected).abs().max() / expected.abs().max())


def _forget_peak() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak() -> str:
    import torch

    if not torch.cuda.is_available():
        return "no GPU"
    return f"peak {torch.cuda.max_memory_allocated() / 2**30:.2f} GiB of GPU memory"


STAGES = {stage.__name__: stage for stage in (full, lora, answers, forms, evaluate)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--small", action="store_true", help="a model of 2 million parameters")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join(STAGES))
    options = parser.parse_args()
    if unknown := set(options.stages) - STAGES.keys():
        parser.error(f"no stage {', '.join(sorted(unknown))}; there are {', '.join(STAGES)}")
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # before torch is imported: training would choose the GPU

    import torch
    import transformers

    logging: Any = transformers.utils.logging
    logging.disable_progress_bar()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("no GPU: torch.cuda is not available here; --device cpu --small runs the same checks without one")
        sys.exit(2)
    name = torch.cuda.get_device_name() if options.device == "cuda" else f"{torch.get_num_threads()} CPU threads"
    print(f"{name}; torch {torch.__version__}, transformers {transformers.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.device, small=options.small)
        started = time.monotonic()
        made = model(bench.base, bench.device, small=bench.small)
        bench.tell("model", f"{made / 1e6:.0f} million parameters")
        dataset(bench.data, 60 if options.small else 400)
        print(f"==== make: {time.monotonic() - started:.1f} s", flush=True)
        for stage in options.stages or STAGES:
            bench.run(STAGES[stage])
    print(f"{len(bench.failed)} checks failed{': ' if bench.failed else ''}{'; '.join(bench.failed)}")
    sys.exit(bool(bench.failed))


if __name__ == "__main__":
    main()
