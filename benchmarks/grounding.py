# ruff: noqa: E501 - a pattern or list of words is easier to read on one line than in pieces
"""How many planted wrong figures the grounding check finds, and how often it holds back a faithful answer.

    python benchmarks/grounding.py                       # the sample's articles and reference answers
    python benchmarks/grounding.py --articles FOLDER     # also a folder of Markdown articles

Faithful answers are the sample's English reference answers (paraphrases of their article) and, of a folder of articles,
every sentence that holds a figure, with its passage and the two beside it as the sources. Each of their figures is then replaced by a wrong one
of its kind, one at a time, and the answer is checked again. Wrong figures are drawn with a fixed seed from what the
article does not hold. Prints one line for each kind, and the time of a check.

Claims without a figure are planted too (``planted.py``), in the reference answers (paraphrases all) and in the articles'
own sentences, which is how a model writes that quotes its source: negated, one word turned into its opposite, a claim of
another article, an invented one. The curve says how many are found at other thresholds, by claims alone. The shipped
threshold was set on the reference answers' false alarms; nothing here trained the heads.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from planted import planted

from deskhand_guardrails import Context, Source
from deskhand_guardrails.detectors.claims import claims
from deskhand_guardrails.detectors.figures import Figure, figures
from deskhand_guardrails.detectors.grounding import Grounding
from langchain_deskhand.knowledge.articles import read_article

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "integrations" / "deskhand" / "sample"
SEED = 7
MONTHS_IN_ORDER = "January February March April May June July August September October November December"
MONTHS = MONTHS_IN_ORDER.split()
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
AMOUNTS = frozenset({"EUR", "USD", "GBP", "CHF", "YEN", "cents"})
SPELLED_IN_ORDER = "three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty sixty"
SPELLED = SPELLED_IN_ORDER.split()


def sample() -> Iterator[tuple[str, Context]]:
    """Each kind's reference answers with the article that its wording file names."""
    with gzip.open(SAMPLE / "answer_key.json.gz", "rt", encoding="utf-8") as file:
        kinds = json.load(file)["kinds"]
    for table in sorted((ROOT / "scripts" / "sample" / "words").glob("*.toml")):
        for name, entry in tomllib.loads(table.read_text("utf-8")).items():
            if name in kinds and isinstance(entry, dict) and "article" in entry:
                article = (SAMPLE / "articles" / entry["article"]).with_suffix(".md").read_text("utf-8")
                context = Context(question=kinds[name]["title"], sources=[Source(kinds[name]["title"], article)])
                yield from ((answer, context) for answer in kinds[name]["references"])


def articles(folder: Path) -> Iterator[tuple[str, Context]]:
    """Every sentence with a figure, and the article around it as the source."""
    for path in sorted(folder.rglob("*.md")):
        passages = list(read_article(path))
        for at, passage in enumerate(passages):
            near = passages[max(at - 1, 0) : at + 2]
            context = Context(sources=[Source(one.title, one.text, one.reference) for one in near])
            for sentence in re.split(r"(?<=[.!?])\s+", passage.text):
                if 20 < len(sentence) < 400 and figures(sentence, strict=True):
                    yield sentence, context


def quoted() -> Iterator[tuple[str, Context]]:
    """Two sentences that state something from each section of the sample's articles, with the whole article."""
    for path in sorted((SAMPLE / "articles").glob("*.md")):
        passages = list(read_article(path))
        context = Context(sources=[Source(one.title, one.text, one.reference) for one in passages])
        for passage in passages:
            stated = [passage.text[start:end] for start, end in claims(passage.text)]
            if stated:
                yield " ".join(stated[:2]), context


def wrong(text: str, figure: Figure, held: set[str], rng: random.Random) -> str | None:
    """``text`` with ``figure`` replaced by another of its kind, whose text the context does not hold."""
    written = text[figure.start : figure.end]
    if figure.kind == "range" or re.match(r"(?:an?|half)\b", written):
        return None
    for _ in range(20):
        fresh = _other(written, figure, rng)
        if fresh != written and not any(re.search(rf"(?<!\w){re.escape(fresh)}(?!\w)", one, re.I) for one in held):
            return text[: figure.start] + fresh + text[figure.end :]
    return None


