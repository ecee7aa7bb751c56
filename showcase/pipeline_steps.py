"""The rows that hold the others: the first and the last."""

from __future__ import annotations

from forecastlab.lib.contributions import PipelineStep
from showcase.services import rows

PRECHECK = PipelineStep(
    name="precheck",
    phase="data",
    title="Check the installation",
    run=rows.precheck,
    before=("*",),
    weight=0.1,
    repeats=False,
)
CLEANUP = PipelineStep(
    name="cleanup",
    phase="cleanup",
    title="Clear up",
    run=rows.cleanup,
    after=("*",),
    drawing="showcase/_step_cleanup.html",
    weight=0.1,
    always=True,
    repeats=False,
)
