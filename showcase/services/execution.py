"""How the job of a run executes the pipeline's rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.lib.contributions import (
    JobStepPlan,
    Json,
    Limits,
    Skipped,
    StepContext,
    StepResult,
)
from showcase.domain import pipeline as order
from showcase.domain.pipeline import Row
from showcase.models import Run, StepRun
from showcase.queries import pipeline
from showcase.services import reusing

Runner = Callable[[StepContext], StepResult]


def steps(config: Json) -> list[JobStepPlan]:
    """Plan the job of a run with this config."""
    rows = pipeline.planned(config)
    return [_plan(row, rows, config) for row in rows]


def _plan(row: Row, rows: Sequence[Row], config: Json) -> JobStepPlan:
    plan = replace(row.step.plan, run=reusing.sparing(row, rows))
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


def limits(config: Json) -> Limits:
    """Return the times that this run was given, and the way out when one is over."""
    step, run = config.get("step_timeout"), config.get("run_timeout")
    given = [name for name in ("step_timeout", "run_timeout") if config.get(name)]
    if not given:
        return Limits()
    hint = _(
        "Go on from here, which starts the clock anew, or start a run with a longer %(options)s."
    ) % {"options": _(" or ").join(given)}
    return Limits(step, run, hint)


def topic(params: Json) -> str:
    return f"run.{params['run']}"


def can_see(user: Any, params: Json) -> bool:
    return Run.objects.visible_to(user).filter(pk=params["run"]).exists()


def over(params: Json) -> str:
    found = Run.objects.filter(pk=params["run"]).values_list("dataset__name", flat=True)
    return found.first() or ""
