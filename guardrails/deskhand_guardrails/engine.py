"""NeMo Guardrails as the engine of a policy's rails, Colang 1.0, with our checks as one rail in each direction.

What its version 0.24 does that we design around (each has a test): it reports usage over the network; it runs an
``actions.py`` of the current folder; it changes the configuration that it is given; it keeps every conversation's text
in a cache without end and writes it to its logs; it asks a language model for a refusal whose text nobody defined; it
answers the customer when an action is unknown; outside dialogs it never runs retrieval rails; and it replays its events
for about 8 ms of every turn. So it runs where a policy has rails beside ours, and elsewhere our checks run without it,
which means the same. A folder that could hold anything of NeMo's is still loaded at start, so that its faults show.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import warnings
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from deskhand_guardrails import dialogs
from deskhand_guardrails.errors import ConfigError
from deskhand_guardrails.policy import DEFAULT_FOLDER, FLOWS, Policy
from deskhand_guardrails.policy_files import differs_in_settings_only
from deskhand_guardrails.verdicts import Direction

if TYPE_CHECKING:
    from nemoguardrails import LLMRails, RailsConfig
    from nemoguardrails.actions.rail_outcome import RailOutcome

ACTION = "deskhand_check"

Purpose = Literal["checks", "retrieval", "dialogs"]
"""What a set of NeMo's rails is for: input and output rails, retrieval rails, or the policy's dialogs."""

Action = Callable[[str], Awaitable["RailOutcome"]]

# What NeMo itself says when a rail could not do its work, in place of the text that was checked.
_BROKEN = ("an internal error has occurred", "not found.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all rails of a direction made of a text."""

    blocked: bool
    text: str
    rail: str = ""
    """The rail that blocked."""
    broken: bool = False
    """The rail failed rather than decided."""


class Engine:
    """The rails of one policy folder, ready to run. Built once; every call is independent of every other."""

    def __init__(self, policy: Policy, action: Action) -> None:
        """Loads the folder; ``action`` gets the text of one direction and returns NeMo's ``RailOutcome``.

        A folder that differs from the shipped one in nothing but our settings is not loaded: NeMo would see what it
        sees in the shipped one, which has no rails but ours (the tests load that one).

        Raises:
            ConfigError: NeMo refuses the folder, or a rail names an action or a text that does not exist.
        """
        self._flows: dict[Direction, tuple[str, ...]] = {direction: (flow,) for direction, (_, flow) in FLOWS.items()}
        self._rails: LLMRails | None = None
        self._retrieval: LLMRails | None = None
        self._dialogs: LLMRails | None = None
        if differs_in_settings_only(policy.folder, DEFAULT_FOLDER):
            return
        os.environ["NEMO_GUARDRAILS_NO_USAGE_STATS"] = "1"  # read when NeMo is imported and when rails are made
        # Below this level NeMo writes events and the parameters of actions: the customer's text.
        logging.getLogger("nemoguardrails").setLevel(logging.CRITICAL + 1)
        with ThreadPoolExecutor(
            1
        ) as apart:  # the caller's thread may have an event loop of its own, even a running one
            rails = apart.submit(_rails, policy, action).result()
            for direction, (section, _) in FLOWS.items():
                self._flows[direction] = tuple(getattr(rails.config.rails, section).flows)
            if self.runs_nemo("input") or self.runs_nemo("output"):
                self._rails = rails
            if self.runs_nemo("retrieved"):
                self._retrieval = apart.submit(_rails, policy, action, "retrieval").result()
            if apart.submit(_has_dialogs, policy).result():
                self._rails, self._dialogs = rails, apart.submit(_rails, policy, action, "dialogs").result()
                self._flows["input"] = (*self._flows["input"], dialogs.NAME)

    def flows(self, direction: Direction) -> tuple[str, ...]:
        """The rails of ``direction`` in the order in which they run."""
        return self._flows[direction]

    def runs_nemo(self, direction: Direction) -> bool:
        """Whether NeMo runs the rails of ``direction``: only where the policy has others beside ours."""
        return self._flows[direction] != (FLOWS[direction][1],)

    async def run(self, direction: Direction, text: str, question: str = "") -> Outcome:
        """Runs the rails of ``direction`` on ``text``: on the one turn, never on the history."""
        if direction == "retrieved":
            return await self._run_retrieval(text)
        if self._rails is None:
            raise RuntimeError(f"no rails of NeMo's in direction {direction}")
        from nemoguardrails.rails.llm.options import RailStatus, RailType

        messages = [{"role": "user", "content": text}]
        if direction == "output":
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": text}]
        kind = RailType.INPUT if direction == "input" else RailType.OUTPUT
        result = await self._rails.check_async(messages, rail_types=[kind])
        blocked = result.status is RailStatus.BLOCKED
        outcome = _outcome(blocked, str(result.content), result.rail or "")
        if direction == "input" and self._dialogs is not None and not blocked:
            answer = await dialogs.said(self._dialogs, outcome.text)
            return outcome if answer is None else _outcome(True, answer, dialogs.NAME)
        return outcome

    async def _run_retrieval(self, text: str) -> Outcome:
        """Retrieval rails as the input rails of rails of their own: NeMo runs them only inside a dialog."""
        if self._retrieval is None:
            raise RuntimeError("no rails of NeMo's in direction retrieved")
        result = await self._retrieval.generate_async(
            messages=[{"role": "context", "content": {"relevant_chunks": text}}, {"role": "user", "content": "source"}],
            options={"rails": ["input"], "output_vars": ["relevant_chunks"], "log": {"activated_rails": True}},
        )
        stopped = [rail.name for rail in result.log.activated_rails if rail.stop]
        if stopped:
            return _outcome(True, str(result.response[-1]["content"]), stopped[0])
        return _outcome(False, str(result.output_data["relevant_chunks"]), "")


