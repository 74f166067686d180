"""What the default policy costs (a turn, a conversation, memory, start, a stream) beside NeMo's and Presidio's own.

    python benchmarks/guardrails.py [--turns 100000] [--minutes 8] [--only turn,conversation,memory,start,stream]

A turn is one ``check_input`` and one ``check_output`` of texts that no cache has seen. Figures are processor time of
the whole process in milliseconds (p50 / p95), which a busy machine disturbs least, and in brackets the time that
passed; the machine is printed first. Baselines of the same run and the same texts, input and output:

- NeMo's own rails that need neither a language model nor a download: regex on both sides, YARA injection detection;
- Presidio's ``AnalyzerEngine`` with its ``no_op`` engine and all its predefined recognisers;
- the guard model alone, once on each text: what our checks cannot go below.

``memory`` checks short turns until there were enough or the minutes are over, and prints the resident memory.
``stream`` reads an answer in tokens as a model writes it; its baseline checks all that is written at every sentence.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from stock import presidio_engine

from deskhand_guardrails import Context, Policy, Pseudonyms, Rails, Source
from deskhand_guardrails.guard import Guard
from deskhand_guardrails.sentences import sentences

SHORT = ("Hi, where is my order 10023? It was due {} {}.", "It is on its way and will be there very {} {}.")
LONG = (
    "Hello {}, I ordered a pair of headphones two weeks ago, order FH-209310. The parcel was marked as delivered, but "
    "nothing ever arrived at my door. I have asked my neighbours and the caretaker, and nobody has seen it. Could you "
    "please check with the carrier where it is, or send me a new one? You can reach me at anna.k@mail.example or by "
    "phone on +44 20 7946 0958. I would also like to know how long a refund {} takes if the parcel stays lost. Anna",
    "I am {} sorry that your parcel has not arrived. I have looked at the tracking page, and the carrier says that it "
    "was handed to a neighbour. Please ask them once more, and check the entrance and the parcel box of your house. If "
    "it does not turn up, write to us and we will {} open an investigation with the carrier for you. As soon as they "
    "confirm the loss, you can choose between a new pair of headphones and your money back, within 30 days. Good luck.",
)
# What the answers say and little else: the sources of a model that answers from them.
SOURCES = [Source("On its way", SHORT[1].format("", "")), Source("Lost parcels", LONG[1].format("", ""))]
# Words that neither promise a day nor turn a sentence into its opposite.
WORDS = (
    "calmly kindly quickly slowly clearly surely gladly simply mostly partly fully truly warmly safely neatly gently "
    "firmly openly plainly smoothly properly correctly carefully quietly politely tidily"
)
YAML = """
models: []
rails:
  config:
    regex_detection:
      input: {patterns: ['(?i)ignore (all|any|previous) .*instructions', '(?:[0-9]{4}[ -]?){4}']}
      output: {patterns: ['(?i)system prompt', 'sk-[A-Za-z0-9]{20,}']}
    injection_detection: {injections: [code, sqli, template, xss], action: reject}
  input: {flows: [regex check input]}
  output: {flows: [regex check output, injection detection]}
"""
# More than the guard model remembers, so that no text is known when it comes again.
PAIRS = itertools.cycle((one, f"{two} {three}") for one, two, three in itertools.product(WORDS.split(), repeat=3))

Turn = Callable[[str, str], object]


def varied(texts: tuple[str, str]) -> tuple[str, str]:
    """Texts that nobody has read yet, or not for long."""
    return texts[0].format(*next(PAIRS)), texts[1].format(*next(PAIRS))


def passes(rails: Rails, asked: str, answered: str) -> bool:
    """Whether neither text of a turn is stopped: the checks after one that stops are not asked, and cost nothing."""
    context = Context(pseudonyms=Pseudonyms(), question=asked, sources=SOURCES)
    return rails.check_input(asked, context).passed and rails.check_output(answered, context).passed


def ours(rails: Rails) -> Turn:
    def turn(asked: str, answered: str) -> None:
        assert passes(rails, asked, answered)

    return turn


def stock_nemo() -> Turn:
    os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"] = "1"
    logging.getLogger("nemoguardrails").setLevel(logging.CRITICAL)
    from nemoguardrails import LLMRails, RailsConfig
    from nemoguardrails.rails.llm.options import RailType

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    rails = LLMRails(RailsConfig.from_content(yaml_content=YAML))

    def turn(asked: str, answered: str) -> None:
        messages = [{"role": "user", "content": asked}]
        loop.run_until_complete(rails.check_async(messages, rail_types=[RailType.INPUT]))
        messages.append({"role": "assistant", "content": answered})
        loop.run_until_complete(rails.check_async(messages, rail_types=[RailType.OUTPUT]))
        rails.events_history_cache.clear()

    return turn


def stock_presidio() -> Turn:
    engine = presidio_engine()
    return lambda asked, answered: [engine.analyze(text=text, language="en") for text in (asked, answered)]


def model_alone() -> Turn:
    guard = Guard.shipped()
    return lambda asked, answered: [guard.windows(text) for text in (asked, answered)]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of processor time, and that passed."""
    passed, used = time.perf_counter(), time.process_time()
    work()
    return (time.process_time() - used) * 1000, (time.perf_counter() - passed) * 1000


