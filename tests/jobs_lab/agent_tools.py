"""Tools whose effects are lines of a file, and the skill that may ask for them."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field

from agents.domain.skills import ENDING, Skill
from forecastlab.lib.contributions import ToolContext, ToolResult
from forecastlab.lib.errors import Conflict
from forecastlab.lib.tools import Arguments, agent_tool

NOTES = "LAB_EFFECTS"


class Noted(Arguments):
    text: str = Field(max_length=200, description="What is written down.")


def _write(context: ToolContext, asked: Noted) -> ToolResult:
    """Append a line, each time anew: whoever does it twice is found out."""
    with Path(os.environ[NOTES]).open("a") as notes:
        notes.write(f"{context.session} {asked.text}\n")
    return ToolResult({"text": asked.text}, f"Wrote {asked.text}")


@agent_tool(
    "lab_write",
    arguments=Noted,
    verb="agent.start",
    risk="medium",
    title=lambda asked: f"Write {asked.text}",
)
def lab_write(context: ToolContext, asked: Noted) -> ToolResult:
    """Write a line, once a person agrees."""
    return _write(context, asked)


@agent_tool("lab_jot", arguments=Noted, verb="agent.start", risk="low")
def lab_jot(context: ToolContext, asked: Noted) -> ToolResult:
    """Write a line without asking anybody."""
    return _write(context, asked)


@agent_tool("lab_look", arguments=Noted, verb="agent.start", has_effect=False)
def lab_look(context: ToolContext, asked: Noted) -> ToolResult:
    """Look at something; it changes nothing."""
    return ToolResult({"saw": asked.text}, f"Saw {asked.text}")


@agent_tool("lab_fail", arguments=Noted, verb="agent.start", risk="low")
def lab_fail(context: ToolContext, asked: Noted) -> ToolResult:
    """Fail for a reason that is told."""
    raise Conflict("The oven is cold, password=swordfish9.", hint="Light it.")


TOOLS = (lab_write, lab_jot, lab_look, lab_fail)
LAB = Skill(
    name="lab",
    title="Laboratory",
    about="Writes lines.",
    instruction="Write what you are told to.",
    tools=(*[one.name for one in TOOLS], *ENDING),
    needs_dataset=False,
    most_turns=6,
)
