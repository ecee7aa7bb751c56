"""The tools that the apps contribute, and whether they fit together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import cache
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from forecastlab.lib import registry
from forecastlab.lib.contributions import AgentTool
from forecastlab.lib.errors import BadInput

MODULE = "agent_tools"


class BadArguments(BadInput):
    """The arguments of this call cannot be used."""

    code = "bad_arguments"


def contributed() -> list[tuple[str, AgentTool]]:
    """Return `(app label, tool)` for every tool that an app contributes."""
    return registry.contributed(MODULE, AgentTool)


def catalogue() -> Mapping[str, AgentTool]:
    """Return all tools by name."""
    return {tool.name: tool for _app, tool in contributed()}


def find(name: str) -> AgentTool | None:
    return catalogue().get(name)


def bind(tool: AgentTool, given: object) -> BaseModel:
    """Return the arguments of a call, each of its type and within its bounds.

    Raises BadArguments with one sentence per field that is wrong, for the model to read.
    """
    if not isinstance(given, Mapping):
        raise BadArguments(f"The arguments of '{tool.name}' are not an object with names.")
    try:
        if _has_nul(given):
            raise BadArguments(f"The arguments of '{tool.name}' hold a character that no text has.")
        bound: BaseModel = tool.arguments.model_validate(dict(given))
    except RecursionError as error:
        raise BadArguments(f"The arguments of '{tool.name}' are nested too deep.") from error
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False, include_context=False)
        said = "; ".join(f"{_place(one['loc'])}: {one['msg']}" for one in wrong)
        raise BadArguments(
            f"The arguments of '{tool.name}' cannot be used: {said}.",
            field=_place(wrong[0]["loc"]) if wrong else "",
        ) from error
    return bound


def described(tools: Iterable[AgentTool]) -> list[dict[str, Any]]:
    """Return what a model is told of each tool: its name, what it does, and a JSON schema."""
    return [
        {
            "name": tool.name,
            "description": tool.about,
            "parameters": _schema(cast("Hashable", tool.arguments)),
        }
        for tool in tools
    ]


@cache
def _schema(arguments: type[BaseModel]) -> dict[str, Any]:
    return arguments.model_json_schema()


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "arguments"


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(_has_nul(key) or _has_nul(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return any(_has_nul(one) for one in value)
    return False
