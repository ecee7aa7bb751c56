"""What the form of a plan offers."""

from __future__ import annotations

from dataclasses import dataclass

from forecastlab.accounts.models import User
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.forecasting.queries import labels
from forecastlab.forecasting.queries.panels import SIGNALS
from forecastlab.forecasting.queries.series_list import with_forecasts
from forecastlab.planning.queries import horizons
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.models import DatasetVersion

RELATED = ("version__dataset", "backtest", "model_run")
# Prices have an assumption of their own; holidays too.
NO_OFFERS = {"price", "holiday", "discount"}


@dataclass(frozen=True, slots=True)
class Offered:
    """The datasets that have forecasts; periods and signals of the chosen one's newest forecast."""

    datasets: list[str]
    issue: ForecastIssue | None
    periods: list[tuple[str, str]]
    signals: list[str]


def offered(viewer: User, dataset: str) -> Offered:
    datasets = with_forecasts(viewer)
    chosen = dataset or (datasets[0] if len(datasets) == 1 else "")
    issue = newest_issue(viewer, chosen) if chosen in datasets else None
    if issue is None:
        return Offered(datasets, None, [], [])
    calendar = issue.version.calendar
    numbers = range(issue.origin + 1, issue.origin + 1 + issue.horizon)
    periods = [(calendar.label(one), labels.period(calendar, one)) for one in numbers]
    return Offered(datasets, issue, periods, signals(issue.version))


def newest_issue(viewer: User, dataset: str) -> ForecastIssue | None:
    """Return the newest forecast that serves of a dataset, if the viewer may see one."""
    mine = ForecastIssue.objects.serving().visible_to(viewer).filter(version__dataset__name=dataset)
    found: ForecastIssue | None = mine.select_related(*RELATED).newest().first()
    return found


def find_issue(viewer: User, dataset: str) -> ForecastIssue:
    """Return the same; raises NoForecasts, or NoSuchDataset for one that is not there."""
    found = newest_issue(viewer, warehouse.resolve(dataset, viewer).dataset.name)
    if found is None:
        raise horizons.missing(dataset)
    return found


def signals(version: DatasetVersion) -> list[str]:
    """Return the signals known ahead that a promotion may be told by."""
    own = version.profile.get("columns", [])
    told = version.signals.filter(known=True).order_by("position").values_list("name", flat=True)
    named = [one for one in own if SIGNALS.get(one)]
    return [one for one in (*named, *told) if one not in NO_OFFERS]
