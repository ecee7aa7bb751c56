from __future__ import annotations

from collections.abc import Sequence

from forecastlab.lib.contributions import JobKind, JobStepPlan, Json
from forecastlab.warehouse.services import space
from forecastlab.warehouse.services.space import Step
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
    over=execution.over,
)


def _step(name: str, run: Step, title: str, weight: float) -> JobStepPlan:
    return JobStepPlan(name, run, title, weight, 300, 3600)


def _export_steps(params: Json) -> Sequence[JobStepPlan]:
    at_bench = workbench.guarded
    return (
        _step("gather", at_bench(export_steps.gather), "Write down the story", 1),
        _step("tables", at_bench(export_steps.tabulate), "Write the tables", 3),
        _step("pack", at_bench(export_steps.pack), "Pack and sign", 3),
        _step("check", at_bench(export_steps.check), "Read it again", 2),
    )


EXPORT = JobKind(
    name=exporting.KIND,
    title="Export",
    steps=_export_steps,
    compensate=export_steps.clear,
    can_see=exporting.can_see,
    about=exporting.about,
    address=exporting.address,
    over=exporting.over,
)


def _import_steps(params: Json) -> Sequence[JobStepPlan]:
    return (
        _step("check", space.guarded(import_steps.check), "Read all of it", 3),
        _step("sales", space.guarded(import_steps.sales), "Lay out the sales", 3),
        _step("load", space.guarded(import_steps.load), "Make the rows", 2),
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
