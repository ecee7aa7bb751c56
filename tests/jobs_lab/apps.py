from __future__ import annotations

import os

from django.apps import AppConfig

from forecastlab.celery import app


class JobsLabConfig(AppConfig):
    name = "tests.jobs_lab"

    def ready(self) -> None:
        """Let the sweeper come as often as the rest of the settings here is impatient."""
        if os.environ.get("LAB_PATIENCE") != "shipped":
            app.conf.beat_schedule["sweep-jobs"]["schedule"] = 1.0
