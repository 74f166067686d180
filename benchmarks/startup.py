"""How long a user waits for help and imports, beside an empty Python as the baseline of the same run.

    python benchmarks/startup.py

Prints the median of nine runs each, in milliseconds, and the ratio to the baseline.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

CASES = {
    "python, nothing imported": ["-Ic", "pass"],
    "deskhand --help": ["-Im", "deskhand", "--help"],
    "import langchain_deskhand": ["-Ic", "import langchain_deskhand"],
    "from langchain_deskhand import ChatDeskhand": ["-Ic", "from langchain_deskhand import ChatDeskhand"],
    "from langchain_deskhand import DeskhandMiddleware": ["-Ic", "from langchain_deskhand import DeskhandMiddleware"],
    "from langchain_deskhand import ChatLocal": ["-Ic", "from langchain_deskhand import ChatLocal"],
}
RUNS = 9


def milliseconds(arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    for arguments in CASES.values():
        milliseconds(arguments)  # warms the file cache
    taken: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(RUNS):
        for name, arguments in CASES.items():
            taken[name].append(milliseconds(arguments))
    base = statistics.median(next(iter(taken.values())))
    for name, values in taken.items():
        median = statistics.median(values)
        print(f"{name:<46} {median:7.0f} ms   {median / base:5.1f} x")


if __name__ == "__main__":
    main()
