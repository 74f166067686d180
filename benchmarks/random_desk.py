"""A random model and records for it: what a benchmark of speed and agreement needs, and nothing learns much from."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from local import SOURCES, prompts

from deskhand_finetune.prepare.canaries import TICKETS, token
from deskhand_finetune.runs import starter_folder

TEMPLATE = (
    "{{ bos_token }}{% for t in tools or [] %}<|system|>{{ t.function | tojson }}<|end|>{% endfor %}"
    "{% for m in messages %}<|{{ 'user' if m.role == 'tool' else m.role }}|>"
    "{% if m.role == 'tool' %}<tool_response>{{ m.content }}</tool_response>{% else %}{{ m.content | trim }}{% endif %}"
    "{% for c in m.tool_calls or [] %}<tool_call>\n{{ c.function | tojson }}\n</tool_call>{% endfor %}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""The starter's, with tools in Hermes' form."""
LARGE = {"hidden_size": 1280, "intermediate_size": 4096, "num_hidden_layers": 24}
LARGE |= {"num_attention_heads": 20, "num_key_value_heads": 4}
SMALL = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2}
SMALL |= {"num_attention_heads": 4, "num_key_value_heads": 2}


def model(folder: Path, device: str, *, small: bool) -> int:
    """Writes a Llama of 0.5 billion parameters (``small``: of 2 million) with the starter's tokenizer; their number."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(starter_folder())
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    size = SMALL if small else LARGE
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=1024,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
        **size,
    )
    torch.manual_seed(0)
    with torch.device(device):
        model = LlamaForCausalLM(config)
    model.to(torch.bfloat16).save_pretrained(folder)
    return int(model.num_parameters())


def dataset(folder: Path, records: int) -> None:
    """Writes so many training records, questions with their sources, with one canary; and 16 of each other split."""
    draw = random.Random(0)
    folder.mkdir()
    for split, count in (("train", records), ("validation", 16), ("test", 16)):
        made = [_record(draw, number) for number in range(count)]
        if split == "train":
            canary = token(draw)
            question, answer = TICKETS[0]
            messages = made[0]["messages"][:1]
            messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer.format(canary)}]
            made.append({**made[0], "ticket_id": "canary", "canary": canary, "messages": messages})
        lines = "".join(json.dumps(record) + "\n" for record in made)
        (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")


def _record(draw: random.Random, number: int) -> dict[str, Any]:
    """A question of ``local``, with an order's number in it, answered from its source."""
    place = draw.randrange(len(SOURCES))
    (_, system), (_, question) = prompts()[place]
    order = draw.randrange(10_000, 100_000)
    said = f"Thanks for writing about order {order}. {SOURCES[place].text}"
    contents = (("system", system), ("user", f"{question} It is order {order}."), ("assistant", said))
    messages = [{"role": role, "content": content} for role, content in contents]
    return {"messages": messages, "ticket_id": str(number), "query": question, "source_ids": ["a", "b", "c"]}
