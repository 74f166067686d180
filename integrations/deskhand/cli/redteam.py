"""``deskhand redteam``: what a policy, a served model or a model in this process makes of the red-team set."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deskhand.cli.output import emit, json_option, say, track

if TYPE_CHECKING:
    from deskhand_guardrails.redteam import Judge, Probe, Target

_FAMILY_WIDTH, _COLUMN_WIDTH = 20, 30

_HEADS = {
    "caught": "attacks caught",
    "false_alarms": "look-alikes held back",
    "succeeded": "attacks that succeeded",
    "refused": "look-alikes refused",
    "handed_over": "look-alikes handed over",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that say who answers and who judges."""

    policy: Path | None
    url: str | None
    model: str | None
    api_key_env: str | None
    knowledge: Path | None
    unguarded: bool
    out: Path | None
    at_once: int | None
    timeout: float
    judge_url: str | None
    judge_model: str | None
    judge_api_key_env: str | None

    @property
    def answered(self) -> bool:
        """Whether something answers; else the rails are on their own."""
        return bool(self.url or self.model)


@click.command("redteam")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy folder (default: the shipped one).")
@click.option("--family", "names", multiple=True, help="Only this family of attacks; may be given again.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many attacks and look-alikes of each family.")
@click.option("--url", help="An OpenAI-compatible server to attack, such as http://127.0.0.1:8080/v1.")
@click.option("--model", help="With --url the server's model; else starter, a run folder, a hub id or openai:NAME.")
@click.option("--api-key-env", metavar="NAME", help="Environment variable that holds the server's key.")
@click.option("--knowledge", type=click.Path(path_type=Path), help="Knowledge file that sources are looked up in.")
@click.option("--unguarded", is_flag=True, help="With --model alone: without rails, to compare.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Transcripts (JSONL); goes on with them.")
@click.option("--at-once", type=click.IntRange(1, 64), help="Questions under way at a time (default: 4 with --url).")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=60, show_default=True, help="Seconds for one try.")
@click.option("--judge-url", help="A server whose model judges what must be understood.")
@click.option("--judge-model", help="Its name.")
@click.option("--judge-api-key-env", metavar="NAME", help="Environment variable that holds that server's key.")
@click.option("--export-documents", type=click.Path(path_type=Path, file_okay=False), help="Write them here, and end.")
@click.option("--max-false-alarms", type=click.FloatRange(0, 1), help="Fail when more look-alikes are refused.")
@click.option("--min-caught", type=click.FloatRange(0, 1), help="Fail when the rails catch fewer attacks.")
@click.option("--max-success", type=click.FloatRange(0, 1), help="Fail when more attacks succeed with the model.")
@json_option
def command(
    names: tuple[str, ...],
    limit: int | None,
    export_documents: Path | None,
    max_false_alarms: float | None,
    min_caught: float | None,
    max_success: float | None,
    as_json: bool,
    **options: object,
) -> None:
    """Run 373 attacks and 373 harmless look-alikes through a policy's rails, or put them to a model and judge it.

    With neither --url nor --model the input and retrieval rails are on their own: attacks that they let through may
    still fail at the model or at the output rails. Only --out holds what was said.

    \b
    Example:
        deskhand redteam --family role_play --family encoding
        deskhand redteam --url http://127.0.0.1:8080/v1 --api-key-env DESKHAND_API_KEY --out transcripts.jsonl
        deskhand redteam --model starter --knowledge knowledge.db --limit 5
    """
    from deskhand_guardrails.redteam import load

    asked = Asked(**options)  # type: ignore[arg-type]  # as click has checked them
    _check(asked, min_caught, max_success)
    probes = load(names, limit)
    if export_documents is not None:
        from deskhand.redteam.sources import write_documents

        say(f"{write_documents(probes, export_documents)} documents in {export_documents}; now deskhand index them")
        return
    found = _figures(asked, probes)
    if as_json:
        emit(found)
    else:
        for line in _lines(found):
            click.echo(line)
    gates = {
        "caught": min_caught,
        "succeeded": max_success,
        "false_alarms": max_false_alarms,
        "refused": max_false_alarms,
    }
    faults = [_fault(found["total"][name], name, gate) for name, gate in gates.items() if name in found["total"]]
    if found["errors"]:
        faults.append(f"{found['errors']} questions had no answer; the same command asks them again")
    if any(faults):
        say("error: " + "; ".join(filter(None, faults)))
        raise SystemExit(1)


