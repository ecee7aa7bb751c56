"""Simulating a dataset: drawn on disk, then loaded as an import is."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.lib.contributions import Done, StepContext
from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.domain.simulator import size
from forecastlab.warehouse.domain.simulator.config import Config
from forecastlab.warehouse.domain.simulator.size import Size
from forecastlab.warehouse.gateways import drawing
from forecastlab.warehouse.gateways.workplace import Workplace
from forecastlab.warehouse.models import DatasetVersion, ImportReport
from forecastlab.warehouse.services import describing, imports, loading, merging, reports
from forecastlab.warehouse.services.loading import Load

KIND = "simulate"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks to simulate, as it was given; `as_of` left out is today in UTC."""

    preset: str = configs.DEFAULT_PRESET
    seed: int = configs.DEFAULT_SEED
    as_of: date | None = None
    knobs: Mapping[str, Any] = field(default_factory=dict)
    enabled: Sequence[str] = ()

    def config(self, at: datetime) -> Config:
        """Freeze it; raise SimulationUnusable."""
        return configs.build(
            self.preset,
            seed=self.seed,
            as_of=self.as_of or at.astimezone(UTC).date(),
            knobs=self.knobs,
            enabled=self.enabled,
        )


def preview(name: str, config: Config, *, by: User) -> Size:
    """Say how much would be drawn; writes nothing.

    Raises NameUnusable or NameTaken, or SimulationUnusable when nothing would be sold.
    """
    name = imports.check_name(name, by=by)
    return size.of(config)


def start(name: str, config: Config, *, by: User, at: datetime) -> Job:
    """Start the job that draws and loads a dataset. Raises what `preview` raises."""
    preview(name, config, by=by)
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
            describing.describe(version.dataset, config)
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
        describing.describe(version.dataset, config)
        notes = [] if made else [reports.unchanged(version).as_json()]
        return reports.of_version(
            context, version, made=made, file_name=f"simulation {config.preset}", notes=notes
        )


def _load(name: str, config: Config, context: StepContext) -> Load:
    by = loading.actor(context)
    stored = {"simulate": config.as_json()}
    return Load(name, by, context.now, DatasetVersion.Source.SIMULATION, stored)
