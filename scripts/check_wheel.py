"""Builds the wheel and uses it with the source away: it must import and carry its data.

python scripts/check_wheel.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("deskhand", "deskhand_finetune", "deskhand_guardrails", "langchain_deskhand")
DATA = (
    "deskhand/sample/export/tickets.json.gz",
    "deskhand/sample/answer_key.json.gz",
    "deskhand/sample/articles/",
    "deskhand/web/templates/",
    "deskhand/web/static/",
    "deskhand/slack/manifest",
    "deskhand_finetune/prepare/first_names.txt",
    "deskhand_finetune/starter/model.safetensors",
    "deskhand_finetune/starter/README.md",
    "deskhand_guardrails/default_policy/config.yml",
    "deskhand_guardrails/models/encoder/model.onnx",
    "deskhand_guardrails/models/grounding/heads.json",
    "deskhand_guardrails/models/guard/model.onnx",
    "deskhand_guardrails/models/guard/guard.json",
    "deskhand_guardrails/monitor/migrations/",
    "deskhand_guardrails/detectors/words/any_desk.toml",
    "deskhand_guardrails/detectors/words/commitments.toml",
    "deskhand_guardrails/presets.yml",
    "deskhand_guardrails/redteam/data/",
)
# Run in isolated mode (-I) from an empty folder, with the unpacked wheel before everything else on the path.
USE = f"""
import sys
wheel = sys.argv[1]
sys.path.insert(0, wheel)
import importlib
for name in {PACKAGES!r}:
    module = importlib.import_module(name)
    assert module.__file__.startswith(wheel), (name, module.__file__)
from deskhand_guardrails import Policy, Rails
from deskhand_finetune.runs import starter_folder
assert str(starter_folder()).startswith(wheel)
verdict = Rails(Policy.load()).check_input("My card is 4111 1111 1111 1111")
assert verdict.decision == "modify" and "4111" not in verdict.text, verdict.decision
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, str(ROOT)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        wheel = next(Path(folder).glob("*.whl"))
        unpacked = Path(folder) / "unpacked"
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            archive.extractall(unpacked)
        missing = [path for path in DATA if not any(name.startswith(path) for name in names)]
        if missing:
            sys.exit(f"the wheel lacks: {', '.join(missing)}")
        subprocess.run([sys.executable, "-I", "-c", USE, str(unpacked)], check=True, cwd=folder)
        print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size / 1e6:.1f} MB, imports and works on its own")


if __name__ == "__main__":
    main()
