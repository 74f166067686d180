"""``DeskhandMiddleware``: a policy around a LangChain agent, whatever its model and tools.

::

    agent = create_agent(model, tools, middleware=[..., DeskhandMiddleware(Rails(Policy.load()), store=store)])

Put it last: then it is the innermost, and guards the model that the others settled on.

======================  =============================================================================================
before_agent            customer messages pass the input rails, once each; one that does not is taken out of the state
before_model            the same for messages that tools or other middleware have added
wrap_model_call         the model runs behind ``ChatDeskhand``: only checked pieces reach a stream, a tracer, the state
wrap_tool_call          a tool's result passes the retrieval rails before a stream, a tracer or the state gets it
after_model             an answer that was held back ends the run; one that came from elsewhere is checked too
after_agent             the same for what middleware has added at the end
======================  =============================================================================================

The state holds what the customer may see, with real values; the model is given placeholders, tools get real values
back. What was held back is only in the record (``store``), for review.

Not covered: models that tools and other middleware call by themselves (give them a ``ChatDeskhand``); what a tool
writes to the stream itself; state keys other than ``messages``; and the run's own input, which LangGraph streams and
checkpoints before any middleware runs (``durability="exit"`` keeps a removed message out of every checkpoint).
"""

# ruff: noqa: ANN401 - the signatures are LangChain's

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, NotRequired
from uuid import uuid4

from langchain.agents.middleware import AgentMiddleware, AgentState, hook_config
from langchain.agents.middleware.types import (
    ExtendedModelResponse,
    ModelRequest,
    ModelResponse,
    PrivateStateAttr,
    ToolCallRequest,
)
from langchain.agents.structured_output import StructuredOutputError
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.runtime import Runtime
from langgraph.types import Command, TracePolicy, omit_payload

from deskhand_guardrails.monitor import Store
from deskhand_guardrails.rails import Rails
from deskhand_guardrails.steps import Step, Steps, arun, run
from deskhand_guardrails.verdicts import Context, Verdict
from langchain_deskhand.admission import Admission
from langchain_deskhand.calling import release_calls
from langchain_deskhand.checked_tool import CheckedTool
from langchain_deskhand.conversation import Conversation, Conversations
from langchain_deskhand.exchange import Exchange
from langchain_deskhand.guarded import ChatDeskhand
from langchain_deskhand.hand_over import hand_over_tool
from langchain_deskhand.knowledge import Knowledge
from langchain_deskhand.messages import REMOVED, WITHHELD, is_tool_result, role_of
from langchain_deskhand.recording import record
from langchain_deskhand.results import ResultCheck

Update = dict[str, Any] | None


class DeskhandState(AgentState[Any]):
    """The agent's state, and which conversation it belongs to."""

    deskhand_conversation: NotRequired[Annotated[str, PrivateStateAttr]]


