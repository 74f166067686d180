"""Puts a pretrained model into the package: weights in bfloat16, the tokenizer, and the model card.

    python scripts/starter/publish.py --model DIR [--data DIR]

Measures what the card states: loss and copied openings on the held-out data set, with the weights as they are shipped.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from corpus import HELD_OUT, read_corpus
from exercises import Exercises
from pretrain import SEED, held_out_exercises, measure

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "finetune" / "deskhand_finetune" / "starter"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    STARTER.mkdir(exist_ok=True)
    model = LlamaForCausalLM.from_pretrained(options.model, dtype=torch.bfloat16)
    model.save_pretrained(STARTER)
    for name in TOKENIZER_FILES:
        shutil.copy(options.model / name, STARTER / name)

    shipped = LlamaForCausalLM.from_pretrained(STARTER, dtype=torch.float32)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(STARTER)
    corpus = read_corpus(options.data)
    loss, copied = measure(shipped, held_out_exercises(corpus.held_out, Exercises(corpus, tokenizer, SEED)))
    size = (STARTER / "model.safetensors").stat().st_size / 1e6
    card = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    figures = {
        "PARAMETERS": f"{shipped.num_parameters() / 1e6:.1f}",
        "SIZE": f"{size:.0f}",
        "HELD_OUT": HELD_OUT,
        "LOSS": f"{loss:.2f}",
        "COPIED": f"{copied:.0%}",
    }
    for name, value in figures.items():
        card = card.replace(f"{{{name}}}", value)
    (STARTER / "README.md").write_text(card, encoding="utf-8")
    print(f"{STARTER.relative_to(ROOT)}: {size:.0f} MB, held-out loss {loss:.3f}, copied openings {copied:.1%}")


if __name__ == "__main__":
    main()