def _other(written: str, figure: Figure, rng: random.Random) -> str:
    if figure.kind == "link":
        return written.rstrip("/") + rng.choice(["/help-desk", "/old", "/login", "/start.php"])
    if figure.kind == "email":
        return rng.choice(["info", "office", "contact"]) + "." + written
    if figure.kind == "weekday":
        return rng.choice(DAYS)
    month = re.search("|".join(MONTHS), written) if figure.kind == "date" else None
    if month and (rng.random() < 0.5 or not re.search(r"\d", written)):
        return written.replace(month.group(), rng.choice(MONTHS))
    if not re.search(r"\d", written):
        return "seven in the morning" if figure.kind == "time of day" else rng.choice(SPELLED)
    at = rng.choice([match.start() for match in re.finditer(r"\d", written)])
    return written[:at] + rng.choice("123456789") + written[at + 1 :]


def measure(name: str, pairs: list[tuple[str, Context]], *, show: bool) -> None:
    """Prints false alarms on the faithful answers, and by kind how many of their planted errors are found."""
    rng = random.Random(SEED)
    grounding = Grounding()
    alarms: Counter[bool] = Counter()
    for text, context in pairs:
        found = grounding.detect(text, context)
        alarms[bool(found)] += 1
        if show and found:
            print(f"  flagged {[text[one.start : one.end] for one in found]} in {text!r}")
    planted: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    started, checks = time.perf_counter(), 0
    for text, context in pairs:
        held = {context.question, *(source.text for source in context.sources)}
        for figure in figures(text, strict=True):
            changed = wrong(text, figure, held, rng)
            if changed is None:
                continue
            kind = "price" if figure.kind in AMOUNTS else figure.kind
            kind = kind if kind in ("link", "email", "date", "weekday", "id", "price", "time of day") else "number"
            planted[kind] += 1
            found = [one for one in grounding.detect(changed, context) if one.label == "unsupported_figure"]
            seen = any(one.start < figure.end + 8 and figure.start < one.end for one in found)
            caught[kind] += seen
            if show and not seen:
                print(f"  missed {figure.kind}: {text[figure.start : figure.end]!r} -> {changed!r}")
            checks += 1
    took = 1000 * (time.perf_counter() - started) / max(checks, 1)
    print(
        f"{name}: {len(pairs)} faithful answers, {alarms[True] / max(len(pairs), 1):.3f} flagged; {took:.2f} ms a check"
    )
    for kind in sorted(planted):
        print(f"  planted {kind}: {planted[kind]}, caught {caught[kind] / planted[kind]:.3f}")
    print(f"  planted in all: {planted.total()}, caught {caught.total() / max(planted.total(), 1):.4f}")


def measure_claims(name: str, pairs: list[tuple[str, Context]], *, show: bool) -> None:
    """Prints how many planted claims are found at the shipped threshold, and a curve of other thresholds."""
    rng = random.Random(SEED)
    grounding = Grounding()
    started, right = time.perf_counter(), []
    for text, context in pairs:
        right.append(_claims_score(grounding, text, context))
    took = 1000 * (time.perf_counter() - started) / max(len(pairs), 1)
    answers: dict[str, list[str]] = {}
    for text, context in pairs:
        answers.setdefault(context.sources[0].text, []).append(text)
    scores: dict[str, list[float]] = {}
    for text, context in pairs:
        others = [one for source, held in answers.items() if source != context.sources[0].text for one in held]
        for kind, changed in planted(text, others, rng):
            score = _claims_score(grounding, changed, context)
            scores.setdefault(kind, []).append(score)
            if show and score < grounding.threshold:
                print(f"  missed {kind}: {changed!r}")
    print(f"{name}: {len(pairs)} right answers, claims only; {took:.2f} ms a check")
    for threshold in (0.2, 0.35, grounding.threshold, 0.65, 0.8):
        shares = ", ".join(f"{kind} {_share(held, threshold):.3f}" for kind, held in sorted(scores.items()))
        print(f"  at {threshold}: flagged {_share(right, threshold):.4f}; found {shares}")
    print("  planted: " + ", ".join(f"{kind} {len(held)}" for kind, held in sorted(scores.items())))


def _claims_score(grounding: Grounding, text: str, context: Context) -> float:
    return max((score for *_, score in grounding.judged(text, context)), default=0.0)


def _share(scores: list[float], threshold: float) -> float:
    return sum(score >= threshold for score in scores) / max(len(scores), 1)


def main() -> None:
    """Measures the sample, and the folders that are given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=Path, action="append", default=[], help="folder of Markdown articles")
    parser.add_argument("--show", action="store_true", help="print what was missed and what was flagged")
    arguments = parser.parse_args()
    measure("sample", list(sample()), show=arguments.show)
    measure_claims("sample, paraphrased", list(sample()), show=arguments.show)
    measure_claims("sample, quoted", list(quoted()), show=arguments.show)
    for folder in arguments.articles:
        measure(folder.name, list(articles(folder)), show=arguments.show)


if __name__ == "__main__":
    main()
