"""How often the topic check refuses what a desk is asked, and how much else it finds.

    python benchmarks/topic.py DATASET OFF_TOPIC.jsonl[.gz]

Learns from the dataset's training and validation parts as ``deskhand policy topics`` does, then checks the customers'
messages of the test part (false alarms) and the ``text`` of each line of the other file, grouped by its ``source``
(detection). Lines whose ``label`` is small talk, or is asked of any shop, are left out. Prints shares with their 95 %
intervals and the time of a check beside the encoder's pass.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from deskhand.cli.policy import asked, customers
from deskhand_finetune.dataset import Dataset
from deskhand_guardrails import Context, Encoder
from deskhand_guardrails.detectors.topic import Topic
from deskhand_guardrails.redteam.figures import wilson
from deskhand_guardrails.topics import Topics

SEED = 5
MOST = 600

# CLINC150's intents that any desk hears, or that are small talk.
SHARED = frozenset(
    "greeting thank_you goodbye yes no maybe repeat cancel order_status order are_you_a_bot what_can_i_ask_you"  # noqa: SIM905
    " who_do_you_work_for what_is_your_name change_language".split()
)
# Its intents of banks and card companies: another desk's customers, not something strange.
DESKS = frozenset(
    "replacement_card_duration expiration_date damaged_card improve_credit_score report_lost_card card_declined"  # noqa: SIM905
    " credit_limit_change apr redeem_rewards credit_limit rewards_balance application_status credit_score"
    " new_card international_fees freeze_account routing pin_change bill_due pay_bill account_blocked interest_rate"
    " min_payment bill_balance transfer order_checks balance spending_history transactions report_fraud"
    " cancel_reservation lost_luggage".split()
)


def strange(path: Path) -> dict[str, list[str]]:
    """Up to ``MOST`` texts of each group."""
    groups: dict[str, list[str]] = defaultdict(list)
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for record in map(json.loads, content.splitlines()):
        label = record.get("label")
        if label not in SHARED:
            kind = "another desk's" if label in DESKS or record["source"] != "clinc150" else "strange"
            groups[f"{record['source']}, {kind}"].append(record["text"])
    for texts in groups.values():
        random.Random(SEED).shuffle(texts)
    return {name: texts[:MOST] for name, texts in groups.items()}


def share(topic: Topic, texts: Iterable[str]) -> dict[str, float | int]:
    """How many are found."""
    every = list(texts)
    return wilson(sum(bool(topic.detect(text, Context())) for text in every), len(every))


def main() -> None:
    """Learns, checks and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("off_topic", type=Path)
    options = parser.parse_args()
    older, newer = asked(options.dataset)
    topic = Topic(Topics.learn(older, newer, Encoder.shipped()), Encoder.shipped())
    records = list(Dataset.open(options.dataset).records("test"))
    opening = list(dict.fromkeys(customers(record)[0] for record in records))
    print(f"learnt from {len(older)} and {len(newer)} messages; off topic from {topic.threshold:g}")
    print(f"false alarms, test part, first messages: {share(topic, opening)}")
    print(f"false alarms, test part, their first lines alone: {share(topic, {one.splitlines()[0] for one in opening})}")
    for name, texts in sorted(strange(options.off_topic).items()):
        print(f"found, {name}: {share(topic, texts)}")
    fresh = [f"{text} " for text in opening[:100]]
    began = time.thread_time()
    Encoder.shipped().encode(fresh)
    one_pass = 1000 * (time.thread_time() - began) / len(fresh)
    began = time.thread_time()
    for text in fresh:
        topic.detect(text, Context())
    after = 1000 * (time.thread_time() - began) / len(fresh)
    print(f"a check after the encoder's pass {after:.2f} ms; the pass {one_pass:.2f} ms")


if __name__ == "__main__":
    main()
