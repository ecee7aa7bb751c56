"""What of the pipeline the clock may start."""

from __future__ import annotations

from forecastlab.lib.contributions import ScheduleKind
from showcase.services import scheduled

SHOWCASE_RUN = ScheduleKind(
    name="showcase_run",
    title="Run of the pipeline",
    verb="run.start",
    check=scheduled.check,
    start=scheduled.start,
)
