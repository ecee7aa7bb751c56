"""The rows of the pipeline that are about the sales themselves."""

from __future__ import annotations

from forecastlab.lib.contributions import PipelineStep
from forecastlab.warehouse.services import profiles, space

SEED = PipelineStep(
    name="seed",
    phase="data",
    title="Simulate the sales",
    run=space.guarded(profiles.seed),
    lease_seconds=120,
)
STATUS = PipelineStep(
    name="status",
    phase="data",
    title="Look at the sales",
    run=profiles.status,
    after=("seed",),
    weight=0.2,
    drawing="warehouse/_step_status.html",
)
