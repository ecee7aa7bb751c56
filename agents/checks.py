"""What must hold of tools, teams and prices before anything starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from agents.domain import prices
from agents.queries import rosters, skills, tools
from forecastlab.accounts.domain.roles import VERBS
from forecastlab.lib.contributions import AgentTool

# Those that every session may end with, and whether they do end it.
TYPED = {"mark_escalated": True, "mark_resolved": True, "submit_hypothesis": False}
INJECTED = frozenset(
    {"actor", "dataset", "environment", "operation_id", "requester", "session", "workspace"}
)


def check(**_kwargs: Any) -> list[CheckMessage]:
    return [
        *problems(tools.contributed()),
        *problems_of_teams(),
        *problems_of_prices(),
        *problems_of_skills(),
    ]


def problems(found: Sequence[tuple[str, AgentTool]]) -> list[CheckMessage]:
    """Name the tools that are declared in a way that makes no sense, and those that are missing."""
    counts = Counter(tool.name for _app, tool in found)
    ends = {tool.name: tool.terminal for _app, tool in found}
    missing = [name for name, terminal in TYPED.items() if ends.get(name) is not terminal]
    return [
        *[
            _error(f"The tool '{name}' is contributed {count} times.", "E001")
            for name, count in sorted(counts.items())
            if count > 1
        ],
        *[
            _error(f"The tool '{tool.name}' of {app} is wrong: {why}.", "E002")
            for app, tool in found
            for why in _wrong(tool)
        ],
        *[
            _error(f"There is no tool '{name}' that ends a session as it should.", "E003")
            for name in missing
        ],
    ]


def problems_of_teams() -> list[CheckMessage]:
    """Say what is wrong with the roster: it is empty, or an entry makes no sense."""
    hint = "Set FORECASTLAB_TEAMS to entries of the form team:group, separated by commas."
    try:
        known = rosters.teams()
    except ValueError as error:
        return [Error(str(error), hint=hint, id="agents.E004")]
    if not known:
        return [Error("There is no team to hand work to.", hint=hint, id="agents.E004")]
    return []


def problems_of_prices() -> list[CheckMessage]:
    """Say what is wrong with the price table of models."""
    try:
        prices.read(settings.AGENT_PRICES)
    except (prices.BadPrices, AttributeError) as error:
        hint = 'Set FORECASTLAB_AGENT_PRICES as {"model": ["2.50", "10"]}.'
        return [Error(str(error), hint=hint, id="agents.E005")]
    return []


def problems_of_skills() -> list[CheckMessage]:
    """Name the skills that may ask for tools which nobody contributes."""
    return [_error(said, "E006") for said in skills.unknown_tools()]


def _wrong(tool: AgentTool) -> Iterator[str]:
    if tool.verb not in VERBS:
        yield f"no role holds the verb '{tool.verb}'"
    if not 0 <= tool.inline_threshold <= tool.auto_threshold <= 100:
        yield f"its thresholds are {tool.inline_threshold} and {tool.auto_threshold}"
    fields = tool.arguments.model_fields
    if tool.arguments.model_config.get("extra") != "forbid":
        yield "its arguments do not refuse those they do not know"
    if injected := sorted(INJECTED & set(fields)):
        yield f"only the server knows the arguments {', '.join(injected)}"
    if unknown := sorted(set(tool.sensitive) - set(fields)):
        yield f"it hides arguments that it does not have: {', '.join(unknown)}"
    if untold := sorted(name for name, field in fields.items() if not field.description):
        yield f"nothing is said about the arguments {', '.join(untold)}"


def _error(message: str, number: str) -> Error:
    return Error(message, hint="Look at the agent_tools.py of the apps.", id=f"agents.{number}")
