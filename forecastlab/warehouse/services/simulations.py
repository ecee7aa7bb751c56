"""Simulating a dataset: drawn on disk, then loaded as an import is."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.lib.contributions import Done, StepContext
from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.gateways import drawing
from forecastlab.warehouse.gateways.workplace import Workplace
from forecastlab.warehouse.models import DatasetVersion, ImportReport
from forecastlab.warehouse.services import imports, loading, merging, reports
from forecastlab.warehouse.services.loading import Load

KIND = "simulate"


def build(
    preset: str,
    *,
    seed: int,
    as_of: date,
    knobs: Mapping[str, Any] | None = None,
) -> Config:
    """Return the frozen config of a simulation; raise SimulationUnusable."""
    return configs.build(preset, seed=seed, as_of=as_of, knobs=knobs)


def start(name: str, config: Config, *, by: User, at: datetime) -> Job:
    """Start the job that draws and loads a dataset. Raises NameUnusable or NameTaken."""
    imports.check_name(name, by=by)
    params = {"dataset": name, "simulate": config.as_json(), "upload": secrets.token_hex(16)}
    return jobs.create(KIND, params=params, by=by, at=at, exclusive=f"dataset:{name}")


def simulate(name: str, config: Config, context: StepContext) -> DatasetVersion:
    """Draw and load within one step of somebody else's job; repeating makes no second version."""
    place = Workplace(f"{context.job_id:016x}{'0' * 16}")
    try:
        drawing.draw(config, place, lambda done: context.report(0.6 * done, "Drawing sales"))
        wanted = _load(name, config, context)
        merging.prepare(place, wanted, context.report)
        with context.fenced():
            version, _made = loading.load(place, wanted, context.report)
            return version
    finally:
        place.discard()


# -- the steps of the job ----------------------------------------------------------------------


def generate(context: StepContext) -> Done:
    """Draw the sales onto disk."""
    config = configs.from_json(context.params["simulate"])
    place = Workplace(context.params["upload"])
    staged = drawing.draw(config, place, context.report)
    return Done(f"{staged.rows:,} rows of {staged.series:,} series drawn")


def load(context: StepContext) -> Done:
    """Make the version. Once it is made, a second run of this step finds it."""
    report = ImportReport.objects.filter(job_id=context.job_id).first()
    place = Workplace(context.params["upload"])
    if report is None:
        report = _loaded(context, place)
    place.discard()
    return Done(reports.sentence(report), report.figures, warn=report.verdict == "unchanged")


def _loaded(context: StepContext, place: Workplace) -> ImportReport:
    config = configs.from_json(context.params["simulate"])
    wanted = _load(context.params["dataset"], config, context)
    merging.prepare(place, wanted, context.report)
    with context.fenced():
        version, made = loading.load(place, wanted, context.report)
        notes = [] if made else [reports.unchanged(version).as_json()]
        return reports.of_version(
            context, version, made=made, file_name=f"simulation {config.preset}", notes=notes
        )


def _load(name: str, config: Config, context: StepContext) -> Load:
    by = loading.actor(context)
    stored = {"simulate": config.as_json()}
    return Load(name, by, context.now, DatasetVersion.Source.SIMULATION, stored)
