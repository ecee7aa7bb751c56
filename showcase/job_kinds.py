from __future__ import annotations

from forecastlab.lib.contributions import JobKind
from showcase.services import execution, mirroring, runs

RUN = JobKind(
    name=runs.KIND,
    title="Run",
    steps=execution.steps,
    limits=execution.limits,
    observe=mirroring.observe,
    topic=execution.topic,
    can_see=execution.can_see,
)
