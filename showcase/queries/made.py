"""What a run made, counted by kind, with the way there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Max
from django.urls import NoReverseMatch
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from forecastlab.forecasting.models import ForecastIssue, ModelRun
from forecastlab.warehouse.models import DatasetVersion
from showcase.models import Run


@dataclass(frozen=True, slots=True)
class Kind:
    label: str | Promise
    icon: str
    find: Callable[[str], DatasetVersion | ModelRun | ForecastIssue | None]


@dataclass(frozen=True, slots=True)
class Made:
    label: str
    icon: str
    count: int
    url: str


def _version(ref: str) -> DatasetVersion | None:
    return DatasetVersion.objects.select_related("dataset").filter(pk=ref).first()


def _model_run(ref: str) -> ModelRun | None:
    return ModelRun.objects.filter(pk=ref).first()


def _issue(ref: str) -> ForecastIssue | None:
    return ForecastIssue.objects.filter(pk=ref).first()


KINDS: Mapping[str, Kind] = {
    "dataset_version": Kind(_("Dataset version"), "database", _version),
    "model_run": Kind(_("Model runs"), "boxes", _model_run),
    "forecast_issue": Kind(_("Forecasts"), "chart-line", _issue),
}


def of(run: Run) -> list[Made]:
    """Return one line per kind that people can open, in the order of `KINDS`."""
    counted = run.made.order_by().values_list("kind").annotate(n=Count("pk"), last=Max("ref"))
    found = {kind: (count, ref) for kind, count, ref in counted}
    return [_made(kind, *found[name]) for name, kind in KINDS.items() if name in found]


def _made(kind: Kind, count: int, ref: str) -> Made:
    thing = kind.find(ref)
    if isinstance(thing, ForecastIssue):
        count = thing.series_count
    return Made(str(kind.label), kind.icon, count, _url(thing))


def _url(thing: DatasetVersion | ModelRun | ForecastIssue | None) -> str:
    try:
        return thing.get_absolute_url() if thing else ""
    except NoReverseMatch:
        return ""
