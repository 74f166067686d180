"""``prepare``: export(s) to dataset folder, step by step.

::

    tickets -> clean, redact (all cores) -> answers -> fold -> split -> sources -> records -> dataset folder

The folder is built as ``OUT.partial`` and renamed when it is whole. What was cleaned there is not cleaned again when
the inputs and settings are the same, even if the run was killed (``checkpoint``), and a finished OUT of the same inputs
and settings is left as it is. Neither stage holds texts in memory: of a ticket some hundred bytes stay (``spool``).
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path

from deskhand_finetune.dataset import REPORT
from deskhand_finetune.disk import disk_errors, fingerprint, put_in_place, refuse_foreign
from deskhand_finetune.prepare.articles import read_articles
from deskhand_finetune.prepare.build import build
from deskhand_finetune.prepare.checkpoint import Checkpoint
from deskhand_finetune.prepare.clean import Rules, clean_tickets
from deskhand_finetune.prepare.code import code_fingerprint
from deskhand_finetune.prepare.engines import Engine, EngineName, engine_of
from deskhand_finetune.prepare.identity import distinct
from deskhand_finetune.prepare.plan import STAGE_FILES, Plan
from deskhand_finetune.prepare.report import PrepareReport
from deskhand_finetune.prepare.substitutes import require_faker
from deskhand_finetune.tickets import Options, open_export
from deskhand_guardrails.errors import InputError
from deskhand_guardrails.policy import DEFAULT_FOLDER, Policy
from deskhand_guardrails.processes import cores
from deskhand_guardrails.progress import Track, quiet


def prepare(
    exports: Sequence[str | Path],
    out: str | Path,
    *,
    policy: Policy | None = None,
    articles: Sequence[str | Path] = (),
    format: str | None = None,  # noqa: A002 - the option's name
    reading: Options | None = None,
    workers: int | None = None,
    engine: EngineName = "local",
    track: Track = quiet,
    seed: int = 0,
    notes: bool = False,
    substitutes: bool | None = None,
    despite_leaks: bool = False,
    canaries: int = 0,
) -> PrepareReport:
    """Turns ticket exports into a dataset folder.

    Args:
        exports: files or folders, see ``open_export``.
        out: the folder to write; one that holds something else is refused.
        policy: its own contact data stays, its detectors that mask are asked, and ``training_data`` holds the limit of
            what may be left. All personal data and secrets are replaced whatever it says about conversations: a policy
            may let an order number pass to the model, training data may not hold it.
        articles: folders of Markdown help articles, used as sources beside the tickets.
        format: the help desk's name, to read the exports as that without looking.
        reading: what the exports do not say themselves, such as the columns of a table or who answers.
        workers: processes for cleaning and redacting; None takes every core. The result is the same.
        engine: ``ray`` cleans and redacts on a Ray cluster, see ``cluster``. The result is the same.
        track: shows progress.
        seed: of the draws (hand-overs, order of sources, substitutes).
        notes: puts internal notes into the prompts, as notes; they never enter otherwise.
        substitutes: realistic values in place of placeholders; None leaves it to the policy.
        despite_leaks: writes the dataset even if a second look finds more left than the policy allows.
        canaries: so many made-up tickets are planted in training, to measure what a model keeps (``canaries``).

    Raises:
        InputError: an input cannot be used, nothing is left to learn from, or too much personal data may be left.
        ConfigError: substitutes were asked for and Faker is not installed, ``ray`` and Ray is not, or too many
            canaries.
        UnavailableError: the disk is full, the encoder is missing, or the cluster fails.
    """
    started = time.monotonic()
    policy = policy or Policy.load()
    if substitutes is None:
        substitutes = policy.settings.training_data.substitutes
    if substitutes:
        require_faker()
    rules = Rules(None if policy.folder == DEFAULT_FOLDER else policy.folder, policy.digest, notes, substitutes, seed)
    how = (format, reading or Options())
    plan = _plan(exports, Path(out), policy, articles, how, workers, track, rules, despite_leaks, canaries)
    finished = _finished(plan)
    if finished is not None:
        return finished
    with disk_errors(plan.out):
        plan.partial.mkdir(parents=True, exist_ok=True)
        _clean(plan, engine_of(engine, workers))
        report = build(plan, started)
        for name in STAGE_FILES:
            (plan.partial / name).unlink(missing_ok=True)
        put_in_place(plan.partial, plan.out)
    return report


def _plan(
    exports: Sequence[str | Path],
    out: Path,
    policy: Policy,
    articles: Sequence[str | Path],
    how: tuple[str | None, Options],
    workers: int | None,
    track: Track,
    rules: Rules,
    despite_leaks: bool,
    canaries: int,
) -> Plan:
    if not exports:
        raise InputError("no export was named; run: deskhand prepare EXPORT --out DATASET")
    refuse_foreign(out, REPORT, "dataset")
    opened = tuple(open_export(export, how[0], options=how[1]) for export in exports)
    folders = tuple(Path(folder) for folder in articles)
    read_articles(folders)
    files = [file for export in opened for file in export.files]
    beside = sorted({user for file in files for user in file.parent.glob("users*.json*")})
    texts = sorted(file for folder in folders for file in ([folder] if folder.is_file() else folder.rglob("*.md")))
    told = (how[0], how[1].key, policy.digest, rules.seed, rules.notes, rules.substitutes, canaries)
    key = fingerprint(code_fingerprint(), *told, files=[*files, *beside, *texts])
    return Plan(
        exports=opened,
        articles=folders,
        out=out,
        policy=policy.digest,
        workers=workers or cores(),
        seed=rules.seed,
        rules=rules,
        most_copies=policy.settings.training_data.most_copies,
        residual_limit=policy.settings.training_data.residual_limit,
        despite_leaks=despite_leaks,
        canaries=canaries,
        fingerprint=key,
        track=track,
    )


def _finished(plan: Plan) -> PrepareReport | None:
    """The report of OUT, when it was made from the same inputs and settings."""
    path = plan.out / REPORT
    if not path.exists():
        return None
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        is_same = held["fingerprint"] == plan.fingerprint
        return PrepareReport.from_json(held, str(plan.out)) if is_same else None
    except (ValueError, KeyError, TypeError):
        return None


def _clean(plan: Plan, engine: Engine) -> None:
    """First stage: every ticket cleaned and redacted, into the partial folder."""
    held = Checkpoint(plan.partial, plan.fingerprint)
    if held.is_done:
        return
    tickets = islice(distinct(chain.from_iterable(plan.exports)), held.tickets, None)
    cleaned = engine(partial(clean_tickets, rules=plan.rules), tickets)
    # Known when the exports are read to their ends, and so a generator.
    unreadable = (bad for export in plan.exports for bad in export.quarantined)
    held.add(plan.track(cleaned, "cleaning and redacting"), unreadable)
