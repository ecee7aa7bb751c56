from __future__ import annotations

from collections.abc import Callable, Sequence

from forecastlab.lib.contributions import JobKind, JobStepPlan, Json, StepContext, StepResult
from forecastlab.warehouse.services import space
from showcase.services import (
    execution,
    export_steps,
    exporting,
    import_steps,
    importing,
    mirroring,
    runs,
    workbench,
)

RUN = JobKind(
    name=runs.KIND,
    title="Run",
    steps=execution.steps,
    limits=execution.limits,
    observe=mirroring.observe,
    topic=execution.topic,
    can_see=execution.can_see,
)


def _step(
    name: str, run: Callable[[StepContext], StepResult], title: str, weight: float
) -> JobStepPlan:
    return JobStepPlan(name, workbench.guarded(run), title, weight, 120, 3600)


def _export_steps(params: Json) -> Sequence[JobStepPlan]:
    return (
        _step("gather", export_steps.gather, "Write down the story", 1),
        _step("tables", export_steps.tabulate, "Write the tables", 3),
        _step("pack", export_steps.pack, "Pack and sign", 3),
        _step("check", export_steps.check, "Read it again", 2),
    )


EXPORT = JobKind(
    name=exporting.KIND,
    title="Export",
    steps=_export_steps,
    compensate=export_steps.clear,
    can_see=exporting.can_see,
    about=exporting.about,
    address=exporting.address,
)


def _import_step(
    name: str, run: Callable[[StepContext], StepResult], title: str, weight: float
) -> JobStepPlan:
    return JobStepPlan(name, space.guarded(run), title, weight, 300, 3600)


def _import_steps(params: Json) -> Sequence[JobStepPlan]:
    return (
        _import_step("check", import_steps.check, "Read all of it", 3),
        _import_step("sales", import_steps.sales, "Lay out the sales", 3),
        _import_step("load", import_steps.load, "Make the rows", 2),
    )


# Only who uploaded the bundle follows its import.
IMPORT = JobKind(
    name=importing.KIND,
    title="Import of a bundle",
    steps=_import_steps,
    compensate=import_steps.undo,
    about=importing.about,
    address=importing.address,
)
