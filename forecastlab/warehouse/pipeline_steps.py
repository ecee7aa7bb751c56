"""The rows of the pipeline that are about the sales themselves."""

from __future__ import annotations

from forecastlab.lib.contributions import PipelineStep
from forecastlab.warehouse.services import enrichment, profiles, resetting, space

RESET = PipelineStep(
    name="reset",
    phase="data",
    title="Remove earlier sales",
    run=resetting.reset,
    before=("seed",),
    weight=0.1,
    repeats=False,
    drawing="warehouse/_step_reset.html",
)
SEED = PipelineStep(
    name="seed",
    phase="data",
    title="Simulate the sales",
    run=space.guarded(profiles.seed),
    drawing="warehouse/_step_seed.html",
    lease_seconds=120,
)
STATUS = PipelineStep(
    name="status",
    phase="data",
    title="Look at the sales",
    run=profiles.status,
    after=("seed",),
    weight=0.2,
    lease_seconds=120,
    evidence=("rows", "series", "periods", "focus"),
    drawing="warehouse/_step_status.html",
)
ENRICHMENT = PipelineStep(
    name="phase2_enrichment",
    phase="data",
    title="Count what is beside the sales",
    run=enrichment.tell,
    after=("status", "features?"),
    before=("historical_backfill?", "train?"),
    tables=("long",),
    weight=0.3,
    lease_seconds=120,
    drawing="warehouse/_step_enrichment.html",
)
