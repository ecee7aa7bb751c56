from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from forecastlab.jobs.queries import kinds, schedule_kinds


class JobsConfig(AppConfig):
    name = "forecastlab.jobs"
    label = "jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        checks.register(kinds.check)
        checks.register(schedule_kinds.check)
