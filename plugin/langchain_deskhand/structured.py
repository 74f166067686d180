"""How the inner model is asked for tool calls or for JSON, and how checked answers are read again.

Each integration has its own options for that (``tools``, ``response_format``, ``format``, …). The inner model is asked
to bind them; they are taken off it and bound to the guarded model, which passes them on. The inner model's parser is
not used: it would read what nobody has checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.output_parsers import BaseOutputParser, JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.runnables import Runnable, RunnableBinding, RunnableMap, RunnablePassthrough, RunnableSequence
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel

from deskhand_guardrails.errors import ConfigError

Options = dict[str, Any]
Tool = dict[str, Any] | type | Callable[..., Any] | BaseTool

AS_JSON = "deskhand_json"
"""The option of a call whose answer is a JSON document; it is not passed on."""


def tool_options(model: BaseChatModel, tools: Sequence[Tool], choice: Any, options: Options) -> Options:  # noqa: ANN401
    """What ``model`` binds for ``tools``.

    Raises:
        NotImplementedError: the model takes no tools; what it says about that, if it is ours.
    """
    chosen = {} if choice is None else {"tool_choice": choice}
    try:
        return _bound(model.bind_tools(tools, **chosen, **options))
    except ConfigError:
        raise
    except NotImplementedError:
        raise NotImplementedError(f"{type(model).__name__} takes no tools; guard a model that does") from None


def output_options(model: BaseChatModel, schema: dict[str, Any] | type, options: Options) -> Options:
    """What ``model`` binds to answer in the form of ``schema``.

    Raises:
        NotImplementedError: the model has no structured output.
    """
    try:
        bound = _bound(model.with_structured_output(schema, include_raw=True, **options))
    except NotImplementedError:
        message = f"{type(model).__name__} has no structured output; guard a model that has"
        raise NotImplementedError(message) from None
    return bound if "tools" in bound else {**bound, AS_JSON: True}


def is_json(options: Mapping[str, Any]) -> bool:
    """Whether a call with these options asks for a JSON document."""
    return bool(options.get(AS_JSON) or options.get("response_format"))


def parsed(
    model: Runnable[LanguageModelInput, Any], schema: dict[str, Any] | type, options: Options, *, include_raw: bool
) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
    """``model`` with its answer read as ``schema``, in LangChain's usual forms."""
    parser = _parser(schema, by_tool="tools" in options)
    if not include_raw:
        return model | parser
    read = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    unread = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | read.with_fallbacks([unread], exception_key="parsing_error")


def _parser(schema: dict[str, Any] | type, *, by_tool: bool) -> BaseOutputParser[Any]:
    a_class = schema if isinstance(schema, type) and is_basemodel_subclass(schema) else None
    if by_tool and a_class is not None:
        return PydanticToolsParser(tools=[a_class], first_tool_only=True)
    if by_tool:
        name = convert_to_openai_tool(schema)["function"]["name"]
        return JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)
    return JsonOutputParser() if a_class is None else PydanticOutputParser(pydantic_object=a_class)


def _bound(runnable: Any) -> Options:  # noqa: ANN401 - whatever the integration builds
    """The options bound to the model in ``runnable``: a binding, alone or as the first step of a chain."""
    for step in _steps(runnable):
        if isinstance(step, RunnableBinding):
            return dict(step.kwargs)
    raise ConfigError(
        f"{type(runnable).__name__}: cannot guard what this model binds; guard each model by itself, and put fallbacks "
        "or other wrappers around the guarded ones"
    )


def _steps(runnable: Any) -> Iterator[Any]:  # noqa: ANN401
    yield runnable
    if isinstance(runnable, RunnableSequence):
        yield from _steps(runnable.first)
    elif isinstance(runnable, RunnableMap):
        for step in runnable.steps__.values():
            yield from _steps(step)


def schema_options(schema: dict[str, Any] | type, method: str) -> Options:
    """What ``ChatLocal`` binds to answer in the form of ``schema``, in the shape of OpenAI's ``response_format``."""
    form = closed(convert_to_json_schema(schema))
    return {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": form.get("title", "answer"), "schema": form},
        },
        "ls_structured_output_format": {"kwargs": {"method": method}, "schema": convert_to_openai_tool(schema)},
    }


def closed(schema: Mapping[str, Any]) -> Options:
    """``schema`` without keys that it does not name, unless it wants some or is put together of several."""
    open_ended = "properties" not in schema or {"allOf", "anyOf", "oneOf", "$ref"} & schema.keys()
    return {**schema} if open_ended else {"additionalProperties": False, **schema}


def schema_wanted(options: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON schema that a call asks for in ``response_format``; None for plain text.

    Raises:
        ConfigError: ``response_format`` has another type than ``text``, ``json_object`` or ``json_schema``.
    """
    wanted = options.get("response_format")
    if wanted is None or wanted.get("type") == "text":
        return None
    if wanted.get("type") == "json_object":
        return {"type": "object"}
    if wanted.get("type") == "json_schema":
        schema: Mapping[str, Any] = wanted["json_schema"]["schema"]
        return schema
    raise ConfigError("response_format: its type is text, json_object or json_schema")
