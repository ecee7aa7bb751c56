"""The forecast job: judged first where nothing serves yet, else by the alias' verdict."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import serving as servings
from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.models import Alias, ForecastIssue, ModelRun
from forecastlab.forecasting.services import configs, issues, promotion, registry, trained
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs
from forecastlab.lib import figures
from forecastlab.lib.contributions import Done, StepContext
from forecastlab.lib.errors import BadInput, NotFound
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import versions

KIND = "forecast"
LONGEST = 1_000


class NoSuchAlias(NotFound):
    """There is no such alias."""

    code = "no_such_alias"


def start(
    version: DatasetVersion,
    *,
    horizon: int | None,
    alias: str,
    by: User,
    at: datetime,
    key: str | None = None,
) -> Job:
    """Start issuing forecasts of every series.

    With an alias its champions are used; without one, those of the dataset's own alias, which a
    first forecast makes after judging. With the same `key` again it is the job that there is.
    Raises BadInput, NoSuchAlias for one that is named, or
    versions.VersionGone for a version that is deleted at the same time.
    """
    if horizon is not None and not 0 < horizon <= LONGEST:
        raise BadInput(
            f"{horizon} is no horizon: give a whole number from 1 to {LONGEST}.", field="horizon"
        )
    found = serving(version, alias, by)
    params: dict[str, Any] = {
        "dataset": version.dataset.name,
        "version": version.pk,
        "alias": alias or registry.default_alias(version.dataset.name),
    }
    params |= _by_alias(found, version, horizon) if found else _judged(version, horizon)
    with transaction.atomic():
        versions.keep(version.dataset, version)
        return jobs.create(KIND, params=params, by=by, at=at, key=key)


def serving(version: DatasetVersion, alias: str, by: User) -> ModelRun | None:
    """Return the model run whose champions forecasts are issued by; None where none serves yet."""
    name = alias or registry.default_alias(version.dataset.name)
    mine = Alias.objects.visible_to(by).filter(dataset=version.dataset)
    found = mine.filter(name=name).select_related("model_run__backtest").first()
    if found is None and alias:
        names = ", ".join(mine.order_by("name").values_list("name", flat=True))
        raise NoSuchAlias(
            f"'{version.dataset.name}' has no alias '{alias}'.",
            hint=f"It has: {names}." if names else "Leave the alias out to judge first.",
            field="alias",
        )
    return promotion.serving(found) if found else None


def _by_alias(run: ModelRun, version: DatasetVersion, horizon: int | None) -> dict[str, Any]:
    config = run.backtest.config
    if config["frequency"] != version.frequency:
        raise BadInput("The alias was judged at another frequency.", field="alias")
    serving = {"model_run": run.pk, "digest": run.backtest.serving, "config": config}
    return {"horizon": horizon or config["horizon"], "serving": serving}


def _judged(version: DatasetVersion, horizon: int | None) -> dict[str, Any]:
    usual = version.held_back or BY_FREQUENCY[version.frequency].horizon
    options = {"horizon": horizon or usual}
    configs.checked(version, options)
    return options


def issue(context: StepContext) -> Done:
    """Issue forecasts by an earlier verdict. Once that is done, a repetition finds it."""
    made = issues.of_job(context) or _issue(context)
    detail = _("Forecasts of %(series)s series are stored") % {
        "series": figures.number(made.series_count)
    }
    return Done(detail + issues.note(made), registry.data_of(made))


def _issue(context: StepContext) -> ForecastIssue:
    wanted: Mapping[str, Any] = context.params["serving"]
    version = versions.version_of(context)
    run = ModelRun.objects.get(pk=wanted["model_run"])
    serving = servings.unpack(gateways.get_arrays(wanted["digest"]))
    aligned = serving.aligned(trained.series(context))
    prepared = issues.prepare(context, version, aligned, trained.Final(context).forecasts)
    with context.fenced():
        return issues.keep(prepared, run)


def of_job(job: Job) -> ForecastIssue:
    """Return what a job has issued."""
    found: ForecastIssue = ForecastIssue.objects.select_related("version__dataset").get(
        key=f"job.{job.pk}"
    )
    return found
