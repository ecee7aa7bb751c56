"""The pipeline's rows about documents: they tell of the installation, not of the sales."""

from __future__ import annotations

from forecastlab.knowledge.services import run_steps
from forecastlab.lib.contributions import PipelineStep

PROBE = PipelineStep(
    name=run_steps.PROBE,
    phase="knowledge",
    title="Ask the provider of embeddings",
    run=run_steps.probe,
    after=("multi_plan_compare?", "batch_preset?", "register?"),
    before=("verify?",),
    tables=("long",),
    drawing="knowledge/_step_probe.html",
    weight=0.2,
    lease_seconds=120,
    repeats=False,
)
INDEX = PipelineStep(
    name=run_steps.INDEX,
    phase="knowledge",
    title="Index the documents",
    run=run_steps.index,
    after=(run_steps.PROBE,),
    before=("verify?",),
    tables=("long",),
    drawing="knowledge/_step_index.html",
    weight=1,
    lease_seconds=300,
    repeats=False,
)
RETRIEVE = PipelineStep(
    name=run_steps.RETRIEVE,
    phase="knowledge",
    title="Find an answer with its source",
    run=run_steps.retrieve,
    after=(run_steps.INDEX,),
    before=("verify?",),
    tables=("long",),
    drawing="knowledge/_step_retrieve.html",
    weight=0.2,
    lease_seconds=120,
    repeats=False,
)
