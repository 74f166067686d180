"""A tool in the place of another: the same call, but callbacks, tracers and streams get the checked result.

LangChain reports a tool's result where the tool returns it, before any middleware can look at it. So the tool itself
runs without listeners, and this one reports the call with what the check has left of its result. Models and chains
inside the tool are silent for the same reason; its interrupts and its state work as ever.
"""

# ruff: noqa: ANN401 - the signatures are LangChain's

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackManager, CallbackManager
from langchain_core.messages import ToolCall
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool, ToolException
from langgraph.errors import GraphBubbleUp
from pydantic import SkipValidation

from deskhand_guardrails.steps import Steps, arun, run
from langchain_deskhand.apart import untraced
from langchain_deskhand.messages import WITHHELD
from langchain_deskhand.results import ResultCheck

_Input = str | dict[str, Any] | ToolCall


class CheckedTool(BaseTool):
    """Made for one call of ``inner``."""

    inner: SkipValidation[BaseTool]
    check: Any
    """A ``ResultCheck``; pydantic cannot look into one."""
    reported: dict[str, Any]
    """The arguments that the model wrote, without what the agent injects."""

    @classmethod
    def around(cls, tool: BaseTool, call: ToolCall, check: ResultCheck) -> CheckedTool:
        """A tool that answers ``call`` as ``tool`` does."""
        return cls(
            name=tool.name,
            description=tool.description,
            return_direct=tool.return_direct,
            inner=tool,
            check=check,
            reported=call["args"],
        )

    def invoke(self, input: _Input, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002
        """Runs the tool and reports its checked result."""
        known = ensure_config(config)
        manager = CallbackManager.configure(known.get("callbacks"), **_labels(known))
        started = manager.on_tool_start(**self._start(input, known))
        try:
            with untraced():
                result = self.inner.invoke(input, {**known, "callbacks": []}, **kwargs)
        except GraphBubbleUp as pause:
            started.on_tool_error(pause)
            raise
        except Exception as error:  # noqa: BLE001 - raised again, as far as it may be shown
            shown = run(self._error(error))
            started.on_tool_error(shown)
            raise shown from None
        checked = run(self._checked(result))
        started.on_tool_end(checked, name=self.name)
        return checked

    async def ainvoke(self, input: _Input, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002
        """As ``invoke``."""
        known = ensure_config(config)
        manager = AsyncCallbackManager.configure(known.get("callbacks"), **_labels(known))
        started = await manager.on_tool_start(**self._start(input, known))
        try:
            with untraced():
                result = await self.inner.ainvoke(input, {**known, "callbacks": []}, **kwargs)
        except GraphBubbleUp as pause:
            await started.on_tool_error(pause)
            raise
        except Exception as error:  # noqa: BLE001 - raised again, as far as it may be shown
            shown = await arun(self._error(error))
            await started.on_tool_error(shown)
            raise shown from None
        checked = await arun(self._checked(result))
        await started.on_tool_end(checked, name=self.name)
        return checked

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("a checked tool is invoked with its call")

    def _start(self, given: _Input, config: RunnableConfig) -> dict[str, Any]:
        """What ``on_tool_start`` is told, as LangChain's own tools do."""
        call_id = given.get("id") if isinstance(given, dict) else None
        return {
            "serialized": {"name": self.name, "description": self.description},
            "input_str": str(self.reported),
            "name": config.get("run_name") or self.name,
            "run_id": config.get("run_id"),
            "inputs": self.reported,
            "tool_call_id": call_id,
        }

    def _checked(self, result: Any) -> Steps[Any]:
        if isinstance(result, str):
            shown = yield from self.check.text(result, self.name)
            return WITHHELD if shown is None else shown
        return (yield from self.check.result(result))

    def _error(self, error: Exception) -> Steps[Exception]:
        """The error itself, or what may be shown of it."""
        text = str(error)
        shown = yield from self.check.text(text, self.name)
        return error if shown == text else ToolException(WITHHELD if shown is None else shown)


def _labels(config: RunnableConfig) -> dict[str, Any]:
    return {"inheritable_tags": config.get("tags"), "inheritable_metadata": config.get("metadata")}
