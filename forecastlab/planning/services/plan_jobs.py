"""The job that computes a large plan, and the plan that follows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from forecastlab.lib import figures
from forecastlab.lib.contributions import (
    Done,
    Gone,
    JobChange,
    Json,
    NewEvent,
    StepContext,
)
from forecastlab.lib.moves import after, sources
from forecastlab.planning.domain import assumptions, statuses
from forecastlab.planning.models import Plan
from forecastlab.planning.services import computing, plans

RELATED = ("version__dataset", "issue__version__dataset", "issue__backtest")


def compute(context: StepContext) -> Done:
    """Compute a plan and store what came of it; a second time it finds it."""
    plan = Plan.objects.select_related(*RELATED).filter(pk=context.params["plan"]).first()
    if plan is None:
        raise _gone()
    if plan.status == Plan.Status.READY:
        return _done(plan)
    given = assumptions.again(plan.assumptions)
    computed = computing.compute(plan.issue, given, context.report)
    digest = plans.stored(computed.table)
    with context.fenced():
        plan = Plan.objects.select_for_update(of=("self",)).filter(pk=plan.pk).first()
        if plan is None:
            raise _gone()
        _fill(plan, computed, (digest, context.now))
    return _done(plan)


def follow(change: JobChange) -> Sequence[NewEvent]:
    """Let a plan follow the job that computes it."""
    plan = Plan.objects.select_for_update(of=("self",)).filter(job=change.job_id).first()
    if plan is None or plan.status not in sources(statuses.PLAN, "fail"):
        return [NewEvent(plan.stream, "plan.ready")] if plan and change.step is None else ()
    if change.step is None and change.status in ("failed", "cancelled"):
        plan.status = after(statuses.PLAN, plan.status, "fail")
        plan.problem = change.detail or _("It was stopped.")
        plan.save(update_fields=["status", "problem"])
        return [NewEvent(plan.stream, "plan.failed")]
    if change.step_status == "running" and plan.status == Plan.Status.QUEUED:
        plan.status = after(statuses.PLAN, plan.status, "start")
        plan.save(update_fields=["status"])
        return [NewEvent(plan.stream, "plan.running")]
    return ()


def about(params: Json) -> str:
    name = Plan.objects.filter(pk=params.get("plan") or 0).values_list("name", flat=True).first()
    return name or ""


def address(job_id: int) -> str:
    """Return the page of the plan that a job computes, "" for a deleted one."""
    pk = Plan.objects.filter(job=job_id).values_list("pk", flat=True).first()
    return reverse("planning:plan", args=[pk]) if pk else ""


def _gone() -> Gone:
    return Gone(_("The plan was deleted."))


def _fill(plan: Plan, computed: Any, stored: tuple[str, datetime]) -> None:
    plans.fill(plan, computed, stored[0], at=stored[1])
    plan.save()


def _done(plan: Plan) -> Done:
    told = {"plan": plan.pk, "units": plan.units, "revenue": plan.revenue}
    return Done(_("%(units)s units") % {"units": figures.signed(plan.units)}, told)