def p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def cost_of_a_turn(rails: Rails) -> None:
    turns = {
        "default policy": ours(rails),
        "guard model alone": model_alone(),
        "stock NeMo rails": stock_nemo(),
        "stock Presidio": stock_presidio(),
    }
    for texts, rounds in ((SHORT, 200), (LONG, 100)):
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in turns}
        for turn in turns.values():
            turn(*varied(texts))
        for _ in range(rounds):  # in turns, so that a busy moment hits all of them
            for name, turn in turns.items():
                asked, answered = varied(texts)
                taken[name].append(timed(partial(turn, asked, answered)))
        asked, answered = varied(texts)
        print(f"\na turn, {len(asked)} + {len(answered)} characters: processor ms p50 / p95 (passed), ratio to ours")
        base = statistics.median(used for used, _ in taken["default policy"])
        for name, values in taken.items():
            used, passed = [one for one, _ in values], [one for _, one in values]
            middle = statistics.median(used)
            print(
                f"  {name:<20}{middle:7.1f} /{p95(used):6.1f}   ({statistics.median(passed):6.1f} /{p95(passed):6.1f})"
                f"   {middle / base:5.2f} x"
            )
            if name == "default policy" and texts is SHORT:
                print(f"  {'':<20}{1000 / statistics.fmean(used):7.0f} turns a second on one core")


def conversation(rails: Rails) -> None:
    """Forty turns with one customer, all earlier ones in the context."""
    by_turn: list[list[float]] = [[] for _ in range(40)]
    for _ in range(8):
        pseudonyms, earlier = Pseudonyms(), list[str]()
        for number, taken in enumerate(by_turn):
            asked = f"And order {20_000 + number}? I am at user{number}@mail.example, waiting {' '.join(next(PAIRS))}."
            answered = f"It will be there {' '.join(next(PAIRS))}, within 30 days at the latest."
            context = Context(pseudonyms=pseudonyms, question=asked, sources=SOURCES, conversation=tuple(earlier))
            used, _ = timed(partial(rails.check_input, asked, context))
            taken.append(used + timed(partial(rails.check_output, answered, context))[0])
            earlier += [asked, answered]
    middles = [statistics.median(taken) for taken in by_turn]
    print("\na conversation of 40 turns, processor ms a turn (p50 of 8 conversations)")
    for first in range(0, 40, 10):
        print(f"  turns {first + 1:>2} to {first + 10:<2}{statistics.median(middles[first : first + 10]):7.1f}")


def in_status(status: str, name: str) -> float:
    """A size in the text of ``/proc/PID/status``, in MB: ``VmRSS`` is resident memory, ``VmHWM`` the most it was."""
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"no {name} in /proc/self/status")
    return int(found[1]) / 1024


def resident() -> float:
    """Resident memory of this process in MB."""
    return in_status(Path("/proc/self/status").read_text(), "VmRSS")


def memory(rails: Rails, turns: int, minutes: float) -> None:
    started, stopped = time.perf_counter(), 0
    print(
        f"\nresident memory over short turns ({turns:,} or {minutes:g} minutes), torch loaded: {'torch' in sys.modules}"
    )
    steps = {100, 1000, 2000, *range(5000, turns + 1, 5000), turns}
    for number in range(1, turns + 1):
        # A number makes every text new; names, addresses and orders are the customer's of this turn.
        asked = f"Hi, where is order {100_000 + number}? I am Ann Lee{number}, user{number}@mail.example."
        stopped += not passes(rails, asked, SHORT[1].format(*next(PAIRS)))
        over = time.perf_counter() - started > minutes * 60
        if number in steps or over:
            each = (time.perf_counter() - started) / number * 1000
            print(
                f"  {number:>7,} turns {resident():7.1f} MB  {each:6.1f} ms a turn passed, {stopped} stopped",
                flush=True,
            )
        if over:
            break


