"""Declaring what agents can do: `agent_tool` makes a function a tool that its app contributes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from pydantic import BaseModel, ConfigDict

from forecastlab.lib.contributions import AgentTool, ToolContext, ToolResult

RISKS = ("low", "medium", "high")
USUAL_SCORES = {"low": 88, "medium": 70, "high": 50}
READING = 95
# In seconds; well below the 300 s for which the job of a session is leased.
LONGEST_CALL = 240
# How a key begins that names a call of a tool.
KEYS = "agent."
ARROW = " → "


class Arguments(BaseModel):
    """What the model may fill in; anything else, or of another type, is refused."""

    model_config = ConfigDict(
        extra="forbid",
        strict=False,
        frozen=True,
        allow_inf_nan=False,
        str_max_length=4_000,
        str_strip_whitespace=True,
    )


class BadTool(Exception):
    """A bug: a tool is declared in a way that makes no sense."""


def agent_tool(
    name: str, *, arguments: type[Arguments], verb: str, risk: str = "low", **options: Any
) -> Callable[[Callable[[ToolContext, Any], ToolResult]], AgentTool]:
    """Return a decorator that makes an AgentTool of a function; its docstring is told the model.

    `options` are fields of AgentTool; the older name `quick_threshold` stands for
    `inline_threshold`. Without an effect (`has_effect=False`) it scores 95, else by its risk.
    Raises BadTool where thresholds or the risk make no sense.
    """
    if "quick_threshold" in options:
        options["inline_threshold"] = options.pop("quick_threshold")
    has_effect = bool(options.pop("has_effect", True))
    score = int(options.pop("base_score", USUAL_SCORES.get(risk, 0) if has_effect else READING))

    def declared(call: Callable[[ToolContext, Any], ToolResult]) -> AgentTool:
        tool = AgentTool(
            name=name,
            about=" ".join((call.__doc__ or "").split()),
            arguments=arguments,
            call=call,
            verb=verb,
            risk=risk,
            has_effect=has_effect,
            base_score=score,
            **options,
        )
        _check(tool)
        return tool

    return declared


def key_of(context: ToolContext) -> str:
    """Return what names a call to services, so that what it asks for is made once."""
    return f"{KEYS}{context.operation_id}"


def becomes(before: object, after: object) -> str:
    """Write a change for a preview: what is before and what would be after."""
    return f"{before}{ARROW}{after}"


def mark(*parts: object) -> str:
    """Return a short name of a state, another one whenever one of its parts is another."""
    return hashlib.sha256(json.dumps(parts, cls=DjangoJSONEncoder).encode()).hexdigest()[:32]


def told(data: Any, detail: str) -> ToolResult:
    """Return a result as JSON can hold it: times as ISO text, decimals as text."""
    return ToolResult(json.loads(json.dumps(data, cls=DjangoJSONEncoder)), detail)


def _check(tool: AgentTool) -> None:
    wrong = [
        (tool.risk not in RISKS, f"its risk is '{tool.risk}'"),
        (not tool.about, "its function has no docstring"),
        (
            not 0 <= tool.inline_threshold <= tool.auto_threshold <= 100,
            f"its thresholds are {tool.inline_threshold} and {tool.auto_threshold}",
        ),
        (not 0 <= tool.base_score <= 100, f"its score is {tool.base_score}"),
        (tool.approvals_needed not in (1, 2), f"it needs {tool.approvals_needed} approvals"),
        (
            not 1 <= tool.timeout_seconds <= LONGEST_CALL,
            f"its calls may take {tool.timeout_seconds} s, and at most {LONGEST_CALL} s make sense",
        ),
    ]
    for is_wrong, why in wrong:
        if is_wrong:
            raise BadTool(f"The tool '{tool.name}' is wrong: {why}.")
