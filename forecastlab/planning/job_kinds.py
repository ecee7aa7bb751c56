"""Computing large plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forecastlab.lib.contributions import JobKind, JobStepPlan, Json
from forecastlab.planning.services import plan_jobs, plans
from forecastlab.warehouse import queries as warehouse

COMPUTE = JobStepPlan("compute", plan_jobs.compute, "Compute the plan", lease_seconds=600)


def _plan(params: Json) -> Sequence[JobStepPlan]:
    return (COMPUTE,)


def _topic(params: Json) -> str:
    return f"plan.{params['plan']}"


def _can_see(user: Any, params: Json) -> bool:
    return warehouse.may_see(str(params["dataset"]), user)


def _over(params: Json) -> str:
    return warehouse.called_now(str(params["dataset"]))


plan_job = JobKind(
    name=plans.KIND,
    title="Plan",
    steps=_plan,
    observe=plan_jobs.follow,
    topic=_topic,
    can_see=_can_see,
    about=plan_jobs.about,
    address=plan_jobs.address,
    over=_over,
)