def start() -> None:
    here = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import guardrails as b; "
    cases = {
        "python": "pass",
        "default policy": "from deskhand_guardrails import Policy, Rails; Rails(Policy.load()).warm()",
        "stock NeMo rails": here + "b.stock_nemo()",
        "stock Presidio": here + "b.stock_presidio()",
    }
    print("\nstart of a fresh process until ready: processor s, passed s, peak MB (least of 3)")
    # Not ru_maxrss: a child that is forked before it is replaced inherits it from this large process.
    after = "; import os; t = os.times(); print('\\nseconds', t.user + t.system, open('/proc/self/status').read())"
    for name, code in cases.items():
        seen = []
        for _ in range(3):
            began = time.perf_counter()
            said = subprocess.run(
                [sys.executable, "-c", code + after], capture_output=True, text=True, check=True
            ).stdout
            passed = time.perf_counter() - began
            used, status = said.rsplit("\nseconds ", 1)[1].split(" ", 1)
            seen.append((float(used), passed, in_status(status, "VmHWM")))
        print(f"  {name:<20}" + "".join(f"{min(column):8.2f}" for column in zip(*seen, strict=True)))


def stream(rails: Rails, tokens_a_second: float = 50.0) -> None:
    print(
        "\na streamed answer: first sentence checked (processor ms p50), all of it (processor ms), the old way, ratio"
    )
    for parts in (1, 4, 12):
        first, whole, prefixes = [], [], []
        for _ in range(5):
            answer = " ".join(varied(LONG)[1] for _ in range(parts))
            tokens = [answer[at : at + 4] for at in range(0, len(answer), 4)]
            guarded = rails.guard_stream(tokens, Context(pseudonyms=Pseudonyms(), sources=SOURCES))
            first.append(timed(partial(next, guarded))[0])
            whole.append(first[-1] + timed(partial(list, guarded))[0])
            again = " ".join(varied(LONG)[1] for _ in range(parts))
            prefixes.append(timed(partial(by_prefix, rails, again))[0])
        ours_, old = statistics.median(whole), statistics.median(prefixes)
        at_once = len(answer) / 4 / tokens_a_second * 1000 / ours_
        print(
            f"  {len(answer):>5} characters: first {statistics.median(first):5.1f}, all {ours_:7.1f}, old way {old:.1f}"
            f" ({ours_ / old:4.2f} x); {at_once:3.0f} streams of {tokens_a_second:g} tokens/s on a core"
        )
    answer, at, late = varied(LONG)[1], 0, []
    began = time.perf_counter()
    for piece in rails.guard_stream(slowly(answer, tokens_a_second), Context(sources=SOURCES)):
        at += len(piece)
        # A sentence is over when the next one's first character has come.
        late.append((time.perf_counter() - began - min(at // 4 + 1, len(answer) / 4) / tokens_a_second) * 1000)
    rate = len(answer) / 4 / (time.perf_counter() - began)
    middle = statistics.median(late)
    print(f"  in real time: {rate:.1f} tokens/s; a sentence leaves {middle:.0f} ms after its end (p50 passed)")


def by_prefix(rails: Rails, answer: str) -> None:
    """All that is written, checked at every sentence's end."""
    for _, end in sentences(answer):
        rails.check_output(answer[:end], Context(pseudonyms=Pseudonyms(), sources=SOURCES))


def slowly(answer: str, tokens_a_second: float) -> Iterator[str]:
    """Four characters for a token, each when it is due."""
    began = time.perf_counter()
    for number, at in enumerate(range(0, len(answer), 4), start=1):
        time.sleep(max(0.0, began + number / tokens_a_second - time.perf_counter()))
        yield answer[at : at + 4]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--turns", type=int, default=100_000, help="short turns to watch the memory over")
    parser.add_argument("--minutes", type=float, default=8, help="and for how long at most")
    parser.add_argument("--only", default="turn,conversation,stream,start,memory", help="parts to run")
    chosen = parser.parse_args()
    parts = chosen.only.split(",")
    cpu = [line.partition(":")[2].split() for line in Path("/proc/cpuinfo").read_text().splitlines()]
    known = {word for words in cpu for word in words}
    print(" ".join(cpu[4]), *(one for one in ("avx2", "avx512_vnni") if one in known))
    rails = Rails(Policy.load())
    rails.warm()
    if "turn" in parts:
        cost_of_a_turn(rails)
    if "conversation" in parts:
        conversation(rails)
    if "stream" in parts:
        stream(rails)
    if "start" in parts:
        start()
    if "memory" in parts:
        memory(rails, chosen.turns, chosen.minutes)


if __name__ == "__main__":
    main()
