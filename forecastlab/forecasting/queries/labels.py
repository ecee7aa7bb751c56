"""How periods and numbers of forecasts are written for readers."""

from __future__ import annotations

from django.utils.dateformat import format as dated
from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.defaults import BY_FREQUENCY
from forecastlab.forecasting.domain.metrics import PERCENTAGES
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.lib import figures
from forecastlab.warehouse.domain.periods import Calendar

FORMATS = {
    "H": "D j M, H:i",
    "D": "D j M",
    "W": "j M Y",
    "M": "M Y",
    "Q": "M Y",
    "Y": "Y",
}


def period(calendar: Calendar, t: int) -> str:
    """Return "Fri 20 Nov" for a day, and what fits for other frequencies; else the number."""
    moment = calendar.start(t)
    if moment is None:
        return calendar.label(t)
    return dated(moment, FORMATS[calendar.frequency.value])


def ahead(issue: ForecastIssue) -> str:
    """Return how far ahead an issue forecasts, such as "14 days"."""
    return f"{issue.horizon} {BY_FREQUENCY[issue.version.frequency].noun}"


def share(percent: float | None) -> float | None:
    """Return a percentage as the share that `figures.percent` writes."""
    return None if percent is None else percent / 100


def quantity(value: float | None) -> str:
    """Write units whole, and small numbers with a place more: 0.4 units a day is no 0."""
    if value is None:
        return figures.UNKNOWN
    return figures.number(value, 1 if 0 < abs(value) < 10 else 0)


def span(low: float | None, high: float | None) -> str:
    """Return "48 – 67", both ends with as many places as the upper one needs."""
    if low is None or high is None:
        return figures.UNKNOWN
    places = 1 if abs(high) < 10 else 0
    return f"{figures.number(low, places)} – {figures.number(high, places)}"


def metric_title(metric: str) -> str:
    return {"smape": "sMAPE", "bias": _("Bias")}.get(metric, metric.upper())


def measured(value: float | None, metric: str) -> str:
    """Write a value of a metric: 29.8 % or 0.91."""
    if metric in PERCENTAGES:
        return figures.percent(share(value))
    return figures.number(value, 2)
