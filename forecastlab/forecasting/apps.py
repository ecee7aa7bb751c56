from __future__ import annotations

from django.apps import AppConfig


class ForecastingConfig(AppConfig):
    name = "forecastlab.forecasting"
    label = "forecasting"
    default_auto_field = "django.db.models.BigAutoField"