class _Forgetful(dict[str, Any]):
    """Stands in for NeMo's cache of past conversations and keeps nothing."""

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401 - NeMo's events
        """Drops the events: every check is a conversation of its own."""


def _outcome(blocked: bool, text: str, rail: str) -> Outcome:
    broken = blocked and any(text.rstrip().endswith(end) or end in text for end in _BROKEN)
    return Outcome(blocked, text, rail, broken)


def _has_dialogs(policy: Policy) -> bool:
    from nemoguardrails import RailsConfig

    with _reading(policy):
        return dialogs.has_dialogs(RailsConfig.from_path(str(policy.folder)))


def _rails(policy: Policy, action: Action, purpose: Purpose = "checks") -> LLMRails:
    """NeMo's rails over a configuration of their own (NeMo changes the one that it is given)."""
    from nemoguardrails import LLMRails

    with _reading(policy):
        config = _config(policy, purpose)
        written = {str(flow.get("id", "")) for flow in config.flows} if purpose == "dialogs" else set()
        with _only_actions_of(policy.folder), _own_loop():
            rails = LLMRails(config)
        rails.register_action(action, name=ACTION)
        rails.events_history_cache = _Forgetful()
    _check_complete(policy, rails, written)
    return rails


def _config(policy: Policy, purpose: Purpose) -> RailsConfig:
    from nemoguardrails import RailsConfig
    from nemoguardrails.colang import parse_colang_file

    config = RailsConfig.from_path(str(policy.folder))
    own = parse_colang_file("checks.co", content=Path(__file__).with_name("checks.co").read_text(encoding="utf-8"))
    ids = {flow["id"] for flow in own["flows"]}
    if redefined := sorted(ids & {flow.get("id") for flow in config.flows}):
        raise ConfigError(f"policy {policy.folder}: flow {redefined[0]}: belongs to Deskhand; remove its definition")
    config.flows.extend(own["flows"])
    config.bot_messages.update(own["bot_messages"])
    for section, flow in FLOWS.values():
        flows = getattr(config.rails, section).flows
        if flow not in flows:
            flows.insert(0, flow)
    if purpose == "dialogs":
        dialogs.only_dialogs(config)
        return config
    dialogs.without_dialogs(config)
    if purpose == "retrieval":
        config.rails.input.flows = list(config.rails.retrieval.flows)
        config.rails.output.flows = []
    return config


@contextlib.contextmanager
def _reading(policy: Policy) -> Iterator[None]:
    """What NeMo raises about the folder is a ``ConfigError``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # NeMo reads its own deprecated fields
            yield
    except ConfigError:
        raise
    except Exception as error:
        line = " ".join(str(error).split())[:300]
        raise ConfigError(f"policy {policy.folder}: NeMo Guardrails refuses it: {line}") from error


_building: ContextVar[Path | None] = ContextVar("building", default=None)


@contextlib.contextmanager
def _only_actions_of(folder: Path) -> Iterator[None]:
    """While rails are made here, NeMo takes no actions from the current folder (only from the policy's)."""
    _guard_dispatcher()
    token = _building.set(folder)
    try:
        yield
    finally:
        _building.reset(token)


@contextlib.contextmanager
def _own_loop() -> Iterator[None]:
    """NeMo makes an event loop for the current thread while rails are built, and never closes it; this one is."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _guard_dispatcher() -> None:
    from nemoguardrails.actions.action_dispatcher import ActionDispatcher

    load = ActionDispatcher.load_actions_from_path
    if getattr(load, "guarded", False):
        return

    def guarded(self: Any, path: Path) -> None:  # noqa: ANN401 - NeMo's dispatcher
        folder = _building.get()
        if folder is None or path != Path.cwd() or path.resolve() == folder:
            load(self, path)

    guarded.guarded = True  # type: ignore[attr-defined]
    ActionDispatcher.load_actions_from_path = guarded


def _check_complete(policy: Policy, rails: LLMRails, written: set[str]) -> None:
    """Every action and text that a configured rail or a ``written`` dialog needs must be there before a customer is."""
    config = rails.config
    used = written | {
        flow.partition("$")[0].strip() for section, _ in FLOWS.values() for flow in getattr(config.rails, section).flows
    }
    actions = set(rails.runtime.action_dispatcher.get_registered_actions())
    faults: list[str] = []
    for flow in config.flows:
        if str(flow.get("id", "")) not in used:
            continue
        for element in flow.get("elements", ()):
            if element.get("_type") != "run_action":
                continue
            name, parameters = element["action_name"], element.get("action_params") or {}
            if name == "utter":
                if (said := parameters.get("value")) != "stop" and said not in config.bot_messages:
                    faults.append(
                        f"flow {flow['id']}: bot {said}: no such text; define it, or NeMo asks a model for one"
                    )
            elif name not in actions and name != "create_event":
                faults.append(f"flow {flow['id']}: action {name}: not found; define it in actions.py")
            elif name.startswith("self_check_") and rails.llm is None:
                faults.append(f"flow {flow['id']}: asks a language model; name one of type main under models")
    if faults:
        raise ConfigError(f"policy {policy.folder}: " + "; ".join(faults))
