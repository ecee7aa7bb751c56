"""The pipeline's rows of planning."""

from __future__ import annotations

from forecastlab.lib.contributions import PipelineStep
from forecastlab.planning.services import steps

SIMULATE = PipelineStep(
    name=steps.SIMULATE,
    phase="planning",
    title="Plan a price cut",
    run=steps.simulate,
    drawing="planning/_step_simulate.html",
    after=("batch_preset?", "register?"),
    before=("verify?",),
    tables=("long",),
    weight=1,
    lease_seconds=600,
    evidence=("method", "units_delta", "revenue_delta", "margin_delta", "result_hash"),
)
COMPARE = PipelineStep(
    name=steps.COMPARE,
    phase="planning",
    title="Compare plans",
    run=steps.compare,
    drawing="planning/_step_compare.html",
    after=(steps.SIMULATE,),
    before=("verify?",),
    tables=("long",),
    weight=0.5,
    lease_seconds=600,
    evidence=("winner_name", "ranked_by", "ranking", "result_hash"),
)
