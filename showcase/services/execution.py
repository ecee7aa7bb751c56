"""How the job of a run executes the pipeline's rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from forecastlab.lib.contributions import JobStepPlan, Json, Skipped, StepContext, StepResult
from showcase.domain import pipeline as order
from showcase.domain.pipeline import Row
from showcase.models import Run, StepRun
from showcase.queries import pipeline

Runner = Callable[[StepContext], StepResult]


def steps(config: Json) -> list[JobStepPlan]:
    """Plan the job of a run with this config."""
    rows = pipeline.planned(config)
    return [_plan(row, rows, config) for row in rows]


def _plan(row: Row, rows: Sequence[Row], config: Json) -> JobStepPlan:
    plan = row.step.plan
    if not config["keep_going"]:
        return plan
    return replace(plan, run=_needing(plan.run, order.needs(plan.name, rows)))


def _needing(run: Runner, needed: set[str]) -> Runner:
    """Let a run that keeps going skip only what needs a step that failed."""

    def guarded(context: StepContext) -> StepResult:
        failed = StepRun.objects.filter(
            run=context.params["run"], name__in=needed, outcome=StepRun.Outcome.FAIL
        )
        names = ", ".join(failed.in_order().values_list("name", flat=True))
        return Skipped(f"Needs {names}, which failed.") if names else run(context)

    return guarded


def topic(params: Json) -> str:
    return f"run.{params['run']}"


def can_see(user: Any, params: Json) -> bool:
    return Run.objects.visible_to(user).filter(pk=params["run"]).exists()
