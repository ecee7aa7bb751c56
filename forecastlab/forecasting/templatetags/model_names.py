from __future__ import annotations

from django import template

from forecastlab.forecasting.domain import config

register = template.Library()


@register.filter
def model_title(name: str) -> str:
    """{{ "ses_weekday"|model_title }} gives SES × weekday."""
    return config.title_of(name)
