"""The rows of a run that let agents work: the last ones before it is cleared up."""

from __future__ import annotations

from agents.services import run_steps
from forecastlab.lib.contributions import PipelineStep

LOOK = PipelineStep(
    name=run_steps.LOOK,
    phase="agents",
    title="Let an agent look",
    run=run_steps.look,
    drawing="agents/_step_session.html",
    after=("verify?",),
    tables=("short",),
    weight=0.5,
    repeats=False,
)
PLAN = PipelineStep(
    name=run_steps.PLAN,
    phase="agents",
    title="Let an agent propose, and a person decide",
    run=run_steps.plan,
    drawing="agents/_step_session.html",
    after=("verify?",),
    tables=("long",),
    weight=0.5,
    repeats=False,
)