class DeskhandMiddleware(AgentMiddleware[DeskhandState, Any, Any]):
    """Guards an agent's input, its model, its tools and its output by one policy.

    Answers that are held back are replaced by the policy's message, with ``finish_reason="content_filter"`` and the
    decision in ``response_metadata["deskhand"]``, and end the run.
    """

    state_schema = DeskhandState
    # The hooks' spans would repeat the whole state; the model's and the tools' own spans show what was checked.
    trace_policy = TracePolicy(process_inputs=omit_payload, process_outputs=omit_payload)

    def __init__(
        self,
        rails: Rails,
        *,
        store: Store | None = None,
        knowledge: Knowledge | None = None,
        k: int = 3,
        minimum_similarity: float | None = None,
        access: tuple[str, ...] = (),
        channel: str = "agent",
        hand_over: bool = False,
    ) -> None:
        """Guards by ``rails``.

        Args:
            rails: the policy at work.
            store: where turns are recorded; without it nothing is, and what was held back is lost.
            knowledge: what to answer from; without it the agent has its tools only.
            k: sources in the prompt, at most.
            minimum_similarity: below this similarity of the best source a person takes over; None is the policy's.
            access: labels that everybody who asks this agent holds, for the knowledge.
            channel: where turns come from, for the record.
            hand_over: adds the tool ``hand_over_to_person``, which interrupts the run until a person has answered; the
                agent then needs a checkpointer.
        """
        super().__init__()
        self.tools = [hand_over_tool(store, rails.policy.digest, channel)] if hand_over else []
        self._rails = rails
        self._store = store
        self._knowledge = knowledge
        self._k = k
        self._minimum_similarity = minimum_similarity
        self._access = access
        self._channel = channel
        self._conversations = Conversations()
        self._admission = Admission(rails)

    @hook_config(can_jump_to=["end"])
    def before_agent(self, state: DeskhandState, runtime: Runtime[Any]) -> Update:
        """Takes customer messages that do not pass out of the state; ends the run when it is the newest."""
        return run(self._admit(state, runtime))

    @hook_config(can_jump_to=["end"])
    async def abefore_agent(self, state: DeskhandState, runtime: Runtime[Any]) -> Update:
        """As ``before_agent``."""
        return await arun(self._admit(state, runtime))

    @hook_config(can_jump_to=["end"])
    def before_model(self, state: DeskhandState, runtime: Runtime[Any]) -> Update:
        """As ``before_agent``, for messages that have come in since; those seen before cost nothing."""
        return run(self._admit(state, runtime))

    @hook_config(can_jump_to=["end"])
    async def abefore_model(self, state: DeskhandState, runtime: Runtime[Any]) -> Update:
        """As ``before_model``."""
        return await arun(self._admit(state, runtime))

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any] | AIMessage | ExtendedModelResponse[Any]:
        """Has the model answer behind the rails."""
        try:
            return handler(self._guarded(request))
        except StructuredOutputError as error:
            return _refused(error)

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any] | AIMessage | ExtendedModelResponse[Any]:
        """As ``wrap_model_call``."""
        try:
            return await handler(self._guarded(request))
        except StructuredOutputError as error:
            return _refused(error)

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Has the tool's result checked where the tool returns it, and once more what the tool node made of it."""
        check = self._result_check(request)
        if request.tool is not None:
            request = request.override(tool=CheckedTool.around(request.tool, request.tool_call, check))
        checked: ToolMessage | Command[Any] = run(check.result(handler(request)))
        return checked

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """As ``wrap_tool_call``."""
        check = self._result_check(request)
        if request.tool is not None:
            request = request.override(tool=CheckedTool.around(request.tool, request.tool_call, check))
        checked: ToolMessage | Command[Any] = await arun(check.result(await handler(request)))
        return checked

    @hook_config(can_jump_to=["end"])
    def after_model(self, state: DeskhandState, runtime: Runtime[Any]) -> Update:
        """Ends the run when the answer was held back."""
        return run(self._release(state, runtime))

    @hook_config(can_jump_to=["end"])
    async def aafter_model(self, state: DeskhandState, runtime: Runtime[Any]) -> Update:
        """As ``after_model``."""
        return await arun(self._release(state, runtime))

    def after_agent(self, state: DeskhandState, runtime: Runtime[Any]) -> Update:
        """Checks an answer that came from neither the model nor this middleware."""
        return _without_jump(run(self._release(state, runtime)))

    async def aafter_agent(self, state: DeskhandState, runtime: Runtime[Any]) -> Update:
        """As ``after_agent``."""
        return _without_jump(await arun(self._release(state, runtime)))

    def _admit(self, state: DeskhandState, runtime: Runtime[Any]) -> Steps[Update]:
        name = _name(state, runtime)
        exchange = self._exchange(state["messages"], self._conversations.get(name))
        changes: list[BaseMessage] = []
        if exchange.newest >= 0:
            yield from self._admission.admit(exchange)
        for message in exchange.messages:
            if role_of(message) == "user" and message.content not in (REMOVED, WITHHELD):
                verdict = yield from self._admission.judge(exchange, message)
                changes += [] if verdict.passed else [_removed(message)]
        named = {} if state.get("deskhand_conversation") == name else {"deskhand_conversation": name}
        if exchange.refused:
            yield from record(exchange, self._store)
            return {**named, "messages": [*changes, _answer(exchange)], "jump_to": "end"}
        return {**named, "messages": changes} if changes else named or None

    def _guarded(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        """The request with its model behind the rails; one that is guarded already has rails of its own."""
        if isinstance(request.model, ChatDeskhand):
            return request
        guarded = ChatDeskhand(
            model=request.model,
            rails=self._rails,
            knowledge=self._knowledge,
            store=self._store,
            k=self._k,
            minimum_similarity=self._minimum_similarity,
            access=self._access,
            channel=self._channel,
            memory=self._conversations.get(_name(request.state, request.runtime)),
        )
        return request.override(model=guarded)

    def _result_check(self, request: ToolCallRequest) -> ResultCheck:
        memory = self._conversations.get(_name(request.state, request.runtime))
        exchange = self._exchange(request.state["messages"], memory)
        return ResultCheck(self._admission, exchange, self._store)

    def _release(self, state: DeskhandState, runtime: Runtime[Any]) -> Steps[Update]:
        """Sees to the last message, if it is the assistant's and newer than the customer's."""
        messages = state["messages"]
        last = messages[-1] if messages else None
        if not isinstance(last, AIMessage):
            return None
        if "deskhand" in last.response_metadata:
            held_back = last.response_metadata.get("finish_reason") == "content_filter"
            return {"jump_to": "end"} if held_back else None
        exchange = self._exchange(messages[:-1], self._conversations.get(_name(state, runtime)))
        yield from self._admission.admit(exchange)
        verdict, calls = yield from self._judge(exchange, last)
        yield from record(exchange, self._store)
        if exchange.held_back:
            return {"messages": [_answer(exchange, last)], "jump_to": "end"}
        text = exchange.restored(verdict.text)
        checked = last.model_copy(update={"content": text, "tool_calls": calls, **_marked(exchange, last)})
        return {"messages": [checked]}

    def _judge(self, exchange: Exchange, message: AIMessage) -> Steps[tuple[Verdict, list[Any]]]:
        draft = "".join(exchange.listen([message]))
        context = exchange.context
        verdict: Verdict = yield Step(
            lambda: self._rails.check_output(draft, context), lambda: self._rails.acheck_output(draft, context)
        )
        exchange.settle(verdict, self._rails.policy.messages.hand_over)
        calls, _ = yield from release_calls(exchange, self._rails)
        return verdict, calls

    def _exchange(self, messages: Sequence[BaseMessage], memory: Conversation) -> Exchange:
        return Exchange(
            messages=list(messages),
            model="",
            policy=self._rails.policy.digest,
            conversation_id=memory.name,
            channel=self._channel,
            context=Context(pseudonyms=memory.pseudonyms),
            memory=memory,
        )


def _name(state: Any, runtime: Any) -> str:
    """The conversation's name: the thread's, else one that the state keeps."""
    information = getattr(runtime, "execution_info", None)
    thread = getattr(information, "thread_id", None)
    return str(thread or state.get("deskhand_conversation") or uuid4().hex)


def _removed(message: BaseMessage) -> BaseMessage:
    """What takes the place of a message that did not pass; the state knows it by its id."""
    if isinstance(message, ToolMessage):
        return ToolMessage(
            WITHHELD, tool_call_id=message.tool_call_id, name=message.name, id=message.id, status="error"
        )
    if is_tool_result(message):
        return message.model_copy(update={"content": WITHHELD, "additional_kwargs": {}})
    return HumanMessage(REMOVED, id=message.id)


def _answer(exchange: Exchange, message: AIMessage | None = None) -> AIMessage:
    """The policy's message, in place of ``message`` if there is one."""
    held = exchange.held_back
    if held is None:
        raise ValueError("nothing was held back")
    return AIMessage(held.text, id=message.id if message else None, response_metadata=exchange.metadata())


def _marked(exchange: Exchange, message: AIMessage) -> dict[str, Any]:
    metadata = {**message.response_metadata, "deskhand": exchange.metadata()["deskhand"]}
    return {"response_metadata": metadata, "additional_kwargs": {}, "invalid_tool_calls": []}


def _refused(error: StructuredOutputError) -> ModelResponse[Any]:
    """An answer that was held back cannot have the wanted form: it goes out as it is, without a structured response."""
    message = error.ai_message
    if message.response_metadata.get("finish_reason") != "content_filter":
        raise error
    return ModelResponse(result=[message])


def _without_jump(update: Update) -> Update:
    return {key: value for key, value in update.items() if key != "jump_to"} or None if update else None
