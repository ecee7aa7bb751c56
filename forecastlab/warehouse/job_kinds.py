"""The work of the warehouse that takes a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.urls import reverse

from forecastlab.lib.contributions import JobKind, JobStepPlan, Json
from forecastlab.warehouse import queries
from forecastlab.warehouse.services import clearing, imports, previews, simulations, space


def _step(name: str, run: space.Step, title: str, weight: float) -> JobStepPlan:
    return JobStepPlan(name, space.guarded(run), title, weight, 300, 3600)


def _import_steps(params: Json) -> Sequence[JobStepPlan]:
    return (
        _step("stage", imports.stage, "Read the file", 3),
        _step("check", imports.check, "Check the rows", 4),
        _step("merge", imports.merge, "Compare with the version before", 2),
        _step("load", imports.load, "Load the version", 4),
    )


def _preview_steps(params: Json) -> Sequence[JobStepPlan]:
    return (
        _step("read", previews.read, "Read the file", 3),
        _step("check", previews.check, "Check the rows", 4),
        _step("compare", previews.compare, "Compare with the version before", 2),
    )


def _simulate_steps(params: Json) -> Sequence[JobStepPlan]:
    return (
        _step("generate", simulations.generate, "Draw the sales", 2),
        _step("load", simulations.load, "Load the version", 2),
    )


def _about(params: Json) -> str:
    return " · ".join(str(params[one]) for one in ("dataset", "file_name") if one in params)


def _address(name: str) -> Callable[[int], str]:
    return lambda job_id: reverse(name, args=[job_id])


def _can_see(user: Any, params: Json) -> bool:
    return queries.may_see(str(params["dataset"]), user)


def _over(params: Json) -> str:
    return queries.called_now(str(params["dataset"]))


import_job = JobKind(
    name=imports.KIND,
    title="Import",
    steps=_import_steps,
    compensate=clearing.undo,
    can_see=_can_see,
    about=_about,
    over=_over,
    address=_address("warehouse:import-job"),
)
# Only who uploaded the file sees what is in it.
preview_job = JobKind(
    name=previews.KIND,
    title="Preview",
    steps=_preview_steps,
    compensate=previews.clear,
    about=_about,
    address=_address("warehouse:import-preview"),
)
simulate_job = JobKind(
    name=simulations.KIND,
    title="Simulation",
    steps=_simulate_steps,
    compensate=clearing.undo,
    can_see=_can_see,
    about=_about,
    over=_over,
)
