"""What of agents the clock may start."""

from __future__ import annotations

from agents.services import scheduled
from forecastlab.lib.contributions import ScheduleKind

AGENT_SESSION = ScheduleKind(
    name="agent_session",
    title="Session of an agent",
    verb="agent.start",
    check=scheduled.check,
    start=scheduled.start,
)
