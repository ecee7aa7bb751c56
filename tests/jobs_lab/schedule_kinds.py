"""Something for the clock to start that knows no key: started twice, it is there twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from forecastlab.jobs.services import jobs
from forecastlab.lib.contributions import DueTime, Json, ScheduleKind, Started
from forecastlab.lib.errors import BadInput, Conflict


def _check(params: Json, _by: Any, _at: datetime) -> None:
    if params.get("dough") == "stone":
        raise BadInput("Nobody bakes stone.", field="dough")


def _start(due: DueTime) -> Started:
    job = jobs.create("lab", params={"steps": ["one"]}, by=due.by, at=due.at)
    if due.params.get("oven") == "cold":
        raise Conflict("The oven is cold.")
    if due.params.get("oven") == "broken":
        raise ZeroDivisionError
    if due.params.get("oven") == "unreachable":
        raise jobs.BrokerDown
    return Started(f"job {job.pk}", job.get_absolute_url(), "Fresh.")


BAKE = ScheduleKind("bake", "Something for the tests", "run.start", _check, _start)
