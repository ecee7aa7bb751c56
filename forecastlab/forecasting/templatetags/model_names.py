from __future__ import annotations

from collections.abc import Mapping

from django import template

from forecastlab.forecasting.domain import config
from forecastlab.forecasting.queries.labels import share
from forecastlab.lib import figures

register = template.Library()


@register.filter
def model_title(name: str) -> str:
    """{{ "ses_weekday"|model_title }} gives SES × weekday."""
    return config.title_of(name)


@register.filter
def percentage(value: float | None) -> str:
    """{{ 29.8|percentage }} gives 29.8 %: metrics are stored in percent."""
    return figures.percent(share(value))


@register.filter
def signed_percentage(value: float | None) -> str:
    return figures.signed_percent(share(value))


@register.filter
def in_points(value: float | None) -> str:
    """{{ 0.7|in_points }} gives +0.7 pt."""
    return figures.points(share(value))


@register.simple_tag
def time_bars(seconds: Mapping[str, float]) -> list[dict[str, object]]:
    """{% time_bars data.seconds as rows %}: models as bars, the one that took longest first."""
    most = max(seconds.values(), default=0.0) or 1.0
    return [
        {
            "name": config.title_of(name),
            "share": took / most,
            "value": figures.duration(took),
            "note": "",
        }
        for name, took in sorted(seconds.items(), key=lambda one: -one[1])
    ]
