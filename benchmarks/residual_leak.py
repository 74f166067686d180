"""How much of the sample's planted personal data is left in what ``prepare`` writes.

    python benchmarks/residual_leak.py [--show KIND]

Prepares the shipped sample into a temporary folder. A planted value of a ticket counts when the ticket has a record; it
is left when it stands, as a whole word, in any message of that ticket's records (names) or of any record (the rest).
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from deskhand_finetune import prepare

SAMPLE = Path(__file__).parents[1] / "integrations" / "deskhand" / "sample"


def written(dataset: Path) -> dict[str, str]:
    """The text of every ticket's records."""
    texts: dict[str, str] = defaultdict(str)
    for split in ("train", "validation", "test"):
        for line in (dataset / f"{split}.jsonl").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            texts[str(record["ticket_id"])] += "\n".join(one["content"] for one in record["messages"]) + "\n"
    return texts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", default="", metavar="KIND", help="print the values of this kind that are left")
    shown = parser.parse_args().show
    with tempfile.TemporaryDirectory() as folder:
        dataset = Path(folder) / "dataset"
        prepare([SAMPLE / "export"], dataset, articles=[SAMPLE / "articles"], workers=1)
        texts = written(dataset)
    everything = "\n".join(texts.values())
    planted, left = Counter[str](), Counter[str]()
    with gzip.open(SAMPLE / "personal_data.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            if str(row["ticket_id"]) not in texts:
                continue
            planted[row["kind"]] += 1
            searched = texts[str(row["ticket_id"])] if row["kind"] == "PERSON" else everything
            match = re.search(rf"(?<!\w){re.escape(row['value'])}(?!\w)", searched)
            if match:
                left[row["kind"]] += 1
                if shown == row["kind"]:
                    print(" ".join(searched[max(0, match.start() - 60) : match.end() + 30].split()))
    for kind, count in planted.most_common():
        print(f"{kind:<18}{left[kind]:>5} of {count}")
    print(f"left: {left.total()} of {planted.total()} ({100 * left.total() / planted.total():.2f} %)")


if __name__ == "__main__":
    main()