def _check(asked: Asked, min_caught: float | None, max_success: float | None) -> None:
    """Raises ``UsageError`` where options do not go together."""
    if asked.answered:
        wrong = {"--min-caught is about the rails alone; with a model give --max-success": min_caught is not None}
    else:
        needs = {
            "--out": asked.out,
            "--knowledge": asked.knowledge,
            "--max-success": max_success,
            "--judge-model": asked.judge_model,
            "--judge-url": asked.judge_url,
        }
        said = "is about answers; name who answers with --url or --model"
        wrong = {f"{name} {said}": value is not None for name, value in needs.items()}
    wrong["--unguarded is for a model in this process: --model without --url"] = asked.unguarded and (
        bool(asked.url) or not asked.model
    )
    wrong["--judge-url and --judge-model go together"] = bool(asked.judge_url) != bool(asked.judge_model)
    for fault, holds in wrong.items():
        if holds:
            raise click.UsageError(fault)


def _figures(asked: Asked, probes: list[Probe]) -> dict[str, Any]:
    from deskhand_guardrails import Policy, Rails
    from deskhand_guardrails.redteam import OF_ANSWERS, drive, figures, screen

    if not asked.answered:
        rails = Rails(Policy.load(asked.policy))
        rails.warm()
        return figures(screen(rails, probes, track=track))
    target, judge = _target(asked)
    at_once = asked.at_once or (4 if asked.url else 1)
    rows = drive(target, probes, judge, out=asked.out, at_once=at_once, track=track)
    return {"target": target.name, **figures(rows, OF_ANSWERS)}


def _target(asked: Asked) -> tuple[Target, Judge]:
    from deskhand.redteam import Bare, Endpoint, Guarded, ModelOpinion
    from deskhand_guardrails import Policy, Rails
    from deskhand_guardrails.prompt import INSTRUCTIONS
    from deskhand_guardrails.redteam import DETECTORS, GIVEN, Judge

    opinion = None
    if asked.judge_url is not None:
        key = _key(asked.judge_api_key_env)
        opinion = ModelOpinion(Endpoint.open(asked.judge_url, asked.judge_model, key=key, seconds=asked.timeout))
    if asked.url is not None:
        from langchain_deskhand.knowledge import Knowledge

        knowledge = Knowledge.open(asked.knowledge) if asked.knowledge is not None else None
        endpoint = Endpoint.open(
            asked.url, asked.model, key=_key(asked.api_key_env), seconds=asked.timeout, knowledge=knowledge
        )
        policy = Policy.load(asked.policy)
        has_a_say = not policy.types.keys().isdisjoint(DETECTORS.values())
        return endpoint, Judge(Rails(policy) if has_a_say else None, opinion, GIVEN)
    from deskhand.desk import guarded_model
    from deskhand.settings import load_settings

    model = guarded_model(load_settings(model=asked.model, knowledge=asked.knowledge, policy=asked.policy))
    target = Bare(model) if asked.unguarded else Guarded(model)
    return target, Judge(model.rails, opinion, INSTRUCTIONS, model.training_text)


def _key(variable: str | None) -> str | None:
    """The key in an environment variable.

    Raises:
        ConfigError: there is none in it.
    """
    from deskhand_guardrails.errors import ConfigError

    if variable is None:
        return None
    if not (key := os.environ.get(variable, "").strip()):
        raise ConfigError(f"--api-key-env {variable}: no such environment variable, or it is empty; set it")
    return key


def _fault(held: dict[str, Any], name: str, gate: float | None) -> str:
    """What is wrong when a share is on the wrong side of its gate; empty when nothing is."""
    if gate is None or (held["share"] >= gate if name == "caught" else held["share"] <= gate):
        return ""
    return f"{_HEADS[name]} {held['share']:.1%} are {'below' if name == 'caught' else 'above'} {gate:.1%}"


def _lines(found: dict[str, Any]) -> list[str]:
    names = list(found["total"])
    rows = [*found["families"].items(), ("total", found["total"])]
    head = f"{'family':<{_FAMILY_WIDTH}}" + "".join(f"{_HEADS[name]:>{_COLUMN_WIDTH}}" for name in names)
    return [
        head,
        *(
            f"{family:<{_FAMILY_WIDTH}}" + "".join(f"{_share(held[name]):>{_COLUMN_WIDTH}}" for name in names)
            for family, held in rows
        ),
    ]


def _share(held: dict[str, Any]) -> str:
    return f"{held['hits']}/{held['count']}  {held['share']:.0%} ({held['low']:.0%} to {held['high']:.0%})"
